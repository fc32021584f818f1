// The text cases of tests/loops/cases.
#include <gtest/gtest.h>

#include "loops/loops.hpp"
#include "loops/unroll.hpp"
#include "loops/vectorize.hpp"
#include "support/text_cases.hpp"

namespace weft::loops {
namespace {

std::string rewritten(const std::string& text, const std::function<Kernel(Kernel)>& pass) {
  auto kernel = parse(text);
  if (!kernel) return kernel.error().message;
  if (const auto before = verify(*kernel); !before) return "input: " + before.error().message;
  const Kernel result = pass(std::move(*kernel));
  if (const auto after = verify(result); !after)
    return "output: " + after.error().message + "\n" + print(result);
  return print(result);
}

std::string verified(const std::string& text) {
  const auto kernel = parse(text);
  if (!kernel) return "parse: " + kernel.error().message;
  const auto result = verify(*kernel);
  return result ? "accepted" : result.error().message;
}

std::string printed(const std::string& text) {
  const auto kernel = parse(text);
  return kernel ? print(*kernel) : kernel.error().message;
}

const weft::testing::TextFunctions kFunctions{
    {"roundtrip", printed},
    {"verify", verified},
    {"unroll", [](const std::string& text) { return rewritten(text, unroll); }},
    {"vectorize",
     [](const std::string& text) {
       return rewritten(text, [](Kernel k) { return vectorize(std::move(k), {}); });
     }},
};

TEST(LoopCases, TextInTextOut) { weft::testing::run_text_cases("tests/loops/cases", kFunctions, 20); }

}  // namespace
}  // namespace weft::loops

// The passes of targets/wasm/legalize.hpp, text in, text out: tests/targets/legalize_cases.
#include "loops/loops.hpp"
#include "support/text_cases.hpp"
#include "targets/wasm/legalize.hpp"

namespace weft::wasm {
namespace {

using loops::Kernel;

std::string with_kernel(const std::string& text, const std::function<Kernel(const Kernel&)>& pass) {
  const auto kernel = loops::parse(text);
  if (!kernel) return kernel.error().message;
  if (const auto verified = loops::verify(*kernel); !verified) return verified.error().message;
  const Kernel result = pass(*kernel);
  const auto verified = loops::verify(result);
  return verified ? loops::print(result) : verified.error().message;
}

TEST(Legalize, Cases) {
  const auto pass = [](auto function) {
    return [function](const std::string& text) { return with_kernel(text, function); };
  };
  weft::testing::run_text_cases(
      "tests/targets/legalize_cases",
      {{"casts", pass(legalize_casts)},
       {"operations", pass(legalize_operations)},
       {"division", pass(legalize_division)},
       {"sharing", pass(legalize_sharing)},
       {"scalar", pass([](const Kernel& k) { return legalize_vectors(k, {false, false}); })},
       {"simd128", pass([](const Kernel& k) { return legalize_vectors(k, {true, false}); })}},
      11);
}

}  // namespace
}  // namespace weft::wasm

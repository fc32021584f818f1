#include "plan/program.hpp"
#include "support/text_cases.hpp"

namespace weft::plan {
namespace {

template <class Function>
std::string with_program(const std::string& input, Function function) {
  const auto parsed = parse(input);
  return parsed ? function(*parsed) : to_string(parsed.error());
}

std::string verified(const Program& program) {
  const auto ok = verify(program);
  return ok ? "ok" : to_string(ok.error());
}

TEST(Plan, Cases) {
  const weft::testing::TextFunctions functions = {
      {"roundtrip", [](const std::string& text) { return with_program(text, print); }},
      {"verify", [](const std::string& text) { return with_program(text, verified); }},
      {"share",
       [](const std::string& text) {
         return with_program(text, [](Program program) { return print(share_kernels(std::move(program))); });
       }},
      {"place",
       [](const std::string& text) {
         return with_program(text, [](Program program) {
           const auto plan = place_buffers(program, 1000);
           if (!plan) return to_string(plan.error());
           EXPECT_EQ(verified(program), "ok");
           return "static " + std::to_string(plan->static_end) + " weights " +
                  std::to_string(plan->weights_bytes) + " arena " + std::to_string(plan->arena_bytes) +
                  " peak " + std::to_string(plan->peak_live_bytes) + " total " +
                  std::to_string(plan->total_bytes) + "\n" + print(program);
         });
       }},
  };
  weft::testing::run_text_cases("tests/plan/cases", functions, 15);
}

}  // namespace
}  // namespace weft::plan

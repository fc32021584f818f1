// The WGSL printer, kernels in, shaders out: tests/targets/wgsl_cases. The kernels of operations are those
// that tests/schedule/cases/default/gpu.txt expects.
#include "loops/loops.hpp"
#include "support/text_cases.hpp"
#include "targets/wgsl/module.hpp"

namespace weft::wgsl {
namespace {

std::string shader(const std::string& text) {
  const auto kernel = loops::parse(text);
  if (!kernel) return "parse: " + kernel.error().message;
  if (const auto verified = loops::verify(*kernel); !verified) return "verify: " + verified.error().message;
  const auto module = print_module({*kernel});
  if (!module) return std::string(to_string(module.error().kind)) + ": " + to_string(module.error());
  return module->text;
}

TEST(Wgsl, Cases) { weft::testing::run_text_cases("tests/targets/wgsl_cases", {{"wgsl", shader}}, 15); }

TEST(Wgsl, ModulesShareTheirHelpers) {
  const auto kernel = loops::parse(
      "kernel \"k\" { buffer x: f32[8] read_write for i in 0..8 blocks { x[i] = max(load f32 x[i], constant "
      "f32 0) } }");
  ASSERT_TRUE(kernel.has_value()) << kernel.error().message;
  const auto module = print_module({*kernel, *kernel});
  ASSERT_TRUE(module.has_value());
  const size_t first = module->text.find("fn max_f32(");
  EXPECT_NE(first, std::string::npos);
  EXPECT_EQ(module->text.find("fn max_f32(", first + 1), std::string::npos);
  EXPECT_EQ(module->text.find("fn min_f32("), std::string::npos);
  ASSERT_EQ(module->entries.size(), 2u);
  EXPECT_EQ(module->entries[1].name, "kernel1");
  EXPECT_EQ(module->entries[1].params, 3u);
}

}  // namespace
}  // namespace weft::wgsl

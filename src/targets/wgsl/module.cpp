#include "targets/wgsl/module.hpp"

#include <string_view>

#include "targets/wgsl/legalize.hpp"
#include "targets/wgsl/print_kernel.hpp"

namespace weft::wgsl {
namespace {

constexpr std::string_view kMemory = "@group(0) @binding(0) var<storage, read_write> memory: array<u32>;\n";

/// What Loop IR defines and WGSL leaves open. Each may use those after it.
struct Helper {
  std::string_view name, text;
};
constexpr Helper kHelpers[] = {
    {"min_f32",
     "// NaN if either is, -0 < +0.\n"
     "fn min_f32(a: f32, b: f32) -> f32 {\n"
     "  if is_nan(a) { return a; }\n  if is_nan(b) { return b; }\n"
     "  return select(b, a, ordered(a) < ordered(b));\n}\n"},
    {"max_f32",
     "fn max_f32(a: f32, b: f32) -> f32 {\n"
     "  if is_nan(a) { return a; }\n  if is_nan(b) { return b; }\n"
     "  return select(a, b, ordered(a) < ordered(b));\n}\n"},
    {"ordered",
     "// Integers in the order of floats.\n"
     "fn ordered(x: f32) -> i32 {\n"
     "  let bits = bitcast<i32>(x);\n  return select(bits, bits ^ 0x7fffffffi, bits < 0i);\n}\n"},
    {"f32_to_i32",
     "// Truncates and saturates; NaN gives 0.\n"
     "fn f32_to_i32(x: f32) -> i32 {\n"
     "  if is_nan(x) { return 0i; }\n  if x >= 2147483648.0f { return 2147483647i; }\n"
     "  if x < -2147483648.0f { return bitcast<i32>(0x80000000u); }\n  return i32(x);\n}\n"},
    {"f32_to_u32",
     "fn f32_to_u32(x: f32) -> u32 {\n"
     "  if is_nan(x) { return 0u; }\n  if x >= 4294967296.0f { return 4294967295u; }\n"
     "  if x <= 0.0f { return 0u; }\n  return u32(x);\n}\n"},
    {"is_nan",
     "// By bits: WGSL may take it that there are none.\n"
     "fn is_nan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }\n"},
    {"from_bits", "fn from_bits(bits: u32) -> f32 { return bitcast<f32>(bits); }\n"},
    {"div_i32",
     "fn div_i32(a: i32, b: i32) -> i32 {\n"
     "  if b == 0i { return 0i; }\n  if b == -1i { return 0i - a; }\n  return a / b;\n}\n"},
    {"div_u32", "fn div_u32(a: u32, b: u32) -> u32 {\n  if b == 0u { return 0u; }\n  return a / b;\n}\n"},
    {"rem_i32",
     "fn rem_i32(a: i32, b: i32) -> i32 {\n  if b == 0i || b == -1i { return 0i; }\n  return a % b;\n}\n"},
    {"rem_u32", "fn rem_u32(a: u32, b: u32) -> u32 {\n  if b == 0u { return 0u; }\n  return a % b;\n}\n"},
    {"floor_div",
     "// Rounds to minus infinity; divisors are positive.\n"
     "fn floor_div(a: i32, b: i32) -> i32 { return (a - floor_mod(a, b)) / b; }\n"},
    {"floor_mod",
     "fn floor_mod(a: i32, b: i32) -> i32 {\n  let r = a % b;\n  return select(r, r + b, r < 0i);\n}\n"},
};

/// The helpers that the text calls, and those that they call.
std::string helpers_of(const std::string& text) {
  std::string out;
  for (const Helper& helper : kHelpers) {
    const std::string call = std::string(helper.name) + "(";
    if (text.find(call) != std::string::npos || out.find(call) != std::string::npos) out += helper.text;
  }
  return out;
}

}  // namespace

Result<Module> print_module(const std::vector<loops::Kernel>& kernels) {
  Module module;
  std::string functions;
  for (uint32_t i = 0; i < kernels.size(); ++i) {
    WEFT_ASSIGN(legal, legalize(kernels[i]));
    functions += "\n" + print_kernel(legal, i);
    module.entries.push_back({"kernel" + std::to_string(i), params_words(legal)});
  }
  module.text = std::string(kMemory) + helpers_of(functions) + functions;
  return module;
}

}  // namespace weft::wgsl

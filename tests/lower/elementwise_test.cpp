// Every elementwise operation in every type that it takes, in the forms of broadcasting. Left out: powers of
// 8 and 16 bit integers, which lowering computes in f32 and which random operands overflow.
#include "lower/op_case.hpp"

namespace weft::testing {
namespace {

using graph::Op;

class Elementwise : public ::testing::TestWithParam<OpCase> {};
TEST_P(Elementwise, MatchesTheEvaluator) { run_case(GetParam()); }

enum class Takes : uint8_t { numbers, floats, integers, booleans, any };

struct Row {
  Op op;
  Takes takes;
  int arity;
};
constexpr Row kRows[] = {
    {Op::neg, Takes::numbers, 1},
    {Op::abs, Takes::numbers, 1},
    {Op::sign, Takes::numbers, 1},
    {Op::floor, Takes::floats, 1},
    {Op::ceil, Takes::floats, 1},
    {Op::round, Takes::floats, 1},
    {Op::sqrt, Takes::floats, 1},
    {Op::exp, Takes::floats, 1},
    {Op::log, Takes::floats, 1},
    {Op::sin, Takes::floats, 1},
    {Op::cos, Takes::floats, 1},
    {Op::erf, Takes::floats, 1},
    {Op::tanh, Takes::floats, 1},
    {Op::sigmoid, Takes::floats, 1},
    {Op::atan, Takes::floats, 1},
    {Op::bit_not, Takes::integers, 1},
    {Op::bit_and, Takes::integers, 2},
    {Op::bit_or, Takes::integers, 2},
    {Op::bit_xor, Takes::integers, 2},
    {Op::shift_left, Takes::integers, 2},
    {Op::shift_right, Takes::integers, 2},
    {Op::logical_not, Takes::booleans, 1},
    {Op::is_nan, Takes::floats, 1},
    {Op::add, Takes::numbers, 2},
    {Op::sub, Takes::numbers, 2},
    {Op::mul, Takes::numbers, 2},
    {Op::div, Takes::numbers, 2},
    {Op::mod, Takes::numbers, 2},
    {Op::pow, Takes::numbers, 2},
    {Op::minimum, Takes::numbers, 2},
    {Op::maximum, Takes::numbers, 2},
    {Op::logical_and, Takes::booleans, 2},
    {Op::logical_or, Takes::booleans, 2},
    {Op::logical_xor, Takes::booleans, 2},
    {Op::equal, Takes::any, 2},
    {Op::less, Takes::numbers, 2},
    {Op::less_equal, Takes::numbers, 2},
    {Op::select, Takes::any, 3},
};

constexpr DType kTypes[] = {DType::f32, DType::f16, DType::f64, DType::i64, DType::i32,    DType::u32,
                            DType::i16, DType::u16, DType::i8,  DType::u8,  DType::boolean};

bool takes(Takes what, DType type) {
  switch (what) {
    case Takes::numbers: return type != DType::boolean;
    case Takes::floats: return is_float(type);
    case Takes::integers: return is_integer(type);
    case Takes::booleans: return type == DType::boolean;
    case Takes::any: return true;
  }
  return false;
}

graph::Attributes attributes_of(Op op, bool truncate) {
  if (op == Op::mod) return graph::ModAttributes{truncate};
  return graph::NoAttributes{};
}

/// f64 functions are computed in f32; the rest is the evaluator's own arithmetic.
Tolerance tolerance_of(Op op, DType type) {
  const bool function = op == Op::exp || op == Op::log || op == Op::sin || op == Op::cos || op == Op::erf ||
                        op == Op::tanh || op == Op::sigmoid || op == Op::atan || op == Op::pow;
  if (function && type == DType::f64) return {1e-6, 1e-6};
  if (op == Op::mod) return {4e-6, 0};  // x - trunc(x / y) * y: three roundings
  return {};
}

/// Integer powers go through f32, exact where they are small; of float remainders, quotients must be small.
Values values_of(Op op, DType type) {
  if (op == Op::pow && !is_float(type)) return {.low = 0, .high = 1};
  return {.special = type == DType::f32 && op != Op::mod};
}

std::vector<OpCase> every_type() {
  std::vector<OpCase> cases;
  for (const Row& row : kRows) {
    for (const DType type : kTypes) {
      if (!takes(row.takes, type)) continue;
      const std::string shaped = std::string(to_string(type)) + "[3, 37]";
      std::vector<std::string> operands(static_cast<size_t>(row.arity), shaped);
      if (row.op == Op::select) operands[0] = "boolean[3, 37]";
      if (row.op == Op::pow && byte_size(type) < 4 && is_integer(type)) continue;
      cases.push_back({std::string(info(row.op).name) + "_" + std::string(to_string(type)), row.op, operands,
                       attributes_of(row.op, false), tolerance_of(row.op, type), values_of(row.op, type)});
      if (row.op == Op::mod)
        cases.push_back({"fmod_" + std::string(to_string(type)), row.op, operands,
                         attributes_of(row.op, true), tolerance_of(row.op, type)});
    }
  }
  return cases;
}
INSTANTIATE_TEST_SUITE_P(Types, Elementwise, ::testing::ValuesIn(every_type()), case_name);

std::vector<OpCase> every_cast() {
  std::vector<OpCase> cases;
  for (const DType from : kTypes)
    for (const DType to : kTypes)
      cases.push_back({std::string(to_string(from)) + "_to_" + std::string(to_string(to)),
                       Op::cast,
                       {std::string(to_string(from)) + "[5, 29]"},
                       graph::CastAttributes{to},
                       {},
                       {.low = -300, .high = 300, .special = from == DType::f32}});
  return cases;
}
INSTANTIATE_TEST_SUITE_P(Casts, Elementwise, ::testing::ValuesIn(every_cast()), case_name);

std::vector<OpCase> every_bitcast() {
  std::vector<OpCase> cases;
  for (const DType from : kTypes)
    for (const DType to : kTypes) {
      if (byte_size(from) != byte_size(to) || (to == DType::boolean) != (from == DType::boolean)) continue;
      cases.push_back({std::string(to_string(from)) + "_as_" + std::string(to_string(to)),
                       Op::bitcast,
                       {std::string(to_string(from)) + "[5, 29]"},
                       graph::CastAttributes{to}});
    }
  for (const DType to : {DType::i32, DType::i64})
    for (const int64_t axis : {0, 1})
      cases.push_back({"iota_" + std::string(to_string(to)) + std::to_string(axis),
                       Op::iota,
                       {},
                       graph::IotaAttributes{to, graph::make_shape({7, 19}), axis}});
  for (const DType to : {DType::i32, DType::i64})
    cases.push_back({"extents_" + std::string(to_string(to)),
                     Op::extents,
                     {},
                     graph::ExtentsAttributes{to, graph::make_shape({7, -19, 0, 70000, 5})}});
  return cases;
}
INSTANTIATE_TEST_SUITE_P(Bits, Elementwise, ::testing::ValuesIn(every_bitcast()), case_name);

std::vector<OpCase> every_form() {
  struct Form {
    const char *name, *a, *b;
  };
  constexpr Form kForms[] = {
      {"scalars", "f32[]", "f32[]"},
      {"one_point", "f32[1, 1]", "f32[1]"},
      {"scalar_left", "f32[]", "f32[2, 19]"},
      {"scalar_right", "f32[4, 5]", "f32[1]"},
      {"immediate", "f32[4, 5]", "constant f32[1]"},
      {"rows", "f32[4, 5]", "f32[4, 1]"},
      {"columns", "f32[4, 37]", "f32[37]"},
      {"constant_columns", "f32[4, 37]", "constant f32[37]"},
      {"outer", "f32[7, 1]", "f32[1, 11]"},
      {"channels", "f32[2, 3, 5, 7]", "constant f32[3, 1, 1]"},
      {"ranks", "f32[2, 1, 3, 1, 5]", "f32[4, 1, 3, 1]"},
      {"long", "f32[1009]", "f32[1009]"},
      {"tiny", "f32[3]", "f32[3]"},
      {"empty", "f32[0, 4]", "f32[4]"},
      {"both_constant", "constant f32[3, 4]", "constant f32[4]"},
  };
  std::vector<OpCase> cases;
  for (const Form& form : kForms) cases.push_back({form.name, Op::sub, {form.a, form.b}});
  cases.push_back({"select_forms", Op::select, {"boolean[4, 1]", "f32[9]", "f32[4, 9]"}});
  cases.push_back({"select_scalar", Op::select, {"boolean[]", "f32[9]", "f32[1]"}});
  return cases;
}
INSTANTIATE_TEST_SUITE_P(Forms, Elementwise, ::testing::ValuesIn(every_form()), case_name);

}  // namespace
}  // namespace weft::testing

// Elementwise operators and their legacy broadcasting.
#include <fmt/format.h>

#include <cmath>
#include <optional>

#include "frontends/onnx/ops/converters.hpp"
#include "frontends/onnx/ops/narrow.hpp"
#include "frontends/onnx/ops/strings.hpp"
#include "frontends/onnx/ops/term.hpp"

namespace weft::onnx {
namespace {

/// Before opset 7 operands broadcast only with the attribute `broadcast`: B aligns at `axis`, or at A's last
/// axes.
ValueId legacy_operand(Call& c, ValueId a, ValueId b) {
  const int64_t rank = c.rank(a);
  if (!c.ok() || c.integer("broadcast", 0) == 0 || !c.has_attribute("axis")) return b;
  const int64_t axis = c.axis(c.integer("axis", 0), rank);
  Dims shape = c.dims(b);
  if (!c.ok() || axis + static_cast<int64_t>(shape.size()) > rank) {
    c.invalid("the second operand does not fit at this axis");
    return kNoValue;
  }
  shape.resize(static_cast<size_t>(rank - axis), 1);
  return reshape(c, b, shape);
}

}  // namespace

void binary_operands(Call& c, ValueId& a, ValueId& b) {
  a = c.in(0);
  b = c.in(1);
  if (c.version() < 7) b = legacy_operand(c, a, b);
}

namespace {

/// x to a power that is known, as products: 2 or 3 of floats, as exporters write variances and approximations
/// of GELU, which cost a hundredth of a power and round no worse; of integers any from 0 to 62, by squaring,
/// which is exact where kernels compute powers in floats. Nothing for other powers.
std::optional<ValueId> known_power(Call& c, ValueId x, ValueId y) {
  if (!c.ok() || !c.is_known(y) || c.depends_on_symbols(y) || c.rank(y) > c.rank(x)) return std::nullopt;
  for (const expr::Expr& extent : c.dims(y))
    if (extent.as_constant() != 1) return std::nullopt;
  const double power = c.known_numbers(y, "the exponent").at(0);
  const bool is_listed = is_float(c.dtype(x))
                             ? power == 2 || power == 3
                             : power >= 0 && power <= 62 && power == static_cast<int64_t>(power);
  if (!is_listed) return std::nullopt;
  if (power == 0) return expand(c, c.scalar(c.dtype(x), 1), c.dims(x));
  ValueId product = kNoValue, square = x;
  for (auto n = static_cast<int64_t>(power); n > 0; n /= 2) {
    if (n % 2 != 0) product = product == kNoValue ? square : mul(c, square, product);
    if (n > 1) square = mul(c, square, square);
  }
  return product;
}

}  // namespace

void convert_greater(Call& c) {
  ValueId a, b;
  binary_operands(c, a, b);
  c.out(0, c.emit(Op::less, {b, a}));
}

void convert_greater_or_equal(Call& c) {
  const ValueId a = c.in(0);
  const ValueId b = c.in(1);
  c.out(0, c.emit(Op::less_equal, {b, a}));
}

void convert_pow(Call& c) {
  ValueId x, y;
  binary_operands(c, x, y);
  const DType type = c.dtype(x);
  if (const auto product = known_power(c, x, y)) return c.out(0, *product);
  // An integer base with a float exponent is computed in floats.
  if (!is_float(type) && is_float(c.dtype(y))) {
    const ValueId base = cast(c, x, c.dtype(y));
    const ValueId power = c.emit(Op::pow, {base, y});
    return c.out(0, cast(c, power, type));
  }
  y = cast(c, y, type);
  c.out(0, c.emit(Op::pow, {x, y}));
}

void convert_mod(Call& c) {
  const ValueId a = c.in(0);
  const ValueId b = c.in(1);
  c.out(0, c.emit(Op::mod, {a, b}, graph::ModAttributes{c.integer("fmod", 0) != 0}));
}

void convert_reciprocal(Call& c) {
  const ValueId x = c.in(0);
  const ValueId one = c.scalar(c.dtype(x), 1);
  c.out(0, div(c, one, x));
}

ValueId fold_operands(Call& c, Op op) {
  constexpr size_t kMaxOperands = 1024;
  if (c.input_count() > kMaxOperands) c.fail(ErrorKind::limit, fmt::format("{} operands", c.input_count()));
  ValueId result = c.in(0);
  for (size_t i = 1; i < c.input_count() && c.ok(); ++i) {
    const ValueId next = c.in(i);
    result = c.emit(op, {result, next});
  }
  return result;
}

void convert_mean(Call& c) {
  const ValueId sum = fold_operands(c, Op::add);
  c.out(0, mul(c, sum, 1.0 / static_cast<double>(std::max<size_t>(c.input_count(), 1))));
}

void convert_where(Call& c) {
  const ValueId condition = c.in(0);
  const ValueId a = c.in(1);
  const ValueId b = c.in(2);
  c.out(0, select(c, condition, a, b));
}

void convert_is_inf(Call& c) {
  const ValueId x = c.in(0);
  const bool negative = c.integer("detect_negative", 1) != 0;
  const bool positive = c.integer("detect_positive", 1) != 0;
  ValueId value = x;
  if (negative && positive) value = c.emit(Op::abs, {x});
  const double target = negative && !positive ? -HUGE_VAL : HUGE_VAL;
  const ValueId infinity = c.scalar(c.dtype(x), negative || positive ? target : std::nan(""));
  c.out(0, c.emit(Op::equal, {value, infinity}));
}

namespace {

/// As the type `to` of TensorProto.DataType.
ValueId cast_to(Call& c, ValueId x, int32_t to) {
  if (!c.ok() || c.onnx_type(x) == to) return x;
  if (c.is_string(x) || to == kString) return cast_strings(c, x, to);
  const bool saturate = c.integer("saturate", 1) != 0;
  const std::optional<DType> dtype = dtype_of(to);
  if (!dtype) {
    c.unsupported(fmt::format("weft has no element type {}", data_type_name(to)));
    return kNoValue;
  }
  const bool was_narrow = narrow_bits(c.onnx_type(x)) != 0;
  const ValueId number = widen(c, x);
  if (narrow_bits(to) != 0) return narrow(c, number, to, saturate, c.text("round_mode", "up"));
  // What holds a narrow type keeps its own value: the graph may have the type already.
  const ValueId y = was_narrow || c.dtype(number) != *dtype
                        ? c.emit(Op::cast, {number}, graph::CastAttributes{*dtype})
                        : number;
  if (was_narrow) c.set_onnx_type(y, to);
  return y;
}

}  // namespace

void convert_cast(Call& c) {
  const ValueId x = c.in(0);
  static const std::map<std::string_view, DType> kNames = {
      {"FLOAT", DType::f32},  {"DOUBLE", DType::f64}, {"FLOAT16", DType::f16}, {"INT8", DType::i8},
      {"INT16", DType::i16},  {"INT32", DType::i32},  {"INT64", DType::i64},   {"UINT8", DType::u8},
      {"UINT16", DType::u16}, {"UINT32", DType::u32}, {"UINT64", DType::u64},  {"BOOL", DType::boolean}};
  int64_t to = 0;
  if (c.version() < 6) {
    const auto it = kNames.find(c.text("to", ""));
    if (it != kNames.end()) to = data_type_of(it->second);
    if (c.text("to", "") == "STRING") to = kString;
  } else {
    to = c.required_integer("to");
  }
  if (to < 1 || to > 1000 || !dtype_of(static_cast<int32_t>(to)))
    return c.unsupported("weft has no element type for the attribute \"to\"");
  c.out(0, cast_to(c, x, static_cast<int32_t>(to)));
}

void convert_cast_like(Call& c) {
  const ValueId x = c.in(0);
  const ValueId like = c.in(1);
  c.out(0, cast_to(c, x, c.onnx_type(like)));
}

void convert_identity(Call& c) { c.out(0, c.item(0)); }

void convert_dropout(Call& c) {
  const ValueId x = c.in(0);
  if (c.has(2)) {
    const Ints training = c.known_integers(c.in(2), "training_mode");
    if (c.ok() && training.size() == 1 && training[0] != 0)
      return random_dropout(c, x, c.has(1) ? c.in(1) : c.scalar(DType::f32, 0.5));
  }
  c.out(0, x);
  if (!c.wants(1)) return;  // The mask keeps everything. It was a float before opset 10.
  const ValueId one = c.scalar(c.version() < 10 ? c.dtype(x) : DType::boolean, 1);
  c.out(1, expand(c, one, c.dims(x)));
}

void convert_sinh(Call& c) {
  const ValueId x = c.in(0);
  const ValueId up = c.emit(Op::exp, {x});
  const ValueId minus = c.emit(Op::neg, {x});
  const ValueId down = c.emit(Op::exp, {minus});
  const ValueId difference = sub(c, up, down);
  c.out(0, mul(c, difference, 0.5));
}

void convert_cosh(Call& c) {
  const ValueId x = c.in(0);
  const ValueId up = c.emit(Op::exp, {x});
  const ValueId minus = c.emit(Op::neg, {x});
  const ValueId down = c.emit(Op::exp, {minus});
  const ValueId sum = add(c, up, down);
  c.out(0, mul(c, sum, 0.5));
}

void convert_tan(Call& c) {
  const ValueId x = c.in(0);
  const ValueId sine = c.emit(Op::sin, {x});
  const ValueId cosine = c.emit(Op::cos, {x});
  c.out(0, div(c, sine, cosine));
}

/// 2 atan(x / (1 + sqrt(1 - x^2))): half the angle, so that nothing is divided by 0.
void convert_asin(Call& c) {
  const ValueId x = c.in(0);
  const Term root = sqrt((1 - Term(x)) * (1 + Term(x)));
  c.out(0, emit(c, Term(Op::atan, {x / (1 + root)}) * 2));
}

/// 2 atan(sqrt(1 - x) / sqrt(1 + x)): at -1 the arc tangent of infinity.
void convert_acos(Call& c) {
  const ValueId x = c.in(0);
  c.out(0, emit(c, Term(Op::atan, {sqrt(1 - Term(x)) / sqrt(1 + Term(x))}) * 2));
}

/// sign(x) * log(|x| + sqrt(x^2 + 1)): by the magnitude, so that nothing cancels for negative x.
void convert_asinh(Call& c) {
  const ValueId x = c.in(0);
  const ValueId magnitude = c.emit(Op::abs, {x});
  const ValueId square = mul(c, x, x);
  const ValueId plus = add(c, square, 1.0);
  const ValueId root = c.emit(Op::sqrt, {plus});
  const ValueId sum = add(c, magnitude, root);
  const ValueId log = c.emit(Op::log, {sum});
  const ValueId sign = c.emit(Op::sign, {x});
  c.out(0, mul(c, sign, log));
}

void convert_acosh(Call& c) {
  const ValueId x = c.in(0);
  const ValueId square = mul(c, x, x);
  const ValueId minus = add(c, square, -1.0);
  const ValueId root = c.emit(Op::sqrt, {minus});
  const ValueId sum = add(c, x, root);
  c.out(0, c.emit(Op::log, {sum}));
}

void convert_atanh(Call& c) {
  const ValueId x = c.in(0);
  const ValueId one = c.scalar(c.dtype(x), 1);
  const ValueId above = add(c, one, x);
  const ValueId below = sub(c, one, x);
  const ValueId quotient = div(c, above, below);
  const ValueId log = c.emit(Op::log, {quotient});
  c.out(0, mul(c, log, 0.5));
}

}  // namespace weft::onnx

// Elementwise operations as lane expressions. One row an operation.
#include <array>
#include <limits>

#include "base/check.hpp"
#include "base/elementary.hpp"
#include "lower/builder.hpp"
#include "lower/loop_math.hpp"

namespace weft::lower {

using graph::Node;
using graph::Op;
using loops::ValueOp;

namespace {

using Operands = std::span<const Value>;
using Rule = Value (*)(const Node&, Operands);

Value zero_like(const Value& x) { return loops::constant(x->type, 0); }
Value one_like(const Value& x) { return loops::constant(x->type, 1); }

template <ValueOp op>
Value unary(const Node&, Operands x) {
  return loops::unary(op, x[0]);
}
template <ValueOp op>
Value binary(const Node&, Operands x) {
  return loops::binary(op, x[0], x[1]);
}
/// Exact as it is for integers, whose rounding is the identity.
template <ValueOp op>
Value rounding(const Node&, Operands x) {
  return is_float(x[0]->type.dtype) ? loops::unary(op, x[0]) : x[0];
}

/// Our functions are of f32: an f64 is rounded on its way in.
template <Value (*function)(LoopMath&, const Value&)>
Value elementary(const Node&, Operands x) {
  LoopMath math;
  const DType dtype = x[0]->type.dtype;
  if (dtype == DType::f32) return function(math, x[0]);
  return loops::cast(dtype, function(math, loops::cast(DType::f32, x[0])));
}

Value sign(const Node&, Operands x) {
  const Value zero = zero_like(x[0]);
  if (!is_float(x[0]->type.dtype) && !is_signed(x[0]->type.dtype))
    return loops::binary(ValueOp::min, x[0], one_like(x[0]));
  const Value minus = loops::constant(x[0]->type, -1);
  const Value low = loops::select(loops::binary(ValueOp::less, x[0], zero), minus, x[0]);  // keeps 0 and NaN
  return loops::select(loops::binary(ValueOp::less, zero, x[0]), one_like(x[0]), low);
}

Value is_nan(const Node&, Operands x) {
  return loops::unary(ValueOp::logical_not, loops::binary(ValueOp::equal, x[0], x[0]));
}

/// Exact while the quotient is below 2^24 (f32) and x and y are of like size; an infinite divisor leaves x as
/// it is.
Value float_mod(bool truncate, Operands x) {
  const Value quotient = loops::binary(ValueOp::div, x[0], x[1]);
  const Value whole = loops::binary(ValueOp::mul, loops::unary(ValueOp::trunc, quotient), x[1]);
  const Value infinity = loops::constant(x[0]->type, std::numeric_limits<double>::infinity());
  const Value endless = loops::binary(ValueOp::equal, loops::unary(ValueOp::abs, x[1]), infinity);
  const Value rest = loops::select(endless, x[0], loops::binary(ValueOp::sub, x[0], whole));
  if (truncate) return rest;
  const Value zero = zero_like(rest);
  const Value exact = loops::binary(ValueOp::equal, rest, zero);
  const Value rest_below = loops::binary(ValueOp::less, rest, zero),
              divisor_below = loops::binary(ValueOp::less, x[1], zero);
  const Value alike =
      loops::binary(ValueOp::logical_or, exact, loops::binary(ValueOp::equal, rest_below, divisor_below));
  return loops::select(alike, rest, loops::binary(ValueOp::add, rest, x[1]));
}

/// The remainder with the sign of the divisor, or of the dividend (C's fmod).
Value mod(const Node& node, Operands x) {
  const bool truncate = std::get<graph::ModAttributes>(node.attributes).truncate;
  if (is_float(x[0]->type.dtype)) return float_mod(truncate, x);
  const Value rest = loops::binary(ValueOp::rem, x[0], x[1]);
  if (truncate || !is_signed(x[0]->type.dtype)) return rest;
  const Value zero = zero_like(rest);
  const Value exact = loops::binary(ValueOp::equal, rest, zero);
  const Value opposite = loops::binary(ValueOp::less, loops::binary(ValueOp::bit_xor, rest, x[1]), zero);
  return loops::select(exact, rest, loops::select(opposite, loops::binary(ValueOp::add, rest, x[1]), rest));
}

/// In f32, also for other types: integer powers are exact below 2^24.
Value power(const Node&, Operands x) {
  LoopMath math;
  const DType dtype = x[0]->type.dtype;
  if (dtype == DType::f32) return weft::pow(math, x[0], x[1]);
  const Value result = weft::pow(math, loops::cast(DType::f32, x[0]), loops::cast(DType::f32, x[1]));
  return loops::cast(dtype, is_float(dtype) ? result : loops::unary(ValueOp::nearest, result));
}

/// A count beyond the width shifts everything out, where the IR would take it modulo the width. Narrow types
/// are computed in 32 bits, which shift the same out of what is stored.
template <ValueOp op>
Value shift(const Node&, Operands x) {
  const loops::Type type = x[0]->type;
  const Value last = loops::constant_int(type, static_cast<int64_t>(8 * byte_size(type.dtype)) - 1);
  const Value zero = zero_like(x[0]);
  Value outside = loops::binary(ValueOp::less, last, x[1]);
  if (!is_signed(type.dtype)) return loops::select(outside, zero, loops::binary(op, x[0], x[1]));
  outside = loops::binary(ValueOp::logical_or, outside, loops::binary(ValueOp::less, x[1], zero));
  if (op == ValueOp::shift_left) return loops::select(outside, zero, loops::binary(op, x[0], x[1]));
  return loops::binary(op, x[0], loops::select(outside, last, x[1]));
}

Value logical_xor(const Node&, Operands x) {
  return loops::unary(ValueOp::logical_not, loops::binary(ValueOp::equal, x[0], x[1]));
}

Value select(const Node&, Operands x) { return loops::select(x[0], x[1], x[2]); }

Value cast(const Node& node, Operands x) {
  const DType to = std::get<graph::CastAttributes>(node.attributes).to;
  // Through the storage type, so that an i8 or f16 wraps and rounds as it would in memory.
  const Value narrow = x[0]->type.dtype == to ? x[0] : loops::cast(to, x[0]);
  return compute_type(to) == to ? narrow : loops::cast(compute_type(to), narrow);
}

struct Row {
  Op op;
  Rule rule;
};

constexpr auto kRows = std::to_array<Row>({
    {Op::cast, cast},
    {Op::neg, unary<ValueOp::neg>},
    {Op::abs, unary<ValueOp::abs>},
    {Op::sign, sign},
    {Op::floor, rounding<ValueOp::floor>},
    {Op::ceil, rounding<ValueOp::ceil>},
    {Op::round, rounding<ValueOp::nearest>},
    {Op::sqrt, unary<ValueOp::sqrt>},
    {Op::exp, elementary<weft::exp<LoopMath>>},
    {Op::log, elementary<weft::log<LoopMath>>},
    {Op::sin, elementary<weft::sin<LoopMath>>},
    {Op::cos, elementary<weft::cos<LoopMath>>},
    {Op::erf, elementary<weft::erf<LoopMath>>},
    {Op::tanh, elementary<weft::tanh<LoopMath>>},
    {Op::sigmoid, elementary<weft::sigmoid<LoopMath>>},
    {Op::atan, elementary<weft::atan<LoopMath>>},
    {Op::bit_not, unary<ValueOp::bit_not>},
    {Op::bit_and, binary<ValueOp::bit_and>},
    {Op::bit_or, binary<ValueOp::bit_or>},
    {Op::bit_xor, binary<ValueOp::bit_xor>},
    {Op::shift_left, shift<ValueOp::shift_left>},
    {Op::shift_right, shift<ValueOp::shift_right>},
    {Op::logical_not, unary<ValueOp::logical_not>},
    {Op::is_nan, is_nan},
    {Op::add, binary<ValueOp::add>},
    {Op::sub, binary<ValueOp::sub>},
    {Op::mul, binary<ValueOp::mul>},
    {Op::div, binary<ValueOp::div>},
    {Op::mod, mod},
    {Op::pow, power},
    {Op::minimum, binary<ValueOp::min>},
    {Op::maximum, binary<ValueOp::max>},
    {Op::logical_and, binary<ValueOp::logical_and>},
    {Op::logical_or, binary<ValueOp::logical_or>},
    {Op::logical_xor, logical_xor},
    {Op::equal, binary<ValueOp::equal>},
    {Op::less, binary<ValueOp::less>},
    {Op::less_equal, binary<ValueOp::less_equal>},
    {Op::select, select},
});

}  // namespace

Value lower_elementwise(const Node& node, std::span<const Value> operands) {
  for (const Row& row : kRows)
    if (row.op == node.op) return row.rule(node, operands);
  WEFT_UNREACHABLE("an elementwise operation without a row");
}

}  // namespace weft::lower

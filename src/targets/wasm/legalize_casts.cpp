// Conversions by integer arithmetic. 16-bit floats pass through f32; where a wider value would then be
// rounded twice, the first rounding is to odd: it keeps what the second needs (Boldo, Melquiond: Emulation of
// FMA and correctly rounded sums, 2008).
#include "targets/wasm/legalize.hpp"

namespace weft::wasm {

using namespace loops;

namespace {

Value word(const Value& like, int64_t value) { return constant_int({DType::u32, like->type.lanes}, value); }
Value and_(const Value& a, int64_t mask) { return binary(ValueOp::bit_and, a, word(a, mask)); }
Value left(const Value& a, int64_t count) { return binary(ValueOp::shift_left, a, word(a, count)); }
Value right(const Value& a, int64_t count) { return binary(ValueOp::shift_right, a, word(a, count)); }
Value plus(const Value& a, int64_t value) { return binary(ValueOp::add, a, word(a, value)); }
Value as_f32(const Value& bits) { return bitcast(DType::f32, bits); }
Value as_bits(const Value& f) { return bitcast(DType::u32, f); }
bool is_half(DType type) { return type == DType::f16 || type == DType::bf16; }

Value converted(DType to, const Value& v);

// The exponent is moved by a multiplication, which is exact for normal and subnormal values alike.
Value f16_to_f32(const Value& half) {
  const Value h = cast(DType::u32, bitcast(DType::u16, half));
  const Value sign = left(and_(h, 0x8000), 16);
  const Value magnitude = left(and_(h, 0x7fff), 13);
  const Value scale = constant_bits({DType::f32, h->type.lanes}, 0x77800000);  // 2^112
  const Value finite = as_bits(binary(ValueOp::mul, as_f32(magnitude), scale));
  const Value special = binary(ValueOp::bit_or, magnitude, word(h, 0x7f800000));
  const Value is_finite = binary(ValueOp::less, magnitude, word(h, 0x0f800000));
  const Value result = select(is_finite, finite, special);
  return as_f32(binary(ValueOp::bit_or, result, sign));
}

Value bf16_to_f32(const Value& half) { return as_f32(left(cast(DType::u32, bitcast(DType::u16, half)), 16)); }

Value to_half(DType type, const Value& bits) { return bitcast(type, cast(DType::u16, bits)); }

Value f32_to_f16(const Value& f) {
  const Value bits = as_bits(f);
  const Value sign = and_(right(bits, 16), 0x8000);
  const Value magnitude = and_(bits, 0x7fffffff);
  const Value is_nan = binary(ValueOp::less, word(bits, 0x7f800000), magnitude);
  const Value special = select(is_nan, word(bits, 0x7e00), word(bits, 0x7c00));
  // Below 2^-14: adding 0.5 rounds at the last place of an f16 subnormal.
  const Value half = constant({DType::f32, f->type.lanes}, 0.5);
  const Value small =
      binary(ValueOp::sub, as_bits(binary(ValueOp::add, as_f32(magnitude), half)), word(bits, 0x3f000000));
  const Value odd = and_(right(magnitude, 13), 1);
  const Value rebased = plus(magnitude, 0xc8000fff);  // exponent by 15 - 127, and just below half a unit
  const Value normal = right(binary(ValueOp::add, rebased, odd), 13);
  const Value is_small = binary(ValueOp::less, magnitude, word(bits, 0x38800000));
  const Value is_finite = binary(ValueOp::less, magnitude, word(bits, 0x47800000));
  const Value finite = select(is_small, small, normal);
  const Value result = select(is_finite, finite, special);
  return to_half(DType::f16, binary(ValueOp::bit_or, result, sign));
}

Value f32_to_bf16(const Value& f) {
  const Value bits = as_bits(f);
  const Value odd = and_(right(bits, 16), 1);
  const Value rounded = right(binary(ValueOp::add, plus(bits, 0x7fff), odd), 16);
  const Value is_nan = binary(ValueOp::less, word(bits, 0x7f800000), and_(bits, 0x7fffffff));
  return to_half(DType::bf16, select(is_nan, word(bits, 0x7fc0), rounded));
}

Value f64_to_odd_f32(const Value& x) {
  const Value near = cast(DType::f32, x);
  const Value back = cast(DType::f64, near);
  const Value bits = as_bits(near);
  const Value is_more = binary(ValueOp::less, unary(ValueOp::abs, x), unary(ValueOp::abs, back));
  const Value toward_zero = select(is_more, binary(ValueOp::sub, bits, word(bits, 1)), bits);
  const Value is_exact = binary(ValueOp::equal, back, x);
  return as_f32(select(is_exact, bits, binary(ValueOp::bit_or, toward_zero, word(bits, 1))));
}

Value f32_to_half(DType to, const Value& f) { return to == DType::f16 ? f32_to_f16(f) : f32_to_bf16(f); }

// 64 bits to 52 with a sticky last bit: then f64 holds the value, and rounds it to a half as the integer
// would have been.
Value sticky(const Value& v) {
  const Type type = v->type;
  const Value low = binary(ValueOp::bit_and, v, constant_int(type, 0xfff));
  const Value zero = constant_int(type, 0);
  const Value bit = select(binary(ValueOp::equal, low, zero), zero, constant_int(type, 0x1000));
  const Value kept = binary(ValueOp::bit_xor, v, low);
  const Value top = binary(ValueOp::bit_or, kept, bit);
  // Small values are exact as they are.
  const Value magnitude = is_signed(type.dtype) ? unary(ValueOp::abs, v) : v;
  const Value limit = constant_int(type, int64_t{1} << 52);
  const Value not_negative = binary(ValueOp::less_equal, zero, magnitude);
  const Value small = binary(ValueOp::logical_and, binary(ValueOp::less, magnitude, limit), not_negative);
  return select(small, v, top);
}

Value integer_to_half(DType to, const Value& v) {
  const bool wide = info(v->type.dtype).bits == 64;
  const Value f = cast(DType::f64, wide ? sticky(v) : v);
  return f32_to_half(to, f64_to_odd_f32(f));
}

Value to_half_type(DType to, const Value& v) {
  switch (v->type.dtype) {
    case DType::f64: return f32_to_half(to, f64_to_odd_f32(v));
    case DType::f32: return f32_to_half(to, v);
    case DType::i32:
    case DType::u32:
    case DType::i64:
    case DType::u64: return integer_to_half(to, v);
    default: return f32_to_half(to, converted(DType::f32, v));  // 16 bits or fewer: f32 is exact
  }
}

// Saturates to a narrow integer by way of i32.
Value float_to_narrow(DType to, const Value& v) {
  const Value wide = cast(DType::i32, v);
  const uint32_t bits = info(to).bits;
  const int64_t most = is_signed(to) ? (int64_t{1} << (bits - 1)) - 1 : (int64_t{1} << bits) - 1;
  const int64_t least = is_signed(to) ? -most - 1 : 0;
  const Value above = binary(ValueOp::max, wide, constant_int(wide->type, least));
  return cast(to, binary(ValueOp::min, above, constant_int(wide->type, most)));
}

Value to_boolean(const Value& v) {
  const Value zero = constant_int(v->type, 0);
  return unary(ValueOp::logical_not, binary(ValueOp::equal, v, zero));
}

DType held_integer(DType type) { return is_signed(type) ? DType::i32 : DType::u32; }

Value converted(DType to, const Value& v) {
  const DType from = v->type.dtype;
  if (from == to) return v;
  const bool narrow_from = info(from).bits < 32, narrow_to = info(to).bits < 32;
  if (is_half(from)) return converted(to, from == DType::f16 ? f16_to_f32(v) : bf16_to_f32(v));
  if (is_half(to)) return to_half_type(to, v);
  if (to == DType::boolean) return narrow_from ? to_boolean(cast(held_integer(from), v)) : to_boolean(v);
  if (is_float(from) && narrow_to) return float_to_narrow(to, v);
  if (narrow_from && (is_float(to) || (from == DType::boolean && info(to).bits == 64)))
    return cast(to, cast(held_integer(from), v));
  return cast(to, v);
}

Value replaced(const Value& v) {
  return v->op == ValueOp::cast ? converted(v->type.dtype, v->operands[0]) : v;
}

}  // namespace

Kernel legalize_casts(const Kernel& kernel) { return rewrite_values(kernel, replaced); }

}  // namespace weft::wasm

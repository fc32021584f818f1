#include "frontends/onnx/ops/narrow.hpp"

#include <algorithm>
#include <cmath>

#include "frontends/onnx/ops/term.hpp"

namespace weft::onnx {
namespace {

/// How a float of at most 8 bits is made (ONNX, "Float stored in 8 bits"; OCP MX). Codes are without the
/// sign.
struct Format {
  int32_t type;
  int exponent_bits, mantissa_bits, bias;
  int largest;   ///< the code of the largest number
  int infinity;  ///< what overflows without saturation; may be that of NaN
  int nan;       ///< with the sign bit where the type has one NaN only; -1: none
};
constexpr Format kFormats[] = {
    {kFloat8E4M3FN, 4, 3, 7, 0x7e, 0x7f, 0x7f}, {kFloat8E4M3FNUZ, 4, 3, 8, 0x7f, 0x80, 0x80},
    {kFloat8E5M2, 5, 2, 15, 0x7b, 0x7c, 0x7e},  {kFloat8E5M2FNUZ, 5, 2, 16, 0x7f, 0x80, 0x80},
    {kFloat4E2M1, 2, 1, 1, 0x7, 0x7, -1},
};
const Format* format_of(int32_t type) {
  for (const Format& format : kFormats)
    if (format.type == type) return &format;
  return nullptr;
}

double power_of_two(int exponent) {
  double value = 1;
  for (; exponent > 0; --exponent) value *= 2;
  for (; exponent < 0; ++exponent) value /= 2;
  return value;
}

/// The number that a code means.
double number_of(const Format& f, int code) {
  const int sign_bit = 1 << (f.exponent_bits + f.mantissa_bits);
  const int magnitude = code & (sign_bit - 1);
  if (f.nan == sign_bit && code == sign_bit) return std::nan("");  // one NaN, where -0 would be
  if (f.nan >= 0 && f.nan != sign_bit && magnitude > f.largest)
    return magnitude == f.infinity && f.infinity != f.nan ? (code & sign_bit ? -HUGE_VAL : HUGE_VAL)
                                                          : std::nan("");
  const int exponent = magnitude >> f.mantissa_bits, mantissa = magnitude & ((1 << f.mantissa_bits) - 1);
  const int hidden = exponent == 0 ? 0 : 1 << f.mantissa_bits;
  const double value = (mantissa + hidden) * power_of_two(std::max(exponent, 1) - f.bias - f.mantissa_bits);
  return code & sign_bit ? -value : value;
}

std::vector<double> numbers_of(int32_t type) {
  std::vector<double> numbers;
  if (type == kFloat8E8M0) {
    for (int code = 0; code < 255; ++code) numbers.push_back(power_of_two(code - 127));
    numbers.push_back(std::nan(""));
    return numbers;
  }
  const Format& f = *format_of(type);
  for (int code = 0; code < 2 << (f.exponent_bits + f.mantissa_bits); ++code)
    numbers.push_back(number_of(f, code));
  return numbers;
}

Term bits_and(const Term& a, int mask) { return {Op::bit_and, {a, mask}}; }
Term shift_right(const Term& a, int count) { return {Op::shift_right, {a, count}}; }
Term shift_left(const Term& a, int count) { return {Op::shift_left, {a, count}}; }
Term bits_of(const Term& x) { return {Op::bitcast, {x}, graph::CastAttributes{DType::i32}}; }
Term float_of(const Term& bits) { return {Op::bitcast, {bits}, graph::CastAttributes{DType::f32}}; }

/// Rounds in units of the last place of the binade, as round_to_half does: the code of a magnitude is then
/// its count of units plus what the exponents below hold. A carry runs into the exponent by itself.
ValueId encode(Call& c, ValueId x, const Format& f, bool saturate) {
  const int sign_bit = 1 << (f.exponent_bits + f.mantissa_bits);
  const ValueId wide = cast(c, x, DType::f32);
  const Term magnitude = abs(wide);
  const Term exponent = maximum(shift_right(bits_of(magnitude), 23) - 127, 1 - f.bias);
  const Term per_unit = float_of(shift_left(127 + f.mantissa_bits - exponent, 23));  // 1 / unit
  const Term units = convert(round(minimum(magnitude * per_unit, 1e6)), DType::i32);
  const Term code = units + shift_left(exponent + f.bias - 1, f.mantissa_bits);
  const Term above = less(f.largest, code);
  const Term number = select(above, saturate ? f.largest : f.infinity, code);
  const Term is_negative = less(bits_of(wide), 0);
  const bool one_nan = f.nan == sign_bit;
  Term with_sign = select(is_negative, Term(Op::bit_or, {number, sign_bit}), number);
  if (one_nan) with_sign = select(equal(number, 0), number, with_sign);
  const Term is_nan = {Op::is_nan, {Term(wide)}};
  const int nan = f.nan < 0 ? sign_bit : f.nan;  // -0 where the type has none, as ml_dtypes and ONNX's tests
  return emit(c,
              convert(select(is_nan, Term(Op::bit_or, {bits_and(with_sign, 0), nan}), with_sign), DType::u8));
}

ValueId encode_power(Call& c, ValueId x, bool saturate, std::string_view mode) {
  const ValueId wide = cast(c, x, DType::f32);
  const Term bits = bits_and(bits_of(wide), 0x7fffffff);
  const Term exponent = shift_right(bits, 23), mantissa = bits_and(bits, 0x7fffff);
  Term carry = convert(less(0, mantissa), DType::i32);
  if (mode == "down") carry = carry * 0;
  if (mode == "nearest") carry = convert(less_equal(0x400000, mantissa), DType::i32);
  const Term code = exponent + carry;
  const Term is_nan = {Op::is_nan, {Term(wide)}};
  const Term finite = saturate ? minimum(code, 254) : minimum(code, 255);
  return emit(c, convert(select(is_nan, finite * 0 + 255, finite), DType::u8));
}

}  // namespace

int narrow_bits(int32_t type) {
  switch (type) {
    case kFloat8E4M3FN:
    case kFloat8E4M3FNUZ:
    case kFloat8E5M2:
    case kFloat8E5M2FNUZ:
    case kFloat8E8M0: return 8;
    case kUint4:
    case kInt4:
    case kFloat4E2M1: return 4;
    case kUint2:
    case kInt2: return 2;
    default: return 0;
  }
}

bool is_narrow_float(int32_t type) { return type == kFloat8E8M0 || format_of(type) != nullptr; }

IntegerRange integer_range(int32_t type) {
  switch (type) {
    case kUint4: return {0, 15};
    case kInt4: return {-8, 7};
    case kUint2: return {0, 3};
    case kInt2: return {-2, 1};
    default: break;
  }
  const std::optional<DType> dtype = dtype_of(type);
  const int bits = dtype ? static_cast<int>(8 * byte_size(*dtype)) : 8;
  if (dtype && is_signed(*dtype)) return {-power_of_two(bits - 1), power_of_two(bits - 1) - 1};
  return {0, power_of_two(bits) - 1};
}

ValueId widen(Call& c, ValueId x) {
  if (!c.ok() || !is_narrow_float(c.onnx_type(x))) return x;
  const std::vector<double> numbers = numbers_of(c.onnx_type(x));
  const ValueId table = c.constant(DType::f32, {static_cast<int64_t>(numbers.size())}, numbers);
  return emit(c, gather(table, convert(x, DType::i32)));
}

ValueId narrow(Call& c, ValueId x, int32_t type, bool saturate, std::string_view round_mode) {
  if (!c.ok()) return kNoValue;
  ValueId y = kNoValue;
  if (type == kFloat8E8M0) {
    y = encode_power(c, x, saturate, round_mode);
  } else if (const Format* format = format_of(type)) {
    y = encode(c, x, *format, saturate);
  } else {
    const int bits = narrow_bits(type);
    const ValueId number = cast(c, x, DType::i32);
    const bool is_signed = type == kInt4 || type == kInt2;
    const Term cut = bits_and(number, (1 << bits) - 1);
    const int sign = 1 << (bits - 1);
    y = is_signed ? emit(c, convert(Term(Op::bit_xor, {cut, sign}) - sign, DType::i8))
                  : emit(c, convert(cut, DType::u8));
  }
  c.set_onnx_type(y, type);
  return y;
}

ValueId unpack(Call& c, ValueId packed, int32_t type, const Ints& shape) {
  const int bits = narrow_bits(type);
  const int64_t bytes = element_count(c.shape(packed)), count = element_count(shape);
  std::vector<ValueId> parts;
  for (int k = 0; k < 8 / bits; ++k) {
    const ValueId part = emit(c, bits_and(shift_right(packed, k * bits), (1 << bits) - 1));
    parts.push_back(reshape(c, part, {bytes, 1}));
  }
  const ValueId stacked = concat(c, parts, 1);
  const ValueId flat = reshape(c, stacked, {bytes * (8 / bits)});
  ValueId y = slice(c, flat, {0}, {1}, {count});
  if (type == kInt4 || type == kInt2) {
    const int sign = 1 << (bits - 1);
    const ValueId number = cast(c, y, DType::i8);
    y = emit(c, Term(Op::bit_xor, {number, sign}) - sign);
  }
  y = reshape(c, y, shape);
  c.set_onnx_type(y, type);
  return y;
}

}  // namespace weft::onnx

#include "loops/lane.hpp"

#include <bit>
#include <cmath>
#include <limits>

#include "base/check.hpp"

namespace weft::loops {
namespace {

struct FloatFormat {
  int exponent_bits, fraction_bits;
};

FloatFormat format_of(DType type) { return type == DType::f16 ? FloatFormat{5, 10} : FloatFormat{8, 7}; }

uint64_t canonical_nan(DType type) {
  switch (type) {
    case DType::f64: return 0x7ff8000000000000u;
    case DType::f32: return 0x7fc00000u;
    case DType::f16: return 0x7e00u;
    default: return 0x7fc0u;
  }
}

// 16-bit floats: the significand is scaled to an integer exactly, the integer is rounded to nearest even.
uint64_t narrow(DType type, double value) {
  const FloatFormat format = format_of(type);
  const uint64_t sign = std::bit_cast<uint64_t>(value) >> 63 << (format.exponent_bits + format.fraction_bits);
  const int bias = (1 << (format.exponent_bits - 1)) - 1;
  const uint64_t infinity = ((uint64_t{1} << format.exponent_bits) - 1) << format.fraction_bits;
  const uint64_t raw = std::bit_cast<uint64_t>(value) & ~(uint64_t{1} << 63);
  if (raw >= 0x7ff0000000000000u) return sign | infinity;
  int exponent = static_cast<int>(raw >> 52) - 1023;
  const int lowest = 1 - bias;
  if (exponent < lowest) exponent = lowest;
  if (exponent > bias) return sign | infinity;
  const int shift = format.fraction_bits - exponent;  // value * 2^shift counts units in the last place
  const double scale = std::bit_cast<double>(static_cast<uint64_t>(1023 + shift) << 52);
  const uint64_t units = static_cast<uint64_t>(std::rint(std::bit_cast<double>(raw) * scale));
  // A carry out of the fraction runs into the exponent, which is what rounding up must do.
  const uint64_t result = (static_cast<uint64_t>(exponent - lowest) << format.fraction_bits) + units;
  return sign | (result > infinity ? infinity : result);
}

double widen(DType type, uint64_t bits) {
  const FloatFormat format = format_of(type);
  const int bias = (1 << (format.exponent_bits - 1)) - 1;
  const uint64_t fraction = bits & ((uint64_t{1} << format.fraction_bits) - 1);
  const uint64_t exponent = (bits >> format.fraction_bits) & ((uint64_t{1} << format.exponent_bits) - 1);
  const bool negative = (bits >> (format.exponent_bits + format.fraction_bits)) & 1;
  double magnitude;
  if (exponent == (uint64_t{1} << format.exponent_bits) - 1) {
    magnitude = fraction ? std::numeric_limits<double>::quiet_NaN() : std::numeric_limits<double>::infinity();
  } else {
    const uint64_t units = exponent ? fraction | (uint64_t{1} << format.fraction_bits) : fraction;
    const int power = (exponent ? static_cast<int>(exponent) : 1) - bias - format.fraction_bits;
    magnitude = static_cast<double>(units) * std::bit_cast<double>(static_cast<uint64_t>(1023 + power) << 52);
  }
  return negative ? -magnitude : magnitude;
}

template <class T, class Bits>
uint64_t pack(T value, DType type) {
  if (value != value) return canonical_nan(type);
  return std::bit_cast<Bits>(value);
}

template <class T, class Bits>
struct Floats {
  DType type;
  T get(uint64_t a) const { return std::bit_cast<T>(static_cast<Bits>(a)); }
  uint64_t put(T value) const { return pack<T, Bits>(value, type); }

  uint64_t unary(ValueOp op, uint64_t a) const {
    constexpr uint64_t kSign = uint64_t{1} << (8 * sizeof(T) - 1);
    switch (op) {
      case ValueOp::neg: return a ^ kSign;
      case ValueOp::abs: return a & ~kSign;
      case ValueOp::floor: return put(std::floor(get(a)));
      case ValueOp::ceil: return put(std::ceil(get(a)));
      case ValueOp::trunc: return put(std::trunc(get(a)));
      case ValueOp::nearest: return put(std::rint(get(a)));
      case ValueOp::sqrt: return put(std::sqrt(get(a)));
      default: WEFT_UNREACHABLE("unary operation on floats");
    }
  }

  uint64_t extreme(uint64_t a, uint64_t b, bool want_less) const {
    const T x = get(a), y = get(b);
    if (x != x || y != y) return canonical_nan(type);
    if (x == y) return want_less ? (a | b) : (a & b);  // differs for zeros only: -0 < +0
    return (x < y) == want_less ? a : b;
  }

  uint64_t binary(ValueOp op, uint64_t a, uint64_t b) const {
    const T x = get(a), y = get(b);
    switch (op) {
      case ValueOp::add: return put(x + y);
      case ValueOp::sub: return put(x - y);
      case ValueOp::mul: return put(x * y);
      case ValueOp::div: return put(x / y);
      case ValueOp::min: return extreme(a, b, true);
      case ValueOp::max: return extreme(a, b, false);
      case ValueOp::equal: return x == y;
      case ValueOp::less: return x < y;
      case ValueOp::less_equal: return x <= y;
      default: WEFT_UNREACHABLE("binary operation on floats");
    }
  }

  uint64_t muladd(uint64_t a, uint64_t b, uint64_t c) const {
    const T product = get(a) * get(b);  // -ffp-contract=off keeps the two roundings
    return put(product + get(c));
  }
};

// U is the unsigned type of the lane's width, S the signed one.
template <class U, class S>
struct Integers {
  bool is_signed_type;

  uint64_t unary(ValueOp op, uint64_t a) const {
    const U x = static_cast<U>(a);
    switch (op) {
      case ValueOp::neg: return static_cast<U>(U{0} - x);
      case ValueOp::abs: return is_signed_type && static_cast<S>(x) < 0 ? static_cast<U>(U{0} - x) : x;
      case ValueOp::bit_not: return static_cast<U>(~x);
      default: WEFT_UNREACHABLE("unary operation on integers");
    }
  }

  bool less(U a, U b) const { return is_signed_type ? static_cast<S>(a) < static_cast<S>(b) : a < b; }

  U divide(U a, U b) const {
    if (b == 0) return 0;
    if (!is_signed_type) return a / b;
    if (static_cast<S>(b) == -1) return static_cast<U>(U{0} - a);
    return static_cast<U>(static_cast<S>(a) / static_cast<S>(b));
  }

  U remainder(U a, U b) const {
    if (b == 0) return 0;
    if (!is_signed_type) return a % b;
    if (static_cast<S>(b) == -1) return 0;
    return static_cast<U>(static_cast<S>(a) % static_cast<S>(b));
  }

  U shift_right(U a, U count) const {
    return is_signed_type ? static_cast<U>(static_cast<S>(a) >> count) : static_cast<U>(a >> count);
  }

  uint64_t binary(ValueOp op, uint64_t a, uint64_t b) const {
    const U x = static_cast<U>(a), y = static_cast<U>(b);
    constexpr U kCountMask = 8 * sizeof(U) - 1;
    switch (op) {
      case ValueOp::add: return static_cast<U>(x + y);
      case ValueOp::sub: return static_cast<U>(x - y);
      case ValueOp::mul: return static_cast<U>(x * y);
      case ValueOp::div: return divide(x, y);
      case ValueOp::rem: return remainder(x, y);
      case ValueOp::min: return less(y, x) ? y : x;
      case ValueOp::max: return less(x, y) ? y : x;
      case ValueOp::bit_and: return x & y;
      case ValueOp::bit_or: return x | y;
      case ValueOp::bit_xor: return x ^ y;
      case ValueOp::shift_left: return static_cast<U>(x << (y & kCountMask));
      case ValueOp::shift_right: return shift_right(x, y & kCountMask);
      case ValueOp::equal: return x == y;
      case ValueOp::less: return less(x, y);
      case ValueOp::less_equal: return !less(y, x);
      default: WEFT_UNREACHABLE("binary operation on integers");
    }
  }

  uint64_t muladd(uint64_t a, uint64_t b, uint64_t c) const {
    return static_cast<U>(static_cast<U>(a) * static_cast<U>(b) + static_cast<U>(c));
  }
};

uint64_t boolean_binary(ValueOp op, uint64_t a, uint64_t b) {
  switch (op) {
    case ValueOp::logical_and: return a & b;
    case ValueOp::logical_or: return a | b;
    case ValueOp::equal: return a == b;
    default: WEFT_UNREACHABLE("binary operation on booleans");
  }
}

// Calls `apply` with the arithmetic of the type.
template <class Apply>
uint64_t with_arithmetic(DType type, Apply apply) {
  switch (type) {
    case DType::f64: return apply(Floats<double, uint64_t>{type});
    case DType::f32: return apply(Floats<float, uint32_t>{type});
    case DType::i64: return apply(Integers<uint64_t, int64_t>{true});
    case DType::u64: return apply(Integers<uint64_t, int64_t>{false});
    case DType::i32: return apply(Integers<uint32_t, int32_t>{true});
    case DType::u32: return apply(Integers<uint32_t, int32_t>{false});
    default: WEFT_UNREACHABLE("arithmetic on a memory type");
  }
}

uint64_t float_to_integer(DType to, double value) {
  if (value != value) return 0;
  const uint32_t bits = info(to).bits;
  const int value_bits = static_cast<int>(is_signed(to) ? bits - 1 : bits);
  const double limit = std::bit_cast<double>(static_cast<uint64_t>(1023 + value_bits) << 52);
  if (value >= limit) return is_signed(to) ? lane_mask(to) >> 1 : lane_mask(to);
  if (!is_signed(to)) return value <= 0 ? 0 : static_cast<uint64_t>(value);
  if (value <= -limit) return uint64_t{1} << value_bits;
  return integer_lane(to, static_cast<int64_t>(value));
}

// To 16-bit floats by way of a double whose last bit is sticky: then the second rounding is the only one.
double integer_to_odd_double(uint64_t magnitude) {
  int shift = 0;
  while (magnitude >> shift >= uint64_t{1} << 53) ++shift;
  uint64_t top = magnitude >> shift;
  if (top << shift != magnitude) top |= 1;
  return static_cast<double>(top) * static_cast<double>(uint64_t{1} << shift);
}

uint64_t integer_to_float(DType from, DType to, uint64_t a) {
  const bool negative = is_signed(from) && lane_integer(from, a) < 0;
  const int64_t value = lane_integer(from, a);
  const uint64_t magnitude =
      negative ? uint64_t{0} - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  if (to == DType::f64) {
    const double d = static_cast<double>(magnitude);
    return std::bit_cast<uint64_t>(negative ? -d : d);
  }
  if (to == DType::f32) {
    const float f = static_cast<float>(magnitude);
    return std::bit_cast<uint32_t>(negative ? -f : f);
  }
  const double d = integer_to_odd_double(magnitude);
  return narrow(to, negative ? -d : d);
}

}  // namespace

uint64_t lane_mask(DType type) {
  const uint32_t bits = info(type).bits;
  return bits == 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1;
}

uint64_t integer_lane(DType type, int64_t value) { return static_cast<uint64_t>(value) & lane_mask(type); }

int64_t lane_integer(DType type, uint64_t bits) {
  if (!is_signed(type)) return static_cast<int64_t>(bits);
  const uint32_t shift = 64 - info(type).bits;
  return static_cast<int64_t>(bits << shift) >> shift;
}

double lane_float(DType type, uint64_t bits) {
  if (type == DType::f64) return std::bit_cast<double>(bits);
  if (type == DType::f32) return static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(bits)));
  return widen(type, bits);
}

uint64_t float_lane(DType type, double value) {
  if (value != value) return canonical_nan(type);
  if (type == DType::f64) return std::bit_cast<uint64_t>(value);
  if (type == DType::f32) return std::bit_cast<uint32_t>(static_cast<float>(value));
  return narrow(type, value);
}

uint64_t unary_lane(ValueOp op, DType type, uint64_t a) {
  if (type == DType::boolean) return a ^ 1;  // logical_not is the only one
  return with_arithmetic(type, [&](auto arithmetic) { return arithmetic.unary(op, a); });
}

uint64_t binary_lane(ValueOp op, DType type, uint64_t a, uint64_t b) {
  if (type == DType::boolean) return boolean_binary(op, a, b);
  return with_arithmetic(type, [&](auto arithmetic) { return arithmetic.binary(op, a, b); });
}

uint64_t muladd_lane(DType type, uint64_t a, uint64_t b, uint64_t c) {
  return with_arithmetic(type, [&](auto arithmetic) { return arithmetic.muladd(a, b, c); });
}

uint64_t cast_lane(DType from, DType to, uint64_t a) {
  if (from == to) return a;
  if (is_float(from)) {
    const double value = lane_float(from, a);
    if (to == DType::boolean) return value != 0;
    return is_float(to) ? float_lane(to, value) : float_to_integer(to, value);
  }
  if (to == DType::boolean) return a != 0;
  return is_float(to) ? integer_to_float(from, to, a) : integer_lane(to, lane_integer(from, a));
}

}  // namespace weft::loops

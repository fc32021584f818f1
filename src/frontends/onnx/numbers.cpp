#include "frontends/onnx/numbers.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace weft::onnx {
namespace {

uint64_t load(std::span<const uint8_t> bytes, size_t at, uint32_t size) {
  uint64_t bits = 0;
  for (uint32_t i = 0; i < size; ++i) bits |= static_cast<uint64_t>(bytes[at + i]) << (8 * i);
  return bits;
}

/// IEEE 754 binary16, or bfloat16: `exponent_bits` 5 or 8.
double half_to_double(uint64_t bits, int exponent_bits) {
  const int mantissa_bits = 15 - exponent_bits;
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const uint64_t mantissa = bits & ((1u << mantissa_bits) - 1);
  const int exponent = static_cast<int>(bits >> mantissa_bits) & ((1 << exponent_bits) - 1);
  const double sign = bits >> 15 != 0 ? -1.0 : 1.0;
  if (exponent == (1 << exponent_bits) - 1) return mantissa != 0 ? std::nan("") : sign * HUGE_VAL;
  // value = units * 2^(exponent - bias - mantissa_bits), where a normal number has a hidden bit.
  double value = static_cast<double>(exponent == 0 ? mantissa : mantissa | 1u << mantissa_bits);
  for (int power = std::max(exponent, 1) - bias - mantissa_bits; power > 0; --power) value *= 2;
  for (int power = std::max(exponent, 1) - bias - mantissa_bits; power < 0; ++power) value /= 2;
  return sign * value;
}

/// To nearest even, overflow to infinity.
uint16_t double_to_half(double value, int exponent_bits) {
  const int mantissa_bits = 15 - exponent_bits;
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  const uint16_t infinity = static_cast<uint16_t>(((1 << exponent_bits) - 1) << mantissa_bits);
  if (value != value) return static_cast<uint16_t>(infinity | 1 << (mantissa_bits - 1));
  double magnitude = value < 0 ? -value : value;
  if (magnitude == HUGE_VAL) return sign | infinity;
  // Scale to units of the last place of its binade; the smallest binade serves the subnormals too.
  int exponent = 1 - bias;
  double unit = 1;
  for (int i = 0; i < bias - 1 + mantissa_bits; ++i) unit /= 2;
  const double limit = static_cast<double>(2 << mantissa_bits);
  while (magnitude / unit >= limit && exponent <= bias) {
    unit *= 2;
    ++exponent;
  }
  uint64_t units = static_cast<uint64_t>(std::nearbyint(std::min(magnitude / unit, limit)));
  if (exponent > bias) return sign | infinity;
  // units < 2^mantissa_bits is subnormal (exponent field 0); a carry runs into the exponent field by itself.
  const uint64_t field = static_cast<uint64_t>(exponent + bias - 1) << mantissa_bits;
  return static_cast<uint16_t>(sign | std::min<uint64_t>(field + units, infinity));
}

}  // namespace

void append_bits(std::vector<uint8_t>& out, DType dtype, uint64_t bits) {
  for (uint32_t i = 0; i < byte_size(dtype); ++i) out.push_back(static_cast<uint8_t>(bits >> (8 * i)));
}

void append_number(std::vector<uint8_t>& out, DType dtype, double value) {
  switch (dtype) {
    case DType::f64: return append_bits(out, dtype, std::bit_cast<uint64_t>(value));
    case DType::f32: return append_bits(out, dtype, std::bit_cast<uint32_t>(static_cast<float>(value)));
    case DType::f16: return append_bits(out, dtype, double_to_half(value, 5));
    case DType::bf16: return append_bits(out, dtype, double_to_half(value, 8));
    default: break;
  }
  const bool fits = value > -9.2e18 && value < 9.2e18;
  append_bits(out, dtype, fits ? static_cast<uint64_t>(static_cast<int64_t>(value)) : 0);
}

std::vector<double> to_doubles(DType dtype, std::span<const uint8_t> bytes) {
  if (!is_float(dtype)) {
    std::vector<double> values;
    for (const int64_t value : to_integers(dtype, bytes)) values.push_back(static_cast<double>(value));
    return values;
  }
  std::vector<double> values;
  const uint32_t size = byte_size(dtype);
  for (size_t at = 0; at + size <= bytes.size(); at += size) {
    const uint64_t bits = load(bytes, at, size);
    switch (dtype) {
      case DType::f64: values.push_back(std::bit_cast<double>(bits)); break;
      case DType::f32: values.push_back(std::bit_cast<float>(static_cast<uint32_t>(bits))); break;
      default: values.push_back(half_to_double(bits, dtype == DType::f16 ? 5 : 8)); break;
    }
  }
  return values;
}

std::vector<int64_t> to_integers(DType dtype, std::span<const uint8_t> bytes) {
  std::vector<int64_t> values;
  const uint32_t size = byte_size(dtype);
  for (size_t at = 0; at + size <= bytes.size(); at += size) {
    uint64_t bits = load(bytes, at, size);
    if (is_signed(dtype) && size < 8 && (bits >> (8 * size - 1)) != 0) bits |= ~uint64_t{0} << (8 * size);
    values.push_back(static_cast<int64_t>(bits));
  }
  return values;
}

}  // namespace weft::onnx

#include "graph/half.hpp"

#include <bit>
#include <cmath>

namespace weft::graph {
namespace {

double power_of_two(int n) { return std::bit_cast<double>(static_cast<uint64_t>(n + 1023) << 52); }

float widen_f16(uint16_t bits) {
  const uint32_t sign = static_cast<uint32_t>(bits & 0x8000) << 16;
  const uint32_t exponent = (bits >> 10) & 31;
  const uint32_t fraction = bits & 1023;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000u | fraction << 13);
  if (exponent != 0) return std::bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
  const float magnitude = static_cast<float>(fraction) * 0x1p-24f;
  return sign ? -magnitude : magnitude;
}

}  // namespace

float widen_half(DType type, uint16_t bits) {
  return type == DType::f16 ? widen_f16(bits) : std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}

uint16_t round_to_half(DType type, double value) {
  const int fraction_bits = type == DType::f16 ? 10 : 7;
  const int bias = type == DType::f16 ? 15 : 127;
  const uint64_t infinity = static_cast<uint64_t>(2 * bias + 1) << fraction_bits;
  if (value != value) return static_cast<uint16_t>(infinity | uint64_t{1} << (fraction_bits - 1));
  const uint64_t sign = std::signbit(value) ? 0x8000 : 0;
  const double magnitude = std::fabs(value);
  if (magnitude >= power_of_two(bias + 1)) return static_cast<uint16_t>(sign | infinity);
  const int exponent = static_cast<int>(std::bit_cast<uint64_t>(magnitude) >> 52) - 1023;
  const int lowest = 1 - bias;
  const int used = exponent < lowest ? lowest : exponent;
  // Units in the last place, rounded to nearest even; a carry runs into the exponent, as it must.
  const double units = std::rint(magnitude * power_of_two(fraction_bits - used));
  const uint64_t bits =
      (static_cast<uint64_t>(used - lowest) << fraction_bits) + static_cast<uint64_t>(units);
  return static_cast<uint16_t>(sign | bits);
}

}  // namespace weft::graph

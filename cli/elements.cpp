// Elements of tensors as numbers.
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "cli/tensors.hpp"

namespace weft::cli {
namespace {

uint16_t to_f16(double value) {
  const auto bits = std::bit_cast<uint32_t>(static_cast<float>(value));
  const uint32_t sign = (bits >> 16) & 0x8000;
  const int exponent = static_cast<int>((bits >> 23) & 255) - 112;
  if (std::isnan(value)) return static_cast<uint16_t>(sign | 0x7e00);
  if (exponent >= 31) return static_cast<uint16_t>(sign | 0x7c00);
  const uint32_t rest = exponent > 0 ? static_cast<uint32_t>(exponent) << 10 | ((bits >> 13) & 1023)
                                     : static_cast<uint32_t>(std::fabs(value) * 0x1p24);
  return static_cast<uint16_t>(sign | rest);
}

double from_f16(uint16_t bits) {
  const double sign = (bits & 0x8000) != 0 ? -1 : 1;
  const int exponent = (bits >> 10) & 31, fraction = bits & 1023;
  if (exponent == 31)
    return fraction != 0 ? std::numeric_limits<double>::quiet_NaN()
                         : sign * std::numeric_limits<double>::infinity();
  if (exponent == 0) return sign * fraction * 0x1p-24;
  return sign * (1024 + fraction) * std::bit_cast<double>(static_cast<uint64_t>(exponent - 25 + 1023) << 52);
}

/// Little-endian, as many bytes as the type has.
void append(std::vector<uint8_t>& bytes, uint64_t bits, uint32_t size) {
  for (uint32_t i = 0; i < size; ++i) bytes.push_back(static_cast<uint8_t>(bits >> (8 * i)));
}

}  // namespace

uint64_t element_count(std::span<const int64_t> shape) {
  uint64_t count = 1;
  for (const int64_t extent : shape) {
    if (extent == 0) return 0;
    if (count > UINT64_MAX / static_cast<uint64_t>(extent)) count = UINT64_MAX;
    else count *= static_cast<uint64_t>(extent);
  }
  return count;
}

void append_element(std::vector<uint8_t>& bytes, DType dtype, double value) {
  const uint32_t size = byte_size(dtype);
  switch (dtype) {
    case DType::f64: return append(bytes, std::bit_cast<uint64_t>(value), size);
    case DType::f32: return append(bytes, std::bit_cast<uint32_t>(static_cast<float>(value)), size);
    case DType::f16: return append(bytes, to_f16(value), size);
    case DType::bf16: return append(bytes, std::bit_cast<uint32_t>(static_cast<float>(value)) >> 16, size);
    default: return append(bytes, static_cast<uint64_t>(static_cast<int64_t>(value)), size);
  }
}

double element_at(std::span<const uint8_t> bytes, DType dtype, size_t index) {
  const uint32_t size = byte_size(dtype);
  uint64_t bits = 0;
  for (uint32_t i = 0; i < size; ++i) bits |= uint64_t{bytes[index * size + i]} << (8 * i);
  switch (dtype) {
    case DType::f64: return std::bit_cast<double>(bits);
    case DType::f32: return std::bit_cast<float>(static_cast<uint32_t>(bits));
    case DType::f16: return from_f16(static_cast<uint16_t>(bits));
    case DType::bf16: return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
    default: break;
  }
  if (!is_signed(dtype)) return static_cast<double>(bits);
  const uint32_t unused = 64 - 8 * size;
  return static_cast<double>(static_cast<int64_t>(bits << unused) >> unused);
}

}  // namespace weft::cli

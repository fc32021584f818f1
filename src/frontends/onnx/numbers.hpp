// Elements of tensors as numbers, and back. Little-endian.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/dtype.hpp"

namespace weft::onnx {

/// Appends `value`, rounded to nearest even (floats) or truncated (integers).
void append_number(std::vector<uint8_t>& out, DType dtype, double value);
/// Appends the low bytes of an integer. For floats the integer is the bit pattern.
void append_bits(std::vector<uint8_t>& out, DType dtype, uint64_t bits);
/// All elements; `bytes` is a whole number of elements.
std::vector<double> to_doubles(DType dtype, std::span<const uint8_t> bytes);
/// All elements of an integer or boolean tensor.
std::vector<int64_t> to_integers(DType dtype, std::span<const uint8_t> bytes);

}  // namespace weft::onnx

// Element types narrower than a byte, and floats of a byte: 4 and 2 bit integers, float8, float4.
//
// The graph has no such types. A value of one is held as the bytes i8 or u8, an element a byte: the number of
// an integer, the bits of a float. What is computed from it is ordinary arithmetic, here; Call::onnx_type
// tells what the bytes mean. Packed initializers stay packed in the file and are taken apart at load.
#pragma once

#include "frontends/onnx/ops/emit.hpp"

namespace weft::onnx {

// TensorProto.DataType
inline constexpr int32_t kFloat8E4M3FN = 17, kFloat8E4M3FNUZ = 18, kFloat8E5M2 = 19, kFloat8E5M2FNUZ = 20,
                         kUint4 = 21, kInt4 = 22, kFloat4E2M1 = 23, kFloat8E8M0 = 24, kUint2 = 25, kInt2 = 26;

/// Bits of an element; 0 for a type that the graph has.
int narrow_bits(int32_t type);
bool is_narrow_float(int32_t type);
/// The least and the largest number of an integer type, narrow ones included.
struct IntegerRange {
  double low, high;
};
IntegerRange integer_range(int32_t type);

/// The numbers of a narrow float as f32; any other value as it is.
ValueId widen(Call& c, ValueId x);
/// Numbers as a narrow type. Floats round to nearest even; beyond the largest they saturate or become what
/// the type has for infinity. Integers wrap, floats are truncated first. `round_mode` (up, down, nearest): of
/// float8e8m0, which has only powers of two.
ValueId narrow(Call& c, ValueId x, int32_t type, bool saturate, std::string_view round_mode = "up");
/// Elements from the bytes u8[ceil(n bits / 8)] in which they are packed, the first in the low bits.
ValueId unpack(Call& c, ValueId packed, int32_t type, const Ints& shape);

}  // namespace weft::onnx

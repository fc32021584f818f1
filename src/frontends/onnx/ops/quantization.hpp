// What quantised operators of both domains share.
#pragma once

#include "frontends/onnx/ops/emit.hpp"

namespace weft::onnx {

/// A scale or zero point so that it broadcasts to x: of one element, along `axis`, or in blocks along it.
ValueId along_axis(Call& c, ValueId parameter, ValueId x, int64_t axis, int64_t block);
/// round(x) + zero as the quantised type (TensorProto.DataType); `zero` is kNoValue or a number of that type.
ValueId saturated(Call& c, ValueId x, ValueId zero, int32_t type, bool saturate);
/// q - zero_point as i32, for products that sum exactly; `zero` may be kNoValue.
ValueId centered(Call& c, ValueId q, ValueId zero);
/// A per-row parameter of a left operand, or a per-column one of a right operand, for broadcasting.
ValueId of_matrix(Call& c, ValueId parameter, bool rows);

/// The u8 numbers over the range that x covers, with 0 in it, and what they mean.
struct DynamicQuantization {
  ValueId y = kNoValue, scale = kNoValue, zero = kNoValue;
};
DynamicQuantization quantize_dynamically(Call& c, ValueId x);

}  // namespace weft::onnx

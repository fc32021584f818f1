// Shared by the poolings (pooling.cpp, windows.cpp).
#pragma once

#include "frontends/onnx/ops/spatial.hpp"

namespace weft::onnx {

/// ceil_mode becomes more padding at the end; a window that would start in that padding is dropped, as in
/// ONNX Runtime.
void apply_ceil_mode(Call& c, const Dims& spatial, Spatial& s);
/// The least number of a type: what padding never wins against.
double lowest(DType dtype);
/// Where in the flattened x (i64) the maximum of each window lies, the first of equals.
ValueId max_pool_indices(Call& c, ValueId x, const Spatial& s, bool column_major);

}  // namespace weft::onnx

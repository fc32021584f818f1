// ONNX Resize, one axis at a time: which elements each result reads, and with which weights. What the evaluator and the expansion of
// resize share, since a coordinate that rounds differently reads another element.
#pragma once

#include "graph/attributes.hpp"

namespace weft::graph {

/// y[i] = sum over taps t of weights[t][i] * x[indices[t][i]]; indices lie in [0, in). Nearest has one tap of weight 1, linear
/// two, cubic four, in ascending order before they are clamped.
struct ResizeTaps {
  std::vector<Ints> indices;
  std::vector<std::vector<double>> weights;
};

/// The taps of one axis of extents `in` > 0 and `out` (ONNX operator Resize, version 19, without antialias and exclude_outside).
/// Coordinates are computed in f32, as ONNX Runtime does: in double, 3 / f32(1/3) would lie below 9.
ResizeTaps resize_taps(const ResizeAttributes& attributes, size_t axis, int64_t in, int64_t out);

}  // namespace weft::graph

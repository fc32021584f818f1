// The coordinate arithmetic of ONNX's Resize, as tables: what the evaluator interpolates with, and what
// lowering may turn into constants.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/attributes.hpp"

namespace weft::graph {

/// One contribution to a result: weight * x[index]. Indices are clamped to the axis (edges repeat), weights
/// sum to 1.
struct ResizeTap {
  int64_t index;
  double weight;
};
using ResizeTaps = std::vector<ResizeTap>;

/// The taps of each of `out` positions of one axis of extent `in` > 0: 1 (nearest), 1 or 2 (linear), up to 4
/// (cubic; a tap whose weight is 0 at every position is none).
std::vector<ResizeTaps> resize_taps(const ResizeAttributes& a, size_t axis, int64_t in, int64_t out);

}  // namespace weft::graph

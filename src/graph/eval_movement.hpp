// Copies by one table per axis. Internal to graph/.
#pragma once

#include "graph/eval.hpp"

namespace weft::graph::evaluators {

/// For each result axis, the offset (in elements of x) that each index adds; kFill where no element of x
/// belongs.
using AxisMaps = std::vector<Ints>;
inline constexpr int64_t kFill = INT64_MIN / 64;

/// y[i, j, …] = x[maps[0][i] + maps[1][j] + …], or the element at `fill` (null: zero).
void copy_mapped(const Tensor& x, const AxisMaps& maps, const void* fill, Tensor& y);

}  // namespace weft::graph::evaluators

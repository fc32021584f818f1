// Checks and comparisons of extents. Internal to graph/.
#pragma once

#include "graph/undecided.hpp"

namespace weft::graph {

/// The largest extent, and the most elements that a value may have (a zero extent counts as one there, so
/// that strides are bounded too).
inline constexpr int64_t kMaxExtent = int64_t{1} << 40;
/// Bounds strides, pads, dilations and the like, so that what the shape rules compute of them fits.
inline constexpr int64_t kMaxAmount = int64_t{1} << 31;

/// Whether two extents are known to be equal.
bool same_extent(const expr::Expr& a, const expr::Expr& b);
bool same_shape(const Shape& a, const Shape& b);
/// "[1, 3, h]"
std::string to_string(const Shape& shape);
/// What is wrong with the extents as a value's shape; empty when nothing is.
std::string shape_fault(const Shape& shape);
std::string shape_fault(const Shape& shape, Undecided& undecided);
/// What is wrong with an axis of a value of this rank; empty when nothing is.
std::string axis_fault(int64_t axis, size_t rank);

}  // namespace weft::graph

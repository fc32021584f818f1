// How far a computed tensor is from an expected one.
#pragma once

#include "graph/eval.hpp"

namespace weft::graph {

struct Difference {
  uint64_t elements = 0;
  uint64_t differing = 0;        ///< elements that are not equal; NaN equals NaN, 0 equals -0
  double max_abs = 0;            ///< infinite where one is NaN or infinite and the other is not the same
  double largest = 0;            ///< largest finite magnitude of what was expected
  uint64_t worst = 0;            ///< row-major index of the largest difference
  double got = 0, expected = 0;  ///< there

  /// The largest difference by the largest magnitude: rounding grows with the terms of a sum, which cancel in
  /// small results.
  double relative() const { return largest > 0 ? max_abs / largest : max_abs; }
};

/// Both have the same shape; dtypes may differ (the arbiter's values are f64). 64-bit integers are compared
/// as doubles.
Difference compare(const Tensor& got, const Tensor& expected);

}  // namespace weft::graph

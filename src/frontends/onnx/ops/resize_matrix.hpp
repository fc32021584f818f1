// Resizing one axis by a matrix (resize_matrix.cpp).
#pragma once

#include <string>

#include "frontends/onnx/ops/emit.hpp"

namespace weft::onnx {

/// As the operator's page has them.
struct AxisResize {
  int64_t in, out;
  double scale;
  std::string mode, coordinates, nearest;
  bool antialias, exclude_outside;
  double cubic_a, extrapolation;
  double roi_begin = 0, roi_end = 1;
};

ValueId resize_axis(Call& c, ValueId x, int64_t axis, const AxisResize& r);

}  // namespace weft::onnx

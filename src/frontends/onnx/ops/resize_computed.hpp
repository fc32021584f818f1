// Resizing one axis whose extents depend on symbols (resize_computed.cpp).
#pragma once

#include <string>

#include "frontends/onnx/ops/term.hpp"

namespace weft::onnx {

/// As the operator's page has them.
struct ResizeForm {
  graph::ResizeMode mode = graph::ResizeMode::nearest;
  std::string coordinates, nearest;
  bool antialias = false, exclude_outside = false;
  double cubic_a = -0.75, extrapolation = 0;
};

struct ResizedAxis {
  expr::Expr extent;  ///< of the result
  Term scale = 1;     ///< in f32
  double least_scale = 1;
  double roi_begin = 0, roi_end = 1;  ///< of tf_crop_and_resize
};

/// x resized along one axis: [out] places and weights for each of a few taps, gathered and summed.
ValueId resize_computed(Call& c, ValueId x, int64_t axis, const ResizeForm& form, const ResizedAxis& to);

/// floor(extent * scale), as f32 computes it for each extent in its range; refused where that is no
/// expression.
expr::Expr scaled_extent(Call& c, const expr::Expr& extent, double scale);

/// The extents and scales along `axes` that `sizes` mean, and keep_aspect_ratio_policy makes of them.
std::vector<ResizedAxis> axes_of_sizes(Call& c, const Dims& from, const Ints& axes, const Dims& sizes,
                                       const std::string& policy);

}  // namespace weft::onnx

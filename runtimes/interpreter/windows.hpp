// Windows that slide over images that lie channels-last.
#pragma once

#include "interpreter/gemm.hpp"
#include "interpreter/planner.hpp"

namespace weft::interpreter {

/// Two axes; where a model has one, y is 1.
struct WindowShape {
  int64_t images = 1, in_y = 1, in_x = 1, out_y = 1, out_x = 1;
  int64_t window_y = 1, window_x = 1, stride_y = 1, stride_x = 1, dilation_y = 1, dilation_x = 1;
  int64_t pad_y = 0, pad_x = 0;  ///< in front
};

/// Of x[N, C, spatial] and y[N, C, spatial] with one or two spatial axes.
WindowShape window_shape(const Ints& x, const Ints& y, const Ints& window, const Ints& strides,
                         const Ints& dilations, const Ints& pads);

/// Windows that lie within the image.
struct Windows {
  WindowShape shape;  ///< in_y and in_x with the padding; no pads
  int64_t channels = 1;
  Ref x, out;
};

/// Plans a copy of the images with their padding, filled with `value`, where windows reach into it.
Windows padded_windows(Planner& planner, Ref x, const WindowShape& shape, int64_t channels, float value);

void run_depthwise(const Windows& windows, const float* weights, const float* bias, const Clip& clip);
void run_pool_max(const Windows& windows);
/// `counts`: what the sum of each point is divided by.
void run_pool_sum(const Windows& windows, const float* counts);

}  // namespace weft::interpreter

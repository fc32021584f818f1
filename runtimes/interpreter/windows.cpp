#include "interpreter/windows.hpp"

#include <algorithm>

#include "kernels.hpp"

namespace weft::interpreter {

WindowShape window_shape(const Ints& x, const Ints& y, const Ints& window, const Ints& strides,
                         const Ints& dilations, const Ints& pads) {
  const bool two = y.size() == 4;
  const size_t last = two ? 1 : 0;
  WindowShape s;
  s.images = y[0];
  s.in_x = x.back();
  s.out_x = y.back();
  s.window_x = window[last];
  s.stride_x = strides[last];
  s.dilation_x = dilations[last];
  s.pad_x = pads[last];
  if (!two) return s;
  s.in_y = x[2];
  s.out_y = y[2];
  s.window_y = window[0];
  s.stride_y = strides[0];
  s.dilation_y = dilations[0];
  s.pad_y = pads[0];
  return s;
}

Windows padded_windows(Planner& planner, Ref x, const WindowShape& shape, int64_t channels, float value) {
  Windows windows{shape, channels, x, {}};
  WindowShape& s = windows.shape;
  // What the windows reach.
  const int64_t reach_y = (s.out_y - 1) * s.stride_y + (s.window_y - 1) * s.dilation_y + 1;
  const int64_t reach_x = (s.out_x - 1) * s.stride_x + (s.window_x - 1) * s.dilation_x + 1;
  if (s.pad_y == 0 && s.pad_x == 0 && reach_y <= s.in_y && reach_x <= s.in_x) return windows;
  s.in_y = reach_y;
  s.in_x = reach_x;
  s.pad_y = s.pad_x = 0;
  windows.x = planner.scratch(static_cast<uint64_t>(s.images * reach_y * reach_x * channels) * sizeof(float));
  planner.step([=, to = windows.x]() -> Result<void> {
    const int64_t lines = std::min(shape.in_y, reach_y - shape.pad_y);
    const int64_t points = std::min(shape.in_x, reach_x - shape.pad_x) * channels;
    const int64_t line = reach_x * channels;
    std::fill_n(to.floats(), shape.images * reach_y * line, value);
    for (int64_t image = 0; image < shape.images; ++image)
      for (int64_t y = 0; y < lines; ++y)
        std::copy_n(x.floats() + (image * shape.in_y + y) * shape.in_x * channels, points,
                    to.floats() + (image * reach_y + shape.pad_y + y) * line + shape.pad_x * channels);
    return {};
  });
  return windows;
}

namespace {

int32_t narrow(int64_t value) { return static_cast<int32_t>(value); }

/// What all kernels on windows share: a part of the points of one image, and of the channels.
template <class Kernel>
Kernel kernel_at(const Windows& w, int64_t image, int64_t first_x, int64_t first_channel) {
  const WindowShape& s = w.shape;
  const int64_t point = s.stride_x * w.channels, line = s.in_x * w.channels;
  Kernel kernel{};
  kernel.a = w.x.floats() + image * s.in_y * line + first_x * point + first_channel;
  kernel.out = w.out.floats() + (image * s.out_y * s.out_x + first_x) * w.channels + first_channel;
  kernel.y = narrow(s.out_y);
  kernel.in_y = narrow(s.stride_y * line);
  kernel.in_x = narrow(point);
  kernel.tap_y = narrow(s.dilation_y * line);
  kernel.tap_x = narrow(s.dilation_x * w.channels);
  kernel.window_y = narrow(s.window_y);
  kernel.window_x = narrow(s.window_x);
  kernel.channels = narrow(w.channels);
  kernel.out_y = narrow(s.out_x * w.channels);
  return kernel;
}

/// x: times the points that the kernel does at once; c: times its lanes.
template <class Kernel>
void run_depthwise_part(const Windows& w, int64_t image, const float* weights, const float* bias,
                        const Clip& clip, int64_t first_x, int64_t x, int64_t first_channel, int64_t c) {
  if (x <= 0 || c <= 0) return;
  Kernel kernel = kernel_at<Kernel>(w, image, first_x, first_channel);
  kernel.b = weights + first_channel;
  kernel.bias = bias + first_channel;
  kernel.lo = &clip.lo;
  kernel.hi = &clip.hi;
  kernel.x = narrow(x);
  kernel.c = narrow(c);
  kernel();
}

}  // namespace

void run_depthwise(const Windows& w, const float* weights, const float* bias, const Clip& clip) {
  const int64_t wide = w.shape.out_x / 4 * 4, whole = w.channels / 4 * 4;
  for (int64_t image = 0; image < w.shape.images; ++image) {
    run_depthwise_part<kernels::depthwise_c4_x4>(w, image, weights, bias, clip, 0, wide / 4, 0, whole / 4);
    run_depthwise_part<kernels::depthwise_c4_x1>(w, image, weights, bias, clip, wide, w.shape.out_x - wide, 0,
                                                 whole / 4);
    run_depthwise_part<kernels::depthwise_c1_x1>(w, image, weights, bias, clip, 0, w.shape.out_x, whole,
                                                 w.channels - whole);
  }
}

namespace {

template <class Whole, class Single, class Set>
void run_pool(const Windows& w, Set&& set) {
  const int64_t whole = w.channels / 4 * 4;
  for (int64_t image = 0; image < w.shape.images; ++image) {
    auto vectors = kernel_at<Whole>(w, image, 0, 0);
    vectors.x = narrow(w.shape.out_x);
    vectors.c = narrow(whole / 4);
    set(vectors);
    vectors();
    auto rest = kernel_at<Single>(w, image, 0, whole);
    rest.x = narrow(w.shape.out_x);
    rest.c = narrow(w.channels - whole);
    set(rest);
    if (rest.c > 0) rest();
  }
}

}  // namespace

void run_pool_max(const Windows& w) {
  run_pool<kernels::pool_max_c4, kernels::pool_max_c1>(w, [](auto&) {});
}

void run_pool_sum(const Windows& w, const float* counts) {
  run_pool<kernels::pool_sum_c4, kernels::pool_sum_c1>(w, [&](auto& kernel) { kernel.count = counts; });
}

}  // namespace weft::interpreter

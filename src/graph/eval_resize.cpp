// resize: separable interpolation by tables of taps, axis by axis.
#include <algorithm>
#include <cmath>

#include "graph/evaluators.hpp"
#include "graph/resize_taps.hpp"

namespace weft::graph {
namespace {

/// The source coordinate of an output index, in f32 as ONNX Runtime computes it: at ties the rounding
/// decides.
float coordinate(CoordinateMode mode, int64_t at, int64_t in, int64_t out, float scale) {
  const auto x = static_cast<float>(at);
  switch (mode) {
    case CoordinateMode::pytorch_half_pixel:
      if (out <= 1) return 0;
      [[fallthrough]];
    case CoordinateMode::half_pixel: return (x + 0.5f) / scale - 0.5f;
    case CoordinateMode::align_corners:
      return out <= 1 ? 0 : x * static_cast<float>(in - 1) / static_cast<float>(out - 1);
    case CoordinateMode::asymmetric: return x / scale;
  }
  return 0;
}

double round_nearest(NearestMode mode, double x) {
  switch (mode) {
    case NearestMode::round_prefer_floor: return std::ceil(x - 0.5);
    case NearestMode::round_prefer_ceil: return std::floor(x + 0.5);
    case NearestMode::floor: return std::floor(x);
    case NearestMode::ceil: return std::ceil(x);
  }
  return x;
}

int64_t clamp_index(double at, int64_t n) {
  return static_cast<int64_t>(std::clamp(at, 0.0, static_cast<double>(n - 1)));
}

/// Keys' cubic convolution at distance t >= 0 of a tap.
double cubic_weight(double t, double a) {
  if (t <= 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
  if (t < 2) return ((t - 5) * t + 8) * t * a - 4 * a;
  return 0;
}

/// What no position takes is not read: on an axis that keeps its extent the neighbours of a NaN stay what
/// they are.
void drop_zeros(std::vector<ResizeTaps>& all) {
  size_t count = SIZE_MAX;
  for (const ResizeTaps& taps : all) count = std::min(count, taps.size());
  for (size_t t = all.empty() ? 0 : count; t-- > 0 && count > 1;) {
    const auto is_zero = [&](const ResizeTaps& taps) { return taps[t].weight == 0; };
    if (!std::ranges::all_of(all, is_zero)) continue;
    for (ResizeTaps& taps : all) taps.erase(taps.begin() + static_cast<std::ptrdiff_t>(t));
    --count;
  }
}

}  // namespace

std::vector<ResizeTaps> resize_taps(const ResizeAttributes& a, size_t axis, int64_t in, int64_t out) {
  std::vector<ResizeTaps> all;
  for (int64_t at = 0; at < out; ++at) {
    ResizeTaps taps;
    const double x = coordinate(a.coordinates, at, in, out, static_cast<float>(a.scales[axis]));
    if (a.mode == ResizeMode::nearest) {
      taps.push_back({clamp_index(round_nearest(a.nearest, x), in), 1});
    } else if (a.mode == ResizeMode::linear) {
      const double inside = std::clamp(x, 0.0, static_cast<double>(in - 1));
      const double low = std::floor(inside);
      taps.push_back({clamp_index(low, in), 1 - (inside - low)});
      if (inside != low) taps.push_back({clamp_index(low + 1, in), inside - low});
    } else {
      const double low = std::floor(x);
      for (int k = -1; k <= 2; ++k)
        taps.push_back({clamp_index(low + k, in), cubic_weight(std::fabs(x - (low + k)), a.cubic_a)});
    }
    all.push_back(std::move(taps));
  }
  drop_zeros(all);
  return all;
}

namespace evaluators {
namespace {

/// One axis of x [outer, in, inner] by taps, to [outer, taps.size(), inner].
template <class T>
std::vector<T> resize_axis(const std::vector<T>& x, int64_t outer, int64_t in, int64_t inner,
                           const std::vector<ResizeTaps>& taps) {
  const auto out = static_cast<int64_t>(taps.size());
  std::vector<T> y(static_cast<size_t>(outer * out * inner), T{0});
  for (int64_t o = 0; o < outer; ++o) {
    for (int64_t i = 0; i < out; ++i) {
      T* to = y.data() + (o * out + i) * inner;
      const ResizeTaps& all = taps[static_cast<size_t>(i)];
      for (const ResizeTap& tap : all) {
        const T* from = x.data() + (o * in + tap.index) * inner;
        if (all.size() == 1) std::copy(from, from + inner, to);
        else if constexpr (std::is_floating_point_v<T>)
          for (int64_t j = 0; j < inner; ++j) to[j] += tap.weight * from[j];
      }
    }
  }
  return y;
}

/// Interpolates in double whatever the element type is, and rounds once at the end; nearest only copies.
template <class T>
std::vector<T> resize_axes(const ResizeAttributes& a, std::vector<T> x, Ints shape, const Ints& to) {
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    const std::vector<ResizeTaps> taps = resize_taps(a, axis, shape[axis], to[axis]);
    const bool identity = shape[axis] == to[axis] && std::ranges::all_of(taps, [&](const ResizeTaps& t) {
                            return t.size() == 1 && t[0].index == &t - taps.data();
                          });
    if (identity) continue;
    const int64_t outer = element_count(std::span(shape).first(axis));
    const int64_t inner = element_count(std::span(shape).subspan(axis + 1));
    x = resize_axis(x, outer, shape[axis], inner, taps);
    shape[axis] = to[axis];
  }
  return x;
}

template <class T>
std::vector<T> elements(const Tensor& t) {
  return std::vector<T>(data<T>(t), data<T>(t) + element_count(t.shape));
}

}  // namespace

Result<void> resize(const Call& call) {
  const auto& a = call.attributes<ResizeAttributes>();
  const Tensor& x = *call.x[0];
  if (element_count(call.y.shape) == 0) return {};
  if (element_count(x.shape) == 0)
    return fail(ErrorKind::invalid_model, "nothing is resized to something", call.node.source);
  if (a.mode == ResizeMode::nearest) {
    with_width(x.dtype, [&]<class T>(std::type_identity<T>) {
      const std::vector<T> y = resize_axes(a, elements<T>(x), x.shape, call.y.shape);
      std::copy(y.begin(), y.end(), data<T>(call.y));
    });
    return {};
  }
  const std::vector<double> y =
      resize_axes(a, elements<double>(convert(x, DType::f64)), x.shape, call.y.shape);
  Tensor wide{DType::f64, call.y.shape, std::vector<uint8_t>(y.size() * sizeof(double))};
  std::copy(y.begin(), y.end(), data<double>(wide));
  call.y.bytes = convert(wide, call.y.dtype).bytes;
  return {};
}

}  // namespace evaluators
}  // namespace weft::graph

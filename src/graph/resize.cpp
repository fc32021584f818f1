#include "graph/resize.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/check.hpp"

namespace weft::graph {
namespace {

struct Axis {
  float in, out, scale;
};

/// The length that align_corners spreads over: in * scale, which need not be whole. Scales made of sizes give the extent itself.
float resized_length(const Axis& axis) {
  const float length = axis.in * axis.scale;
  return std::fabs(length - axis.out) < 1e-4f * axis.out ? axis.out : length;
}

float source_coordinate(CoordinateMode mode, const Axis& axis, float x) {
  switch (mode) {
    case CoordinateMode::half_pixel: return (x + 0.5f) / axis.scale - 0.5f;
    case CoordinateMode::pytorch_half_pixel: return axis.out > 1 ? (x + 0.5f) / axis.scale - 0.5f : 0;
    case CoordinateMode::align_corners: {
      const float length = resized_length(axis);
      return length == 1 ? 0 : x * (axis.in - 1) / (length - 1);
    }
    case CoordinateMode::asymmetric: return x / axis.scale;
  }
  WEFT_UNREACHABLE("a coordinate mode");
}

float nearest_index(NearestMode mode, float x) {
  switch (mode) {
    case NearestMode::round_prefer_floor: return std::ceil(x - 0.5f);
    case NearestMode::round_prefer_ceil: return std::floor(x + 0.5f);
    case NearestMode::floor: return std::floor(x);
    case NearestMode::ceil: return std::ceil(x);
  }
  WEFT_UNREACHABLE("a nearest mode");
}

/// Keys' kernel at the distances r + 1, r, 1 - r, 2 - r.
std::array<double, 4> cubic_weights(double r, double a) {
  const auto near = [a](double d) { return ((a + 2) * d - (a + 3)) * d * d + 1; };
  const auto far = [a](double d) { return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a; };
  return {far(r + 1), near(r), near(1 - r), far(2 - r)};
}

struct Tap {
  int64_t offset;
  double weight;
};

}  // namespace

ResizeTaps resize_taps(const ResizeAttributes& attributes, size_t axis, int64_t in, int64_t out) {
  WEFT_CHECK(in > 0, "resizing nothing");
  const Axis lengths{static_cast<float>(in), static_cast<float>(out), static_cast<float>(attributes.scales[axis])};
  ResizeTaps taps;
  for (int64_t i = 0; i < out; ++i) {
    // Beyond the edges all is the edge; bounded so that casts are defined.
    const float any = source_coordinate(attributes.coordinates, lengths, static_cast<float>(i));
    const float x = std::min(std::max(any, -4.0f), lengths.in + 4);
    const bool nearest = attributes.mode == ResizeMode::nearest;
    const float base = nearest ? nearest_index(attributes.nearest, x) : std::floor(x);
    const double r = static_cast<double>(x - base);
    std::vector<Tap> at = {{0, 1}};
    if (attributes.mode == ResizeMode::linear) at = {{0, 1 - r}, {1, r}};
    if (attributes.mode == ResizeMode::cubic) {
      const auto w = cubic_weights(r, attributes.cubic_a);
      at = {{-1, w[0]}, {0, w[1]}, {1, w[2]}, {2, w[3]}};
    }
    taps.indices.resize(at.size());
    taps.weights.resize(at.size());
    for (size_t t = 0; t < at.size(); ++t) {
      taps.indices[t].push_back(std::clamp<int64_t>(static_cast<int64_t>(base) + at[t].offset, 0, in - 1));
      taps.weights[t].push_back(at[t].weight);
    }
  }
  return taps;
}

}  // namespace weft::graph

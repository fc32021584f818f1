// The rarer kinds of Resize: antialias, exclude_outside, tf_crop_and_resize, half_pixel_symmetric. What they
// do to an axis is a matrix that is known here: [outputs, inputs], a few weights a row.
#include <algorithm>
#include <cmath>

#include "frontends/onnx/ops/resize_matrix.hpp"

namespace weft::onnx {
namespace {

constexpr int64_t kMaxMatrix = int64_t{1} << 24;  // elements

/// Keys' cubic kernel.
double cubic(double x, double a) {
  x = std::fabs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return 0;
}

double original(const AxisResize& r, int64_t at) {
  const double x = static_cast<double>(at), in = static_cast<double>(r.in), out = static_cast<double>(r.out);
  if (r.coordinates == "tf_crop_and_resize") {
    if (r.out == 1) return 0.5 * (r.roi_begin + r.roi_end) * (in - 1);
    return r.roi_begin * (in - 1) + x * (r.roi_end - r.roi_begin) * (in - 1) / (out - 1);
  }
  if (r.coordinates == "align_corners") return r.out == 1 ? 0 : x * (in - 1) / (out - 1);
  if (r.coordinates == "asymmetric") return x / r.scale;
  if (r.coordinates == "pytorch_half_pixel") return r.out == 1 ? 0 : (x + 0.5) / r.scale - 0.5;
  const double half_pixel = (x + 0.5) / r.scale - 0.5;
  if (r.coordinates != "half_pixel_symmetric") return half_pixel;
  return in / 2 * (1 - out / (r.scale * in)) + half_pixel;
}

int64_t nearest(double x, const std::string& mode) {
  if (mode == "floor") return static_cast<int64_t>(std::floor(x));
  if (mode == "ceil") return static_cast<int64_t>(std::ceil(x));
  if (mode == "round_prefer_ceil") return static_cast<int64_t>(std::floor(x + 0.5));
  return static_cast<int64_t>(std::ceil(x - 0.5));
}

/// The weights of one output, added to a row.
void add_taps(const AxisResize& r, double x, double* row) {
  const auto inside = [&](int64_t i) { return std::clamp<int64_t>(i, 0, r.in - 1); };
  if (r.mode == "nearest") {
    row[inside(nearest(x, r.nearest))] = 1;
    return;
  }
  const bool is_cubic = r.mode == "cubic";
  const double stretch = r.antialias ? std::min(r.scale, 1.0) : 1.0;
  const double reach = is_cubic ? 2 : 1;
  const double base = std::ceil(x) - 1, ratio = x - base;  // ratio in (0, 1]
  const int64_t start = static_cast<int64_t>(std::floor(-reach / stretch)) + 1;
  std::vector<double> weights;
  double sum = 0;
  for (int64_t i = start; i < 2 - start; ++i) {
    const double distance = (static_cast<double>(i) - ratio) * stretch;
    double weight = is_cubic ? cubic(distance, r.cubic_a) : std::max(0.0, 1 - std::fabs(distance));
    const int64_t at = static_cast<int64_t>(base) + i;
    if (r.exclude_outside && (at < 0 || at >= r.in)) weight = 0;
    weights.push_back(weight);
    sum += weight;
  }
  for (size_t i = 0; i < weights.size(); ++i)
    row[inside(static_cast<int64_t>(base) + start + static_cast<int64_t>(i))] += weights[i] / sum;
}

}  // namespace

ValueId resize_axis(Call& c, ValueId x, int64_t axis, const AxisResize& r) {
  if (!c.ok()) return kNoValue;
  if (r.in < 1 || r.in * r.out > kMaxMatrix) {
    c.fail(ErrorKind::limit, "the axis is too long for this kind of resizing");
    return kNoValue;
  }
  std::vector<double> matrix(static_cast<size_t>(r.in * r.out), 0), outside(static_cast<size_t>(r.out), 0);
  bool extrapolates = false;
  for (int64_t at = 0; at < r.out; ++at) {
    const double v = original(r, at);
    if (r.coordinates == "tf_crop_and_resize" && (v < 0 || v > static_cast<double>(r.in - 1))) {
      outside[static_cast<size_t>(at)] = r.extrapolation;
      extrapolates = true;
    } else {
      add_taps(r, v, matrix.data() + at * r.in);
    }
  }
  // [inputs, outputs] from the right.
  std::vector<double> turned(matrix.size());
  for (int64_t i = 0; i < r.out; ++i)
    for (int64_t j = 0; j < r.in; ++j)
      turned[static_cast<size_t>(j * r.out + i)] = matrix[static_cast<size_t>(i * r.in + j)];
  const DType dtype = c.dtype(x);
  const ValueId weights = c.constant(dtype, {r.in, r.out}, turned);
  const Ints shape = c.shape(x);
  Ints order = axis_range(0, static_cast<int64_t>(shape.size()));
  std::swap(order[static_cast<size_t>(axis)], order.back());
  const ValueId last = transpose(c, x, order);
  const ValueId flat = reshape(c, last, {element_count(shape) / r.in, r.in});
  ValueId y = c.emit(Op::matmul, {flat, weights});
  if (extrapolates) {
    const ValueId more = c.constant(dtype, {r.out}, outside);
    y = add(c, y, more);
  }
  Ints result;
  for (const int64_t from : order) result.push_back(shape[static_cast<size_t>(from)]);
  result.back() = r.out;
  const ValueId apart = reshape(c, y, result);
  return transpose(c, apart, order);
}

}  // namespace weft::onnx

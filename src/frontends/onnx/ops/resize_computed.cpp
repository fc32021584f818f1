// Resize of extents that depend on symbols: coordinates, places and weights are computed from iota, in f32 as
// ONNX Runtime computes them (at ties the rounding decides).
#include "frontends/onnx/ops/resize_computed.hpp"

#include <fmt/format.h>

#include <cmath>

namespace weft::onnx {
namespace {

constexpr int64_t kMaxTaps = 64;          // that are written out
constexpr int64_t kMaxDivisor = 4096;     // of scales that are fractions
constexpr int64_t kMaxChecked = 1 << 20;  // extents for which a formula is tried

using graph::ResizeMode;

/// An axis while it is resized: terms in f32.
struct Axis {
  expr::Expr in, out;
  Term in_extent, out_extent, last;
};

/// Where each element of the result lies in x.
Term coordinates_of(const Axis& axis, const ResizeForm& form, const ResizedAxis& to) {
  const Term at = convert(iota({axis.out}, 0), DType::f32);
  const Term gaps = maximum(axis.out_extent - 1.0, 1.0);
  const bool is_long = expr::always(expr::less(1, axis.out));
  const auto unless_one = [&](const Term& of_one, const Term& else_) {
    return is_long ? else_ : select(less(axis.out_extent, 2.0), of_one, else_);
  };
  const std::string& mode = form.coordinates;
  if (mode == "asymmetric") return at / to.scale;
  if (mode == "align_corners") return at * axis.last / gaps;
  if (mode == "tf_crop_and_resize") {
    const Term first = axis.last * to.roi_begin;
    const Term middle = at * 0.0 + axis.last * (0.5 * (to.roi_begin + to.roi_end));
    return unless_one(middle, first + at * (axis.last * (to.roi_end - to.roi_begin)) / gaps);
  }
  const Term half_pixel = (at + 0.5) / to.scale - 0.5;
  if (mode == "pytorch_half_pixel") return unless_one(at * 0.0, half_pixel);
  if (mode != "half_pixel_symmetric") return half_pixel;
  const Term adjustment = axis.out_extent / (to.scale * axis.in_extent);
  return half_pixel + axis.in_extent / 2.0 * (1.0 - adjustment);
}

Term nearest_to(const Term& x, const std::string& mode) {
  if (mode == "floor") return floor(x);
  if (mode == "ceil") return ceil(x);
  if (mode == "round_prefer_floor") return ceil(x - 0.5);
  const Term below = floor(x);  // x + 0.5 may round up
  return select(less(x - below, 0.5), below, below + 1.0);
}

/// Keys' cubic convolution for a distance >= 0.
Term cubic(const Term& d, double a) {
  const Term near = ((d * (a + 2) - (a + 3)) * d) * d + 1.0, far = ((d * a - 5 * a) * d + 8 * a) * d - 4 * a;
  return select(less(d, 1.0), near, select(less(d, 2.0), far, 0.0));
}

/// [out] -> what broadcasts along the axis.
ValueId along(Call& c, ValueId values, size_t axis, size_t rank) {
  if (!c.ok()) return kNoValue;
  Dims shape = Ints(rank - axis, 1);
  shape[0] = c.dims(values)[0];
  return reshape(c, values, shape);
}

struct Tap {
  Term place;  ///< whole, in f32; outside it means the edge
  Term weight;
};

/// The taps around coordinates x (in f32); their weights sum to 1.
std::vector<Tap> taps_around(Call& c, ValueId x, const Axis& axis, const ResizeForm& form,
                             const ResizedAxis& to) {
  const bool is_cubic = form.mode == ResizeMode::cubic;
  const double stretched = form.antialias ? std::min(to.least_scale, 1.0) : 1.0;
  const double reach = std::ceil((is_cubic ? 2 : 1) / stretched);
  if (!(2 * reach <= static_cast<double>(kMaxTaps))) {
    c.unsupported(
        fmt::format("from the extent {} to {} with antialias", expr::print(axis.in), expr::print(axis.out)));
    return {};
  }
  const Term stretch = form.antialias ? minimum(to.scale, 1.0) : Term(1.0);
  const ValueId base = emit(c, floor(x));
  const ValueId ratio = emit(c, Term(x) - base);
  std::vector<Tap> taps;
  Term sum = 0.0;
  for (double k = 1 - reach; k <= reach; ++k) {
    const Term distance = form.antialias ? abs(k - Term(ratio)) * stretch : abs(k - Term(ratio));
    Term weight = is_cubic ? cubic(distance, form.cubic_a) : maximum(1.0 - distance, 0.0);
    const Term place = Term(base) + k;
    if (form.exclude_outside)
      weight = select(less_equal(0.0, place) && less_equal(place, axis.last), weight, 0.0);
    sum = taps.empty() ? weight : sum + weight;
    taps.push_back({place, weight});
  }
  if (!form.antialias && !form.exclude_outside) return taps;
  const ValueId all = emit(c, sum);
  for (Tap& tap : taps) tap.weight = tap.weight / all;
  return taps;
}

/// Interpolation rounds once per weighted sum, so narrow types are widened first.
DType computed_type(DType dtype) {
  const bool wide = byte_size(dtype) == 8 || (is_integer(dtype) && byte_size(dtype) == 4);
  return wide ? DType::f64 : DType::f32;
}

ValueId taken(Call& c, ValueId x, int64_t axis, const Term& place, const Term& last) {
  const ValueId index = emit(c, convert(minimum(maximum(place, 0.0), last), DType::i32));
  return c.emit(Op::gather, {x, index}, graph::AxisAttributes{axis});
}

/// floor(n * p / q) for the n of a range, as f32 computes floor(n * scale).
bool agrees(int64_t p, int64_t q, double scale, const expr::Interval& range) {
  for (int64_t n = *range.min; n <= *range.max; ++n)
    if (std::floor(static_cast<float>(n) * static_cast<float>(scale)) != static_cast<float>(n * p / q))
      return false;
  return true;
}

}  // namespace

ValueId resize_computed(Call& c, ValueId x, int64_t axis, const ResizeForm& form, const ResizedAxis& to) {
  if (!c.ok()) return kNoValue;
  const auto at = static_cast<size_t>(axis);
  const Dims shape = c.dims(x);
  Axis a{shape[at], to.extent, 0, 0, 0};
  if (!require_positive(c, {a.in})) return kNoValue;
  a.in_extent = number(c, a.in, DType::f32);
  a.out_extent = number(c, a.out, DType::f32);
  a.last = a.in_extent - 1.0;
  const ValueId coordinates = emit(c, coordinates_of(a, form, to));
  const DType dtype = c.dtype(x);
  ValueId y = kNoValue;
  if (form.mode == ResizeMode::nearest) {
    y = taken(c, x, axis, nearest_to(coordinates, form.nearest), a.last);
  } else {
    const DType wide = computed_type(dtype);
    const ValueId given = cast(c, x, wide);
    for (const Tap& tap : taps_around(c, coordinates, a, form, to)) {
      const ValueId weight = along(c, emit(c, convert(tap.weight, wide)), at, shape.size());
      const ValueId part = mul(c, taken(c, given, axis, tap.place, a.last), weight);
      y = y == kNoValue ? part : add(c, y, part);
    }
  }
  if (form.coordinates == "tf_crop_and_resize" && c.ok()) {
    const Term outside = less(coordinates, 0.0) || less(a.last, coordinates);
    const ValueId is_outside = along(c, emit(c, outside), at, shape.size());
    y = emit(c, select(is_outside, form.extrapolation, y));
  }
  return cast(c, y, dtype);
}

expr::Expr scaled_extent(Call& c, const expr::Expr& extent, double scale) {
  const expr::Interval range = expr::bounds(extent);
  if (!(scale > 0) || !(scale < 1e6) || !range.min || !range.max ||
      static_cast<double>(*range.max) * scale > 1e12) {
    c.invalid(fmt::format("the scale {} of the extent {}", scale, expr::print(extent)));
    return extent;
  }
  for (int64_t q = 1; q <= kMaxDivisor && *range.max - *range.min <= kMaxChecked; ++q) {
    const auto p = static_cast<int64_t>(std::floor(scale * static_cast<double>(q) + 0.5));
    const bool is_scale =
        static_cast<float>(static_cast<double>(p) / static_cast<double>(q)) == static_cast<float>(scale);
    if (is_scale && agrees(p, q, scale, range)) return expr::floor_div(extent * p, q);
  }
  c.unsupported(fmt::format("by {} of an extent that depends on symbols", scale));
  return extent;
}

std::vector<ResizedAxis> axes_of_sizes(Call& c, const Dims& from, const Ints& axes, const Dims& sizes,
                                       const std::string& policy) {
  const bool is_larger = policy == "not_smaller";
  std::vector<ResizedAxis> result;
  // The one scale is a fraction of two extents.
  expr::Expr numerator = 0, denominator = 0;
  for (size_t i = 0; i < axes.size(); ++i) {
    const expr::Expr in = from[static_cast<size_t>(axes[i])], out = sizes[i];
    if (!require_positive(c, {in})) return {};
    const expr::Expr left = out * denominator, right = numerator * in;
    const expr::Expr wins = i == 0      ? expr::Expr(1)
                            : is_larger ? expr::less(right, left)
                                        : expr::less(left, right);
    numerator = expr::select(wins, out, numerator);
    denominator = expr::select(wins, in, denominator);
  }
  for (size_t i = 0; i < axes.size(); ++i) {
    const expr::Expr in = from[static_cast<size_t>(axes[i])];
    ResizedAxis axis{sizes[i]};
    if (policy != "stretch") {
      const expr::Expr divisor = expr::max(denominator, 1);
      const expr::Expr extent = expr::floor_div(numerator * in * 2 + divisor, divisor * 2);
      axis.extent = is_larger ? expr::max(extent, sizes[i]) : expr::min(extent, sizes[i]);
    }
    const Term over = number(c, policy == "stretch" ? sizes[i] : numerator, DType::f32);
    const Term under = number(c, policy == "stretch" ? in : denominator, DType::f32);
    axis.scale = over / under;
    const double least = static_cast<double>(expr::bounds(axis.extent).min.value_or(1));
    axis.least_scale = (policy == "stretch" ? least : least - 0.5) / static_cast<double>(greatest({in})[0]);
    result.push_back(axis);
  }
  return result;
}

}  // namespace weft::onnx

// Resize and Upsample, all generations.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "frontends/onnx/ops/converters.hpp"
#include "frontends/onnx/ops/resize_computed.hpp"
#include "frontends/onnx/ops/resize_matrix.hpp"

namespace weft::onnx {
namespace {

using graph::CoordinateMode;
using graph::NearestMode;
using graph::ResizeAttributes;
using graph::ResizeMode;

template <class T, size_t N>
T choose(Call& c, std::string_view name, std::string_view value,
         const std::pair<std::string_view, T> (&choices)[N]) {
  for (const auto& [text, choice] : choices)
    if (text == value) return choice;
  c.unsupported(fmt::format("{} = \"{}\"", name, value));
  return choices[0].second;
}

ResizeMode mode_of(Call& c) {
  constexpr std::pair<std::string_view, ResizeMode> kModes[] = {{"nearest", ResizeMode::nearest},
                                                                {"linear", ResizeMode::linear},
                                                                {"bilinear", ResizeMode::linear},
                                                                {"cubic", ResizeMode::cubic}};
  return choose(c, "mode", c.text("mode", "nearest"), kModes);
}

CoordinateMode coordinates_of(Call& c) {
  constexpr std::pair<std::string_view, CoordinateMode> kModes[] = {
      {"half_pixel", CoordinateMode::half_pixel},
      {"pytorch_half_pixel", CoordinateMode::pytorch_half_pixel},
      {"align_corners", CoordinateMode::align_corners},
      {"asymmetric", CoordinateMode::asymmetric}};
  return choose(c, "coordinate_transformation_mode", c.text("coordinate_transformation_mode", "half_pixel"),
                kModes);
}

NearestMode nearest_of(Call& c) {
  constexpr std::pair<std::string_view, NearestMode> kModes[] = {
      {"round_prefer_floor", NearestMode::round_prefer_floor},
      {"round_prefer_ceil", NearestMode::round_prefer_ceil},
      {"floor", NearestMode::floor},
      {"ceil", NearestMode::ceil}};
  return choose(c, "nearest_mode", c.text("nearest_mode", "round_prefer_floor"), kModes);
}

/// floor(in * scale), in f32 as ONNX Runtime does; refuses what is out of range.
int64_t fixed_extent(Call& c, int64_t extent, double scale) {
  const float result = std::floor(static_cast<float>(extent) * static_cast<float>(scale));
  if (!(scale > 0) || !(result < 1e12f)) {
    c.invalid(fmt::format("the scale {}", scale));
    return 1;
  }
  return static_cast<int64_t>(result);
}

void apply_scales(Call& c, const Ints& from, const std::vector<double>& scales, const Ints& axes,
                  ResizeAttributes& a, Ints& shape) {
  if (scales.size() != axes.size())
    return c.invalid(fmt::format("{} scales for {} axes", scales.size(), axes.size()));
  for (size_t i = 0; i < axes.size(); ++i) {
    const size_t axis = static_cast<size_t>(axes[i]);
    a.scales[axis] = scales[i];
    shape[axis] = fixed_extent(c, from[axis], scales[i]);
  }
}

/// The wanted extents; keep_aspect_ratio_policy makes one scale of them.
void apply_sizes(Call& c, const Ints& from, const Ints& sizes, const Ints& axes, ResizeAttributes& a,
                 Ints& shape) {
  if (sizes.size() != axes.size())
    return c.invalid(fmt::format("{} sizes for {} axes", sizes.size(), axes.size()));
  const std::string policy = c.version() >= 18 ? c.text("keep_aspect_ratio_policy", "stretch") : "stretch";
  if (policy != "stretch" && policy != "not_larger" && policy != "not_smaller")
    return c.unsupported(fmt::format("keep_aspect_ratio_policy = \"{}\"", policy));
  double common = policy == "not_larger" ? HUGE_VAL : 0;
  for (size_t i = 0; i < axes.size(); ++i) {
    const size_t axis = static_cast<size_t>(axes[i]);
    if (sizes[i] < 0 || sizes[i] > kMaxExtent || (from[axis] == 0 && sizes[i] != 0))
      return c.invalid(fmt::format("the size {}", sizes[i]));
    shape[axis] = sizes[i];
    const double scale =
        from[axis] == 0 ? 1.0
                        : static_cast<double>(static_cast<float>(sizes[i]) / static_cast<float>(from[axis]));
    a.scales[axis] = scale;
    common = policy == "not_larger" ? std::min(common, scale) : std::max(common, scale);
  }
  if (policy == "stretch") return;
  for (const int64_t axis : axes) {
    a.scales[static_cast<size_t>(axis)] = common;
    const double extent = std::floor(common * static_cast<double>(from[static_cast<size_t>(axis)]) + 0.5);
    if (!(extent < 1e12)) return c.invalid("the size is out of range");
    shape[static_cast<size_t>(axis)] = static_cast<int64_t>(extent);
  }
}

void finish(Call& c, ValueId x, ResizeAttributes attributes, const Ints& shape) {
  if (!c.ok()) return;
  const Ints from = c.shape(x);
  bool scaled = false;
  for (const double scale : attributes.scales) scaled = scaled || scale != 1.0;
  if (!scaled && shape == from) return c.out(0, x);
  if (element_count(from) == 0) return c.invalid("the input is empty");
  auto bytes = checked_bytes(shape, c.dtype(x), kMaxResultBytes, "the result");
  if (!bytes) return c.fail(bytes.error().kind, bytes.error().message);
  attributes.shape = graph::make_shape(shape);
  c.out(0, c.emit(Op::resize, {x}, std::move(attributes)));
}

/// Whether the node asks for what the graph's resize has not.
bool needs_matrix(Call& c, ResizeMode mode) {
  const std::string coordinates = c.text("coordinate_transformation_mode", "half_pixel");
  return coordinates == "tf_crop_and_resize" || coordinates == "half_pixel_symmetric" ||
         (c.integer("exclude_outside", 0) != 0 && mode == ResizeMode::cubic) ||
         (c.version() >= 18 && c.integer("antialias", 0) != 0 && mode != ResizeMode::nearest);
}

/// Axis after axis. `axes` are those that the roi names.
ValueId resize_by_matrices(Call& c, ValueId x, const Ints& shape, const ResizeAttributes& a,
                           const Ints& axes) {
  const std::string coordinates = c.text("coordinate_transformation_mode", "half_pixel");
  const bool crops = coordinates == "tf_crop_and_resize";
  const std::vector<double> roi = crops && c.has(1) ? c.known_numbers(c.in(1), "roi") : std::vector<double>();
  if (!c.ok()) return kNoValue;
  if (crops && roi.size() != 2 * axes.size()) {
    c.invalid("the roi does not fit the axes");
    return kNoValue;
  }
  constexpr std::string_view kModes[] = {"nearest", "linear", "cubic"};
  ValueId y = cast(c, x, is_float(c.dtype(x)) ? c.dtype(x) : DType::f32);
  for (size_t i = 0; i < axes.size() && c.ok(); ++i) {
    const auto axis = static_cast<size_t>(axes[i]);
    AxisResize r{c.shape(y)[axis],
                 shape[axis],
                 a.scales[axis],
                 std::string(kModes[static_cast<size_t>(a.mode)]),
                 coordinates,
                 c.text("nearest_mode", "round_prefer_floor"),
                 c.integer("antialias", 0) != 0,
                 c.integer("exclude_outside", 0) != 0,
                 a.cubic_a,
                 c.number("extrapolation_value", 0)};
    if (crops) {
      r.roi_begin = roi[i];
      r.roi_end = roi[axes.size() + i];
    }
    if (r.in == r.out && r.scale == 1.0 && r.roi_begin == 0 && r.roi_end == 1) continue;
    y = resize_axis(c, y, axes[i], r);
  }
  return cast(c, y, c.dtype(x));
}

/// Whether the nearest element of each is the one that it is a repetition of, for whole factors.
bool nearest_repeats(const ResizeAttributes& a) {
  if (a.mode != ResizeMode::nearest) return false;
  const bool rounds =
      a.nearest == NearestMode::round_prefer_floor || a.nearest == NearestMode::round_prefer_ceil;
  const bool centered =
      a.coordinates == CoordinateMode::half_pixel || a.coordinates == CoordinateMode::pytorch_half_pixel;
  return (a.coordinates == CoordinateMode::asymmetric && a.nearest == NearestMode::floor) ||
         (centered && rounds);
}

/// How often each element is repeated, where the result's extents are multiples of x's: one factor for each
/// axis of x.
std::optional<Ints> factors_of(const Dims& from, const Ints& axes, const std::vector<ResizedAxis>& to) {
  Ints factors(from.size(), 1);
  for (size_t i = 0; i < axes.size(); ++i) {
    const expr::Expr& in = from[static_cast<size_t>(axes[i])];
    const int64_t most = greatest({in})[0];
    const int64_t factor = most == 0 ? 0 : greatest({to[i].extent})[0] / most;
    if (factor < 1 || !expr::always(expr::equal(to[i].extent, in * factor))) return std::nullopt;
    factors[static_cast<size_t>(axes[i])] = factor;
  }
  return factors;
}

ValueId repeat(Call& c, ValueId x, const Ints& factors) {
  const Dims from = c.dims(x);
  Dims apart, wide, joined;
  for (size_t axis = 0; axis < from.size(); ++axis) {
    apart.push_back(from[axis]);
    wide.push_back(from[axis]);
    joined.push_back(from[axis] * factors[axis]);
    if (factors[axis] == 1) continue;
    apart.push_back(1);
    wide.push_back(factors[axis]);
  }
  const ValueId single = reshape(c, x, apart);
  const ValueId repeated = expand(c, single, wide);
  return reshape(c, repeated, joined);
}

std::vector<ResizedAxis> axes_of_scales(Call& c, const Dims& from, const Ints& axes,
                                        const std::vector<double>& scales) {
  std::vector<ResizedAxis> result;
  for (size_t i = 0; i < axes.size(); ++i) {
    ResizedAxis axis{scaled_extent(c, from[static_cast<size_t>(axes[i])], scales[i])};
    axis.scale = scales[i];
    axis.least_scale = scales[i];
    result.push_back(axis);
  }
  return result;
}

/// Extents that depend on symbols. `a` where the graph's resize has the mode.
void resize_symbolic(Call& c, ValueId x, const ResizeForm& form, const ResizeAttributes* a, const Ints& axes,
                     const std::vector<ResizedAxis>& to) {
  if (!c.ok()) return;
  if (a != nullptr && nearest_repeats(*a))
    if (const auto factors = factors_of(c.dims(x), axes, to)) return c.out(0, repeat(c, x, *factors));
  ValueId y = x;
  for (size_t i = 0; i < axes.size() && c.ok(); ++i) {
    const expr::Expr in = c.dims(x)[static_cast<size_t>(axes[i])];
    const bool is_whole = to[i].roi_begin == 0 && to[i].roi_end == 1;
    const auto scale = number_of(to[i].scale);
    const bool stays = in == to[i].extent && (!scale || *scale == 1);
    if (!stays || !is_whole) y = resize_computed(c, y, axes[i], form, to[i]);
  }
  c.out(0, y);
}

bool is_symbolic(Call& c, ValueId x) { return c.ok() && !graph::constant_shape(c.dims(x)); }

/// Resize where the extents of x, or what they become, depend on symbols.
void convert_symbolic(Call& c, ValueId x, const ResizeAttributes& a, bool by_matrix, const Ints& axes,
                      const std::vector<double>& scales) {
  const Dims from = c.dims(x), sizes = c.has(3) ? c.known_extents(c.in(3), "sizes") : Dims();
  const std::string policy = c.version() >= 18 ? c.text("keep_aspect_ratio_policy", "stretch") : "stretch";
  ResizeForm form{a.mode, c.text("coordinate_transformation_mode", "half_pixel"),
                  c.text("nearest_mode", "round_prefer_floor")};
  form.antialias = c.version() >= 18 && c.integer("antialias", 0) != 0;
  form.exclude_outside = c.integer("exclude_outside", 0) != 0;
  form.cubic_a = a.cubic_a;
  form.extrapolation = c.number("extrapolation_value", 0);
  const bool crops = form.coordinates == "tf_crop_and_resize";
  const std::vector<double> roi = crops && c.has(1) ? c.known_numbers(c.in(1), "roi") : std::vector<double>();
  if (!c.ok() || !check_extents(c, sizes)) return;
  if (scales.empty() == sizes.empty()) return c.invalid("it needs either scales or sizes");
  if (std::max(scales.size(), sizes.size()) != axes.size() || (crops && roi.size() != 2 * axes.size()))
    return c.invalid("scales, sizes or the roi do not fit the axes");
  if (policy != "stretch" && policy != "not_larger" && policy != "not_smaller")
    return c.unsupported(fmt::format("keep_aspect_ratio_policy = \"{}\"", policy));
  std::vector<ResizedAxis> to =
      sizes.empty() ? axes_of_scales(c, from, axes, scales) : axes_of_sizes(c, from, axes, sizes, policy);
  for (size_t i = 0; crops && i < to.size(); ++i) {
    to[i].roi_begin = roi[i];
    to[i].roi_end = roi[axes.size() + i];
  }
  resize_symbolic(c, x, form, by_matrix ? nullptr : &a, axes, to);
}

}  // namespace

/// Upsample, and Resize of opset 10: scales only, y[i] from x[floor(i / scale)], or linear between such
/// coordinates.
void convert_upsample(Call& c) {
  const ValueId x = c.in(0);
  std::vector<double> scales;
  if (c.version() < 7) {
    scales = {1, 1, c.number("height_scale", 1.0), c.number("width_scale", 1.0)};
  } else if (c.version() < 9) {
    for (const float scale : c.numbers("scales")) scales.push_back(static_cast<double>(scale));
  } else {
    scales = c.known_numbers(c.in(1), "scales");
  }
  ResizeAttributes attributes;
  attributes.mode = mode_of(c);
  attributes.coordinates = CoordinateMode::asymmetric;
  attributes.nearest = NearestMode::floor;
  if (is_symbolic(c, x)) {
    const Ints all = axis_range(0, c.rank(x));
    if (scales.size() != all.size())
      return c.invalid(fmt::format("{} scales for {} axes", scales.size(), all.size()));
    const ResizeForm form{attributes.mode, "asymmetric", "floor"};
    return resize_symbolic(c, x, form, &attributes, all, axes_of_scales(c, c.dims(x), all, scales));
  }
  const Ints from = c.shape(x);
  attributes.scales.assign(from.size(), 1.0);
  Ints shape = from;
  if (c.ok()) apply_scales(c, from, scales, axis_range(0, c.rank(x)), attributes, shape);
  finish(c, x, std::move(attributes), shape);
}

void convert_resize(Call& c) {
  const ValueId x = c.in(0);
  ResizeAttributes attributes;
  attributes.mode = mode_of(c);
  const bool by_matrix = needs_matrix(c, attributes.mode);
  if (!by_matrix) attributes.coordinates = coordinates_of(c);
  attributes.nearest = nearest_of(c);
  attributes.cubic_a = c.number("cubic_coeff_a", -0.75);
  Ints axes = axis_range(0, c.rank(x));
  if (c.version() >= 18 && c.has_attribute("axes")) {
    axes = c.integers("axes");
    c.axes(axes, c.rank(x));
    for (int64_t& axis : axes) axis = c.axis(axis, c.rank(x));
  }
  // An absent list may also be given as an empty one.
  const std::vector<double> scales = c.has(2) ? c.known_numbers(c.in(2), "scales") : std::vector<double>();
  if (is_symbolic(c, x) || (c.has(3) && c.depends_on_symbols(c.in(3))))
    return convert_symbolic(c, x, attributes, by_matrix, axes, scales);
  const Ints from = c.shape(x);
  attributes.scales.assign(from.size(), 1.0);
  const Ints sizes = c.has(3) ? c.known_integers(c.in(3), "sizes") : Ints();
  if (!c.ok()) return;
  if (scales.empty() == sizes.empty()) return c.invalid("it needs either scales or sizes");
  Ints shape = from;
  if (!scales.empty()) apply_scales(c, from, scales, axes, attributes, shape);
  else apply_sizes(c, from, sizes, axes, attributes, shape);
  if (by_matrix) return c.out(0, resize_by_matrices(c, x, shape, attributes, axes));
  finish(c, x, std::move(attributes), shape);
}

}  // namespace weft::onnx

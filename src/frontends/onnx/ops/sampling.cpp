// Operators that read a tensor between its elements, at coordinates from data: GridSample, RoiAlign,
// DeformConv; and AffineGrid, which makes such coordinates.
#include <fmt/format.h>

#include <algorithm>

#include <cmath>

#include "frontends/onnx/ops/converters.hpp"
#include "frontends/onnx/ops/spatial.hpp"
#include "frontends/onnx/ops/term.hpp"

namespace weft::onnx {
namespace {

enum class Interpolation : uint8_t { nearest, linear, cubic };
enum class Outside : uint8_t { zeros, border, reflection };

/// One corner (or tap) of one axis: which element, and how much of it.
struct Tap {
  Term index, weight;
};

/// Where the tensor ends along an axis, in f32.
struct Axis {
  Term extent, last;
  Term low, range;        ///< for reflection: its mirrors are at low and low + range
  bool is_point, may_be;  ///< whether range is 0, whether it may be
};

Axis axis_of(Call& c, const expr::Expr& extent, bool aligned) {
  const Term count = number(c, extent, DType::f32);
  const expr::Expr range = aligned ? extent - 1 : extent;
  const Term last = count - 1.0;
  return {count,
          last,
          aligned ? 0.0 : -0.5,
          aligned ? last : count,
          expr::always(expr::less_equal(range, 0)),
          !expr::always(expr::less(0, range))};
}

/// v folded into the axis as between two mirrors.
Term reflected(const Term& v, const Axis& axis) {
  if (axis.is_point) return v * 0.0;
  const Term t = mod(v - axis.low, 2.0 * axis.range);
  const Term folded = select(less(axis.range, t), 2.0 * axis.range - t, t) + axis.low;
  return axis.may_be ? select(less(0.0, axis.range), folded, v * 0.0) : folded;
}

/// The element that an index (whole, f32) reads: i32 in range, and whether it exists.
Tap read_at(const Term& index, const Term& weight, const Axis& axis, Outside outside) {
  Term at = index;
  if (outside == Outside::reflection) at = floor(reflected(index, axis) + 0.0);
  const Term inside = minimum(maximum(at, 0.0), axis.last);
  Tap tap{convert(inside, DType::i32), weight};
  if (outside == Outside::zeros) tap.weight = select(equal(inside, index), weight, 0.0);
  return tap;
}

/// Keys' cubic convolution with a = -0.75, for a distance below 1 and one from 1 to 2.
Term cubic_near(const Term& x) { return ((x * 1.25 - 2.25) * x) * x + 1.0; }
Term cubic_far(const Term& x) { return ((x * -0.75 + 3.75) * x - 6.0) * x + 3.0; }

/// The taps along one axis for coordinates v in elements.
std::vector<Tap> taps_of(Term v, const Axis& axis, Interpolation mode, Outside outside) {
  if (mode == Interpolation::nearest) v = round(v);
  if (outside == Outside::border) v = minimum(maximum(v, 0.0), axis.last);
  if (outside == Outside::reflection) v = reflected(v, axis);
  const Term one = v * 0.0 + 1.0;
  if (mode == Interpolation::nearest) return {read_at(v, one, axis, outside)};
  const Term base = floor(v), t = v - base;
  if (mode == Interpolation::linear)
    return {read_at(base, 1.0 - t, axis, outside), read_at(base + 1.0, t, axis, outside)};
  return {read_at(base - 1.0, cubic_far(t + 1.0), axis, outside), read_at(base, cubic_near(t), axis, outside),
          read_at(base + 1.0, cubic_near(1.0 - t), axis, outside),
          read_at(base + 2.0, cubic_far(2.0 - t), axis, outside)};
}

/// Where each element's plane [n, c] begins in the flattened tensor of `shape`, for elements [n, c, …].
Term plane_of(Call& c, const Dims& elements, const Dims& shape) {
  const Term channels = number(c, shape[1]);
  const Term size = number(c, element_count(shape, 2));
  return (iota(elements, 0) * channels + iota(elements, 1)) * size;
}

/// The sum (or the largest) over all combinations of taps of x[plane + sum of index * stride] * weights.
ValueId interpolate(Call& c, ValueId x, const Term& plane, const std::vector<std::vector<Tap>>& taps,
                    const std::vector<Term>& strides, bool largest = false) {
  if (!c.ok()) return kNoValue;
  const ValueId flat = reshape(c, x, {element_count(c.dims(x))});
  ValueId sum = kNoValue;
  std::vector<size_t> at(taps.size(), 0);
  for (;;) {
    Term position = plane;
    for (size_t i = 0; i < taps.size(); ++i) position = position + taps[i][at[i]].index * strides[i];
    Term weight = taps[0][at[0]].weight;
    for (size_t i = 1; i < taps.size(); ++i) weight = weight * taps[i][at[i]].weight;
    const ValueId place = emit(c, position);
    const ValueId read = c.emit(Op::gather, {flat, place}, graph::AxisAttributes{0});
    const ValueId part = emit(c, Term(read) * weight);
    if (sum == kNoValue) sum = part;
    else sum = largest ? c.emit(Op::maximum, {sum, part}) : add(c, sum, part);
    size_t i = taps.size();
    while (i-- > 0 && ++at[i] == taps[i].size()) at[i] = 0;
    if (i == SIZE_MAX || !c.ok()) return sum;
  }
}

}  // namespace

void convert_grid_sample(Call& c) {
  const ValueId given = c.in(0);
  const ValueId x = cast(c, given, DType::f32);
  const ValueId grid = cast(c, c.in(1), DType::f32);
  if (!c.ok()) return;
  const Dims shape = c.dims(x), points = c.dims(grid);
  if (shape.size() < 3 || shape.size() > 6) return c.unsupported("only one to four spatial axes");
  const size_t rank = shape.size() - 2;
  if (points.size() != shape.size()) return c.invalid("the grid does not fit the input");
  if (!require_equal(c, points.back(), static_cast<int64_t>(rank), "the coordinates of a point") ||
      !require_equal(c, points[0], shape[0], "the grid's batch"))
    return;
  const std::string mode = c.text("mode", c.version() < 20 ? "bilinear" : "linear");
  const std::string padding = c.text("padding_mode", "zeros");
  const bool aligned = c.integer("align_corners", 0) != 0;
  Interpolation how = Interpolation::linear;
  if (mode == "nearest") how = Interpolation::nearest;
  else if (mode == "bicubic" || mode == "cubic") how = Interpolation::cubic;
  else if (mode != "bilinear" && mode != "linear") return c.invalid(fmt::format("mode = \"{}\"", mode));
  Outside outside = Outside::zeros;
  if (padding == "border") outside = Outside::border;
  else if (padding == "reflection") outside = Outside::reflection;
  else if (padding != "zeros") return c.invalid(fmt::format("padding_mode = \"{}\"", padding));
  // [N, C, output…]; the coordinates are the same for all channels.
  Dims result = {shape[0], shape[1]}, coordinates = {shape[0], 1};
  result.insert(result.end(), points.begin() + 1, points.end() - 1);
  coordinates.insert(coordinates.end(), points.begin() + 1, points.end() - 1);
  std::vector<std::vector<Tap>> taps;
  std::vector<Term> strides;
  for (size_t i = 0; i < rank; ++i) {
    Ints starts(points.size(), 0);
    Dims sizes = points;
    starts.back() = static_cast<int64_t>(rank - 1 - i);  // the grid names the last axis first
    sizes.back() = 1;
    const ValueId part = slice(c, grid, starts, Ints(points.size(), 1), sizes);
    const ValueId n = reshape(c, part, coordinates);
    const Axis axis = axis_of(c, shape[i + 2], aligned);
    const Term v =
        aligned ? (Term(n) + 1.0) * (axis.last / 2.0) : ((Term(n) + 1.0) * axis.extent - 1.0) * 0.5;
    const ValueId held = emit(c, v);
    taps.push_back(taps_of(held, axis, how, outside));
    strides.push_back(number(c, element_count(shape, i + 3)));
  }
  const ValueId y = interpolate(c, x, plane_of(c, result, shape), taps, strides);
  c.out(0, cast(c, y, c.dtype(given)));
}

/// theta times the homogeneous coordinates of each output element, from -1 to 1.
void convert_affine_grid(Call& c) {
  const ValueId theta = c.in(0);
  const Dims size = c.known_extents(c.in(1), "size");
  const bool aligned = c.integer("align_corners", 0) != 0;
  if (!c.ok() || !check_extents(c, size)) return;
  if (size.size() < 4 || size.size() > 5) return c.invalid("its size is not of rank 4 or 5");
  if (!require_positive(c, size)) return;
  const auto rank = static_cast<int64_t>(size.size()) - 2;
  if (!require_shape(c, theta, {size[0], rank, rank + 1}, "theta")) return;
  const Dims spatial = graph::Shape(size.begin() + 2, size.end());
  Dims column = spatial;
  column.push_back(1);
  std::vector<ValueId> parts;
  for (int64_t i = rank; i-- > 0;) {  // x first
    const Term extent = number(c, spatial[static_cast<size_t>(i)], c.dtype(theta));
    const Term at = convert(iota(column, i), c.dtype(theta));
    parts.push_back(
        emit(c, aligned ? at * (2.0 / maximum(extent - 1.0, 1.0)) - 1.0 : (at * 2.0 + 1.0) / extent - 1.0));
  }
  const ValueId one = c.scalar(c.dtype(theta), 1);
  parts.push_back(expand(c, one, column));
  const ValueId joined = concat(c, parts, rank);
  const ValueId base = reshape(c, joined, {element_count(spatial), rank + 1});
  const ValueId turned = transpose(c, theta, {0, 2, 1});
  const ValueId y = c.emit(Op::matmul, {base, turned});
  Dims result = {size[0]};
  result.insert(result.end(), spatial.begin(), spatial.end());
  result.push_back(rank);
  c.out(0, reshape(c, y, result));
}

namespace {

/// Bilinear taps of RoiAlign: nothing is read beyond one element outside, and the edge is repeated.
std::vector<Tap> roi_taps(const Term& v, const Axis& axis) {
  const Term inside = minimum(maximum(v, 0.0), axis.last);
  const Term low = floor(inside), high = minimum(low + 1.0, axis.last);
  const Term t = inside - low;
  const Term exists = less_equal(-1.0, v) && less_equal(v, axis.extent);
  return {{convert(low, DType::i32), select(exists, 1.0 - t, 0.0)},
          {convert(high, DType::i32), select(exists, t, 0.0)}};
}

}  // namespace

void convert_roi_align(Call& c) {
  const ValueId given = c.in(0);
  const ValueId x = cast(c, given, DType::f32);
  const ValueId rois = cast(c, c.in(1), DType::f32);
  const ValueId batches = cast(c, c.in(2), DType::i32);
  if (!c.ok()) return;
  const Dims shape = c.dims(x);
  if (shape.size() != 4 || c.rank(rois) != 2)
    return c.invalid("the input is not [N, C, H, W], or the regions are not [R, 4]");
  const expr::Expr regions = c.dims(rois)[0];
  if (!require_shape(c, rois, {regions, 4}, "the regions") ||
      !require_shape(c, batches, {regions}, "the batch indices"))
    return;
  const int64_t height = c.integer("output_height", 1), width = c.integer("output_width", 1);
  const int64_t samples = c.integer("sampling_ratio", 0);
  if (height < 1 || width < 1 || height > (1 << 20) || width > (1 << 20) || samples > 1024)
    return c.invalid("its sizes are out of range");
  if (samples < 1)
    return c.unsupported("sampling_ratio = 0: the number of samples would depend on the regions' sizes");
  const double scale = c.number("spatial_scale", 1);
  const bool half =
      c.version() >= 16 && c.text("coordinate_transformation_mode", "half_pixel") == "half_pixel";
  const std::string mode = c.text("mode", "avg");
  if (mode != "avg" && mode != "max") return c.invalid(fmt::format("mode = \"{}\"", mode));
  const auto corner = [&](int64_t column) {
    const ValueId part = slice(c, rois, {0, column}, {1, 1}, {regions, 1});
    const ValueId spread = reshape(c, part, {regions, 1, 1, 1});
    return emit(c, Term(spread) * scale - (half ? 0.5 : 0.0));
  };
  const auto coordinates = [&](int64_t first, double bins, const Dims& grid, int64_t axis) {
    const ValueId start = corner(first), end = corner(first + 2);
    Term size = Term(end) - start;
    if (!half) size = maximum(size, 1.0);
    const Term bin = size / bins;
    const auto count = static_cast<double>(samples);
    const Term at = convert(iota(grid, axis), DType::f32);
    const Term index = floor(at / count), sample = at - index * count;
    return emit(c, Term(start) + index * bin + (sample + 0.5) * bin / count);
  };
  const ValueId v = coordinates(1, static_cast<double>(height), {regions, 1, height * samples, 1}, 2);
  const ValueId u = coordinates(0, static_cast<double>(width), {regions, 1, 1, width * samples}, 3);
  const Dims all = {regions, shape[1], height * samples, width * samples};
  const ValueId batch = reshape(c, batches, {regions, 1, 1, 1});
  const Term channels = number(c, shape[1]);
  const Term size = number(c, shape[2] * shape[3]);
  const Term plane = (Term(batch) * channels + iota(all, 1)) * size;
  const Axis rows = axis_of(c, shape[2], false);
  const Axis columns = axis_of(c, shape[3], false);
  const bool largest = mode == "max";
  const ValueId read =
      interpolate(c, x, plane, {roi_taps(v, rows), roi_taps(u, columns)}, {number(c, shape[3]), 1}, largest);
  const ValueId bins = reshape(c, read, {regions, shape[1], height, samples, width, samples});
  const ValueId y = reduce(c, bins, largest ? ReduceKind::max : ReduceKind::mean, {3, 5}, false);
  c.out(0, cast(c, y, c.dtype(given)));
}

/// A convolution whose taps are moved by offsets, and weighted by a mask.
void convert_deform_conv(Call& c) {
  const ValueId x = c.in(0);
  const ValueId w = c.in(1);
  const ValueId offsets = c.in(2);
  const Dims spatial = spatial_extents(c, x), shape = c.dims(x);
  if (!c.ok()) return;
  const Ints weights = c.shape(w);
  if (shape.size() != 4 || weights.size() != 4) return c.unsupported("only two spatial axes");
  const Spatial s = read_spatial(c, spatial, {weights[2], weights[3]});
  const int64_t groups = c.integer("group", 1), offset_groups = c.integer("offset_group", 1);
  if (!c.ok()) return;
  if (s.pads_ahead()) return c.unsupported("auto_pad of an extent that depends on symbols");
  const int64_t taps = weights[2] * weights[3], filters = weights[0];
  Dims extents;
  for (size_t i = 0; i < 2; ++i) {
    const expr::Expr room = spatial[i] + s.pads_begin[i] + s.pads_end[i] - s.reach(i);
    if (!c.require(expr::less_equal(0, room), "the window is larger than the padded input")) return;
    extents.push_back(expr::floor_div(room, s.strides[i]) + 1);
  }
  if (groups < 1 || offset_groups < 1 || filters % groups != 0 || weights[1] % offset_groups != 0)
    return c.invalid("the weights or groups do not fit");
  const int64_t channels = weights[1] * groups;
  if (channels % offset_groups != 0) return c.invalid("the weights or groups do not fit");
  if (!require_equal(c, shape[1], channels, "the channels") ||
      !require_shape(c, offsets, {shape[0], 2 * offset_groups * taps, extents[0], extents[1]}, "the offsets"))
    return;
  // [N, groups of offsets, channels of one, taps, rows, columns]
  const int64_t sharing = channels / offset_groups;
  const Dims all = {shape[0], offset_groups, sharing, taps, extents[0], extents[1]};
  Dims shared = all;
  shared[2] = 1;
  const ValueId split = reshape(c, offsets, {shape[0], offset_groups, taps, 2, extents[0], extents[1]});
  std::vector<std::vector<Tap>> corners;
  for (int64_t i = 0; i < 2; ++i) {
    const auto axis = static_cast<size_t>(i);
    const ValueId part = slice(c, split, {0, 0, 0, i, 0, 0}, Ints(6, 1),
                               {shape[0], offset_groups, taps, 1, extents[0], extents[1]});
    const ValueId offset = reshape(c, part, shared);
    const Term tap = iota(shared, 3);
    const auto row = static_cast<double>(weights[3]), stride = static_cast<double>(s.strides[axis]),
               dilation = static_cast<double>(s.dilations[axis]);
    const Term in_window = i == 0 ? tap / row : mod(tap, row);
    const Term base = iota(shared, 4 + i) * stride + in_window * dilation;
    const auto padding = static_cast<double>(s.pads_begin[axis]);
    const ValueId v = emit(c, convert(base, c.dtype(x)) + (Term(offset) - padding));
    corners.push_back(taps_of(v, axis_of(c, shape[axis + 2], true), Interpolation::linear, Outside::zeros));
  }
  const Term channel = iota(all, 1) * static_cast<double>(sharing) + iota(all, 2);
  const Term size = number(c, shape[2] * shape[3]);
  const Term plane = (iota(all, 0) * static_cast<double>(channels) + channel) * size;
  ValueId columns = interpolate(c, x, plane, corners, {number(c, shape[3]), 1});
  if (c.has(4)) {
    const ValueId mask = reshape(c, c.in(4), shared);
    columns = mul(c, columns, mask);
  }
  const expr::Expr points = extents[0] * extents[1];
  const ValueId matrix = reshape(c, columns, {shape[0], groups, channels / groups * taps, points});
  const ValueId filter = reshape(c, w, {groups, filters / groups, channels / groups * taps});
  const ValueId product = c.emit(Op::matmul, {filter, matrix});
  ValueId y = reshape(c, product, {shape[0], filters, extents[0], extents[1]});
  if (c.has(3)) {
    const ValueId bias = per_channel(c, c.in(3), 4);
    y = add(c, y, bias);
  }
  c.out(0, y);
}

}  // namespace weft::onnx

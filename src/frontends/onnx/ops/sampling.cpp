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

Term number(int64_t n) { return static_cast<double>(n); }

/// v folded into [low, high] as between two mirrors.
Term reflected(const Term& v, double low, double high) {
  const double range = high - low;
  if (range <= 0) return v * 0.0;
  const Term t = mod(v - low, 2 * range);
  return select(less(range, t), 2 * range - t, t) + low;
}

/// One corner (or tap) of one axis: which element, and how much of it. The weight may be none (nearest).
struct Tap {
  Term index, weight;
};

struct Axis {
  int64_t extent;
  double low, high;  ///< where the tensor ends, for reflection
};

/// The element that an index (whole, f32) reads: i32 in range, and whether it exists.
Tap read_at(const Term& index, const Term& weight, const Axis& axis, Outside outside) {
  const Term last = number(axis.extent - 1);
  Term at = index;
  if (outside == Outside::reflection) at = floor(reflected(index, axis.low, axis.high) + 0.0);
  const Term inside = minimum(maximum(at, 0.0), last);
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
  if (outside == Outside::border) v = minimum(maximum(v, 0.0), number(axis.extent - 1));
  if (outside == Outside::reflection) v = reflected(v, axis.low, axis.high);
  const Term one = v * 0.0 + 1.0;
  if (mode == Interpolation::nearest) return {read_at(v, one, axis, outside)};
  const Term base = floor(v), t = v - base;
  if (mode == Interpolation::linear)
    return {read_at(base, 1.0 - t, axis, outside), read_at(base + 1.0, t, axis, outside)};
  return {read_at(base - 1.0, cubic_far(t + 1.0), axis, outside), read_at(base, cubic_near(t), axis, outside),
          read_at(base + 1.0, cubic_near(1.0 - t), axis, outside),
          read_at(base + 2.0, cubic_far(2.0 - t), axis, outside)};
}

/// The sum over all combinations of taps of flat[plane + sum of index * stride] * weights. `combine` may take
/// another fold than the sum.
ValueId interpolate(Call& c, ValueId flat, const Term& plane, const std::vector<std::vector<Tap>>& taps,
                    const Ints& strides, bool largest = false) {
  ValueId sum = kNoValue;
  std::vector<size_t> at(taps.size(), 0);
  for (;;) {
    Term position = plane;
    for (size_t i = 0; i < taps.size(); ++i) position = position + taps[i][at[i]].index * number(strides[i]);
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
  const Ints shape = c.shape(x), points = c.shape(grid);
  if (shape.size() < 3 || shape.size() > 6) return c.unsupported("only one to four spatial axes");
  const size_t rank = shape.size() - 2;
  if (points.size() != shape.size() || points.back() != static_cast<int64_t>(rank) || points[0] != shape[0])
    return c.invalid("the grid does not fit the input");
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
  Ints result = {shape[0], shape[1]}, coordinates = {shape[0], 1};
  result.insert(result.end(), points.begin() + 1, points.end() - 1);
  coordinates.insert(coordinates.end(), points.begin() + 1, points.end() - 1);
  std::vector<std::vector<Tap>> taps;
  Ints strides(rank, 1);
  for (size_t i = rank; i-- > 1;) strides[i - 1] = strides[i] * shape[i + 2];
  for (size_t i = 0; i < rank; ++i) {
    Ints starts(points.size(), 0), sizes = points;
    starts.back() = static_cast<int64_t>(rank - 1 - i);  // the grid names the last axis first
    sizes.back() = 1;
    const ValueId part = slice(c, grid, starts, Ints(points.size(), 1), sizes);
    const ValueId n = reshape(c, part, coordinates);
    const auto extent = static_cast<double>(shape[i + 2]);
    const Term v = aligned ? (Term(n) + 1.0) * ((extent - 1) / 2) : ((Term(n) + 1.0) * extent - 1.0) * 0.5;
    const ValueId held = emit(c, v);
    const Axis axis{shape[i + 2], aligned ? 0.0 : -0.5, aligned ? extent - 1 : extent - 0.5};
    taps.push_back(taps_of(held, axis, how, outside));
  }
  const Term plane = (iota(result, 0) * number(shape[1]) + iota(result, 1)) * number(element_count(shape, 2));
  const ValueId flat = reshape(c, x, {element_count(shape)});
  const ValueId y = interpolate(c, flat, plane, taps, strides);
  c.out(0, cast(c, y, c.dtype(given)));
}

/// theta times the homogeneous coordinates of each output element, from -1 to 1.
void convert_affine_grid(Call& c) {
  const ValueId theta = c.in(0);
  const Ints size = c.known_integers(c.in(1), "size");
  const bool aligned = c.integer("align_corners", 0) != 0;
  if (!c.ok()) return;
  for (const int64_t extent : size)
    if (extent < 1 || extent > kMaxExtent) return c.invalid("an extent is out of range");
  if (size.size() < 4 || size.size() > 5) return c.invalid("its size is not of rank 4 or 5");
  const size_t rank = size.size() - 2;
  if (c.shape(theta) != Ints{size[0], static_cast<int64_t>(rank), static_cast<int64_t>(rank) + 1})
    return c.invalid("theta does not fit the size");
  const Ints spatial(size.begin() + 2, size.end());
  Ints column = spatial;
  column.push_back(1);
  std::vector<ValueId> parts;
  for (size_t i = rank; i-- > 0;) {  // x first
    const auto extent = static_cast<double>(spatial[i]);
    const Term at = convert(iota(column, static_cast<int64_t>(i)), c.dtype(theta));
    const double span = aligned ? extent - 1 : extent;
    parts.push_back(
        emit(c, aligned ? at * (2 / std::max(span, 1.0)) - 1.0 : (at * 2.0 + 1.0) / extent - 1.0));
  }
  const ValueId one = c.scalar(c.dtype(theta), 1);
  parts.push_back(expand(c, one, column));
  const ValueId joined = concat(c, parts, static_cast<int64_t>(rank));
  const ValueId base = reshape(c, joined, {element_count(spatial), static_cast<int64_t>(rank) + 1});
  const ValueId turned = transpose(c, theta, {0, 2, 1});
  const ValueId y = c.emit(Op::matmul, {base, turned});
  Ints result = {size[0]};
  result.insert(result.end(), spatial.begin(), spatial.end());
  result.push_back(static_cast<int64_t>(rank));
  c.out(0, reshape(c, y, result));
}

namespace {

/// Bilinear taps of RoiAlign: nothing is read beyond one element outside, and the edge is repeated.
std::vector<Tap> roi_taps(const Term& v, int64_t extent) {
  const Term last = number(extent - 1);
  const Term inside = minimum(maximum(v, 0.0), last);
  const Term low = floor(inside), high = minimum(low + 1.0, last);
  const Term t = inside - low;
  const Term exists = less_equal(-1.0, v) && less_equal(v, number(extent));
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
  const Ints shape = c.shape(x);
  if (shape.size() != 4 || c.rank(rois) != 2 || c.shape(rois)[1] != 4)
    return c.invalid("the input is not [N, C, H, W], or the regions are not [R, 4]");
  const int64_t regions = c.shape(rois)[0];
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
  const auto coordinates = [&](int64_t first, int64_t bins, const Ints& grid, int64_t axis) {
    const ValueId start = corner(first), end = corner(first + 2);
    Term size = Term(end) - start;
    if (!half) size = maximum(size, 1.0);
    const Term bin = size / number(bins);
    const Term at = convert(iota(grid, axis), DType::f32);
    const Term index = floor(at / number(samples)), sample = at - index * number(samples);
    return emit(c, Term(start) + index * bin + (sample + 0.5) * bin / number(samples));
  };
  const ValueId v = coordinates(1, height, {regions, 1, height * samples, 1}, 2);
  const ValueId u = coordinates(0, width, {regions, 1, 1, width * samples}, 3);
  const Ints all = {regions, shape[1], height * samples, width * samples};
  const ValueId batch = reshape(c, batches, {regions, 1, 1, 1});
  const Term plane = (Term(batch) * number(shape[1]) + iota(all, 1)) * number(shape[2] * shape[3]);
  const ValueId flat = reshape(c, x, {element_count(shape)});
  const bool largest = mode == "max";
  const ValueId read =
      interpolate(c, flat, plane, {roi_taps(v, shape[2]), roi_taps(u, shape[3])}, {shape[3], 1}, largest);
  const ValueId bins = reshape(c, read, {regions, shape[1], height, samples, width, samples});
  const ValueId y = reduce(c, bins, largest ? ReduceKind::max : ReduceKind::mean, {3, 5}, false);
  c.out(0, cast(c, y, c.dtype(given)));
}

/// A convolution whose taps are moved by offsets, and weighted by a mask.
void convert_deform_conv(Call& c) {
  const ValueId x = c.in(0);
  const ValueId w = c.in(1);
  const ValueId offsets = c.in(2);
  const Ints spatial = constant_extents(c, spatial_extents(c, x));
  if (!c.ok()) return;
  const Ints shape = c.shape(x), weights = c.shape(w);
  if (shape.size() != 4 || weights.size() != 4) return c.unsupported("only two spatial axes");
  const Spatial s = read_spatial(c, spatial, {weights[2], weights[3]});
  const int64_t groups = c.integer("group", 1), offset_groups = c.integer("offset_group", 1);
  if (!c.ok()) return;
  const int64_t taps = weights[2] * weights[3], channels = shape[1], filters = weights[0];
  Ints extents;
  for (size_t i = 0; i < 2; ++i)
    extents.push_back((shape[i + 2] + s.pads_begin[i] + s.pads_end[i] - s.reach(i)) / s.strides[i] + 1);
  if (groups < 1 || offset_groups < 1 || groups > channels || offset_groups > channels ||
      channels % groups != 0 || channels % offset_groups != 0 || filters % groups != 0 ||
      weights[1] * groups != channels ||
      c.shape(offsets) != Ints{shape[0], 2 * offset_groups * taps, extents[0], extents[1]})
    return c.invalid("the weights, groups or offsets do not fit the input");
  // [N, groups of offsets, channels of one, taps, rows, columns]
  const Ints all = {shape[0], offset_groups, channels / offset_groups, taps, extents[0], extents[1]};
  Ints shared = all;
  shared[2] = 1;
  const ValueId split = reshape(c, offsets, {shape[0], offset_groups, taps, 2, extents[0], extents[1]});
  std::vector<std::vector<Tap>> corners;
  for (int64_t i = 0; i < 2; ++i) {
    const auto axis = static_cast<size_t>(i);
    const ValueId part = slice(c, split, {0, 0, 0, i, 0, 0}, Ints(6, 1),
                               {shape[0], offset_groups, taps, 1, extents[0], extents[1]});
    const ValueId offset = reshape(c, part, shared);
    const Term tap = iota(shared, 3);
    const Term in_window = i == 0 ? tap / number(weights[3]) : mod(tap, number(weights[3]));
    const Term base = iota(shared, 4 + i) * number(s.strides[axis]) + in_window * number(s.dilations[axis]);
    const ValueId v = emit(c, convert(base, c.dtype(x)) + (Term(offset) - number(s.pads_begin[axis])));
    corners.push_back(taps_of(v, {shape[axis + 2], 0, 0}, Interpolation::linear, Outside::zeros));
  }
  const Term channel = iota(all, 1) * number(all[2]) + iota(all, 2);
  const Term plane = (iota(all, 0) * number(channels) + channel) * number(shape[2] * shape[3]);
  const ValueId flat = reshape(c, x, {element_count(shape)});
  ValueId columns = interpolate(c, flat, plane, corners, {shape[3], 1});
  if (c.has(4)) {
    const ValueId mask = reshape(c, c.in(4), shared);
    columns = mul(c, columns, mask);
  }
  const int64_t points = extents[0] * extents[1];
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

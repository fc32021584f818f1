// Operators that copy: Slice, Split, Concat, Pad, Tile, Expand, Gather, OneHot.
#include <fmt/format.h>

#include <algorithm>

#include "frontends/onnx/ops/collected.hpp"
#include "frontends/onnx/ops/converters.hpp"
#include "frontends/onnx/ops/term.hpp"

namespace weft::onnx {
namespace {

struct SliceOperands {
  Dims starts, ends;
  Ints axes, steps;
};

SliceOperands read_slice(Call& c, int64_t rank) {
  SliceOperands s;
  if (c.version() < 10) {
    s.starts = c.integers("starts");
    s.ends = c.integers("ends");
    s.axes = c.integers("axes");
  } else {
    s.starts = c.known_extents(c.in(1), "starts");
    s.ends = c.known_extents(c.in(2), "ends");
    if (c.has(3)) s.axes = c.known_integers(c.in(3), "axes");
    if (c.has(4)) s.steps = c.known_integers(c.in(4), "steps");
  }
  if (s.axes.empty()) s.axes = axis_range(0, static_cast<int64_t>(s.starts.size()));
  if (s.steps.empty()) s.steps.assign(s.starts.size(), 1);
  if (s.ends.size() != s.starts.size() || s.axes.size() != s.starts.size() ||
      s.steps.size() != s.starts.size())
    c.invalid("starts, ends, axes and steps differ in length");
  c.axes(s.axes, rank);  // in range, none twice
  for (int64_t& axis : s.axes) axis = c.axis(axis, rank);
  return s;
}

/// One axis, as the operator's page defines clamping. Extents are far below 2^62, so nothing overflows.
struct AxisSlice {
  int64_t start, step, size;
};
AxisSlice slice_axis(int64_t extent, int64_t start, int64_t end, int64_t step) {
  const int64_t far = extent + 1;
  const auto from_end = [extent](int64_t at) { return at < 0 ? at + extent : at; };
  step = std::clamp(step, -far, far);
  start = from_end(start);
  end = from_end(end);
  start = step > 0 ? std::clamp<int64_t>(start, 0, extent) : std::clamp<int64_t>(start, -1, extent - 1);
  end = step > 0 ? std::clamp<int64_t>(end, 0, extent) : std::clamp<int64_t>(end, -1, extent - 1);
  const int64_t length = step > 0 ? end - start : start - end;
  const int64_t stride = step > 0 ? step : -step;
  const int64_t size = length <= 0 ? 0 : (length + stride - 1) / stride;
  return {size == 0 ? 0 : start, size == 0 ? 1 : step, size};
}

/// The same where something depends on symbols. Forwards, places are in [0, extent], backwards in [-1,
/// extent).
struct SymbolicSlice {
  expr::Expr start, size;
};
std::optional<SymbolicSlice> slice_axis(const expr::Expr& extent, const expr::Expr& first,
                                        const expr::Expr& last, int64_t step) {
  const int64_t least = step > 0 ? 0 : -1;
  const expr::Expr most = step > 0 ? extent : extent - 1;
  const auto clamped = [&](expr::Expr at) -> std::optional<expr::Expr> {
    // Beyond any extent is as far as can be.
    if (const auto known = at.as_constant())
      at = std::clamp<int64_t>(*known, -2 * kMaxExtent, 2 * kMaxExtent);
    const bool ends = expr::always(expr::less_equal(most, at));  // "to the end" is a number beyond 32 bits
    if (ends) return most;
    if (expr::always(expr::less_equal(at + extent, least))) return expr::Expr(least);
    if (expr::always(expr::less(at, 0))) return expr::max(least, at + extent);
    if (expr::always(expr::less_equal(0, at))) return expr::min(at, most);
    return std::nullopt;
  };
  const auto start = clamped(first), end = clamped(last);
  if (!start || !end || step < -kMaxExtent || step > kMaxExtent) return std::nullopt;
  const expr::Expr length = expr::max(0, step > 0 ? *end - *start : *start - *end);
  return SymbolicSlice{*start, expr::ceil_div(length, step > 0 ? step : -step)};
}

}  // namespace

void convert_slice(Call& c) {
  const ValueId x = c.in(0);
  const Dims shape = c.dims(x);
  const SliceOperands s = read_slice(c, c.rank(x));
  if (!c.ok()) return;
  Dims starts = Ints(shape.size(), 0), sizes = shape;
  Ints steps(shape.size(), 1);
  for (size_t i = 0; i < s.axes.size(); ++i) {
    const size_t axis = static_cast<size_t>(s.axes[i]);
    if (s.steps[i] == 0) return c.invalid("a step is 0");
    const auto extent = shape[axis].as_constant(), start = s.starts[i].as_constant(),
               end = s.ends[i].as_constant();
    if (extent && start && end) {
      const AxisSlice slice = slice_axis(*extent, *start, *end, s.steps[i]);
      starts[axis] = slice.start;
      steps[axis] = slice.step;
      sizes[axis] = slice.size;
      continue;
    }
    const auto slice = slice_axis(shape[axis], s.starts[i], s.ends[i], s.steps[i]);
    if (!slice)
      return c.unsupported(fmt::format("from {} to {} by {} of the extent {}", expr::print(s.starts[i]),
                                       expr::print(s.ends[i]), s.steps[i], expr::print(shape[axis])));
    starts[axis] = slice->start;
    steps[axis] = s.steps[i];
    sizes[axis] = slice->size;
  }
  c.out(0, slice(c, x, starts, steps, sizes));
}

namespace {

/// The parts' extents along the axis; given ones must add up.
Dims split_sizes(Call& c, const expr::Expr& extent) {
  Dims sizes;
  if (c.version() == 1 || c.version() >= 13) {
    if (c.has(1)) sizes = c.known_extents(c.in(1), "split");
  }
  if (c.version() < 13 && c.has_attribute("split")) sizes = c.integers("split");
  const int64_t parts = static_cast<int64_t>(c.node().outputs.size());
  if (sizes.empty()) {
    if (c.version() >= 18 && c.integer("num_outputs", parts) != parts)
      c.invalid("num_outputs differs from the outputs");
    // Since opset 18 the last part may be smaller.
    if (c.version() < 18)
      c.require_multiple(extent, parts,
                         fmt::format("{} parts of an extent of {}", parts, expr::print(extent)));
    const expr::Expr part = expr::ceil_div(extent, parts);
    for (int64_t i = 0; i < parts; ++i) sizes.push_back(expr::max(0, expr::min(extent - i * part, part)));
  }
  if (static_cast<int64_t>(sizes.size()) != parts)
    c.invalid(fmt::format("{} sizes for {} outputs", sizes.size(), parts));
  expr::Expr sum = 0;
  for (const expr::Expr& size : sizes) {
    const std::string what = fmt::format("a part of {} elements", expr::print(size));
    if (expr::bounds(size).max.value_or(kMaxExtent + 1) > kMaxExtent) c.invalid(what);
    if (c.require(expr::less_equal(0, size), what)) sum = sum + size;
  }
  if (c.has(1) || c.has_attribute("split"))
    c.require(expr::equal(sum, extent), fmt::format("the sizes add up to {}, not to the extent {}",
                                                    expr::print(sum), expr::print(extent)));
  return sizes;
}

}  // namespace

void convert_split(Call& c) {
  const ValueId x = c.in(0);
  const Dims shape = c.dims(x);
  const int64_t axis = c.axis(c.integer("axis", 0), c.rank(x));
  if (!c.ok() || c.node().outputs.empty()) return;
  const size_t at = static_cast<size_t>(axis);
  const Dims sizes = split_sizes(c, shape[at]);
  Dims starts = Ints(shape.size(), 0);
  for (size_t i = 0; i < sizes.size() && c.ok(); ++i) {
    Dims size = shape, from = starts;
    size[at] = sizes[i];
    if (sizes[i].is_constant(0)) from[at] = 0;
    if (c.wants(i)) c.out(i, slice(c, x, from, Ints(shape.size(), 1), size));
    starts[at] = starts[at] + sizes[i];
  }
}

void convert_concat(Call& c) {
  std::vector<ValueId> inputs;
  for (size_t i = 0; i < c.input_count(); ++i) inputs.push_back(c.in(i));
  if (inputs.empty()) return c.invalid("it has no inputs");
  const int64_t axis = c.version() < 4 ? c.integer("axis", 1) : c.required_integer("axis");
  const int64_t normal = c.axis(axis, c.rank(inputs[0]));
  if (c.ok()) c.out(0, concat(c, std::move(inputs), normal));
}

namespace {

struct PadOperands {
  Ints begin, end;
  double value = 0;
};

PadOperands read_pad(Call& c, int64_t rank) {
  Ints pads;
  PadOperands p;
  if (c.version() < 11) {
    pads = c.integers(c.version() < 2 ? "paddings" : "pads");
    p.value = c.number("value", 0.0);
  } else {
    pads = c.known_integers(c.in(1), "pads");
    if (c.has(2)) {
      const std::vector<double> value = c.known_numbers(c.in(2), "constant_value");
      if (value.size() == 1) p.value = value[0];
      else if (!value.empty()) c.invalid("constant_value is not a scalar");
    }
  }
  Ints axes = axis_range(0, rank);
  if (c.version() >= 18 && c.has(3)) {
    axes = c.known_integers(c.in(3), "axes");
    c.axes(axes, rank);
    for (int64_t& axis : axes) axis = c.axis(axis, rank);
  }
  if (pads.size() != 2 * axes.size())
    c.invalid(fmt::format("{} amounts for {} axes", pads.size(), axes.size()));
  for (const int64_t amount : pads)
    if (amount < -kMaxExtent || amount > kMaxExtent) c.invalid(fmt::format("the amount {}", amount));
  p.begin.assign(static_cast<size_t>(rank), 0);
  p.end = p.begin;
  for (size_t i = 0; i < axes.size() && c.ok(); ++i) {
    p.begin[static_cast<size_t>(axes[i])] = pads[i];
    p.end[static_cast<size_t>(axes[i])] = pads[i + axes.size()];
  }
  return p;
}

/// Negative amounts crop first.
ValueId crop(Call& c, ValueId x, PadOperands& p) {
  Dims sizes = c.dims(x);
  Ints starts(sizes.size(), 0);
  for (size_t i = 0; i < sizes.size(); ++i) {
    starts[i] = std::max<int64_t>(0, -p.begin[i]);
    sizes[i] = sizes[i] - (starts[i] + std::max<int64_t>(0, -p.end[i]));
    c.require(expr::less_equal(0, sizes[i]), "more is cut off than there is");
    if (sizes[i].is_constant(0)) starts[i] = 0;
    p.begin[i] = std::max<int64_t>(0, p.begin[i]);
    p.end[i] = std::max<int64_t>(0, p.end[i]);
  }
  return c.ok() ? slice(c, x, starts, Ints(sizes.size(), 1), sizes) : kNoValue;
}

}  // namespace

namespace {

/// Amounts that depend on symbols.
void pad_by_symbols(Call& c, ValueId x, const std::string& mode) {
  const Dims pads = c.known_extents(c.in(1), "pads"), shape = c.dims(x);
  Ints axes = axis_range(0, c.rank(x));
  if (c.version() >= 18 && c.has(3)) axes = c.known_integers(c.in(3), "axes");
  c.axes(axes, c.rank(x));
  const std::vector<double> value = c.has(2) ? c.known_numbers(c.in(2), "constant_value") : std::vector{0.0};
  if (!c.ok()) return;
  if (pads.size() != 2 * axes.size() || value.size() != 1)
    return c.invalid("the amounts do not fit the axes, or constant_value is not a scalar");
  Dims begin = Ints(shape.size(), 0), result = shape;
  for (size_t i = 0; i < axes.size(); ++i) {
    const auto axis = static_cast<size_t>(c.axis(axes[i], c.rank(x)));
    begin[axis] = pads[i];
    result[axis] = shape[axis] + pads[i] + pads[i + axes.size()];
  }
  const Padding kind = mode == "constant"  ? Padding::constant
                       : mode == "edge"    ? Padding::edge
                       : mode == "reflect" ? Padding::reflect
                                           : Padding::wrap;
  c.out(0, padded(c, x, begin, result, kind, value[0]));
}

}  // namespace

void convert_pad(Call& c) {
  ValueId x = c.in(0);
  const std::string mode = c.text("mode", "constant");
  if (mode != "constant" && mode != "edge" && mode != "reflect" && mode != "wrap")
    return c.unsupported("mode = \"" + mode + "\"");
  if (c.version() >= 11 && c.depends_on_symbols(c.in(1))) return pad_by_symbols(c, x, mode);
  PadOperands p = read_pad(c, c.rank(x));
  if (!c.ok()) return;
  x = crop(c, x, p);
  if (!c.ok()) return;
  const Dims shape = c.dims(x);
  for (size_t i = 0; i < shape.size(); ++i) {
    const int64_t most = std::max(p.begin[i], p.end[i]);
    const bool reads = most > 0 && mode != "constant";
    if (reads && !c.require(expr::less(mode == "reflect" ? most : 0, shape[i]),
                            fmt::format("axis {} of extent {} cannot be padded by {} in mode {}", i,
                                        expr::print(shape[i]), most, mode)))
      return;
  }
  const Ints none(shape.size(), 0);
  if (p.begin == none && p.end == none) return c.out(0, x);
  if (mode == "wrap") {
    Dims result = shape;
    for (size_t i = 0; i < shape.size(); ++i) result[i] = shape[i] + p.begin[i] + p.end[i];
    return c.out(0, padded(c, x, p.begin, result, Padding::wrap));
  }
  const graph::PadMode kind = mode == "constant" ? graph::PadMode::constant
                              : mode == "edge"   ? graph::PadMode::edge
                                                 : graph::PadMode::reflect;
  c.out(0, c.emit(Op::pad, {x}, graph::PadAttributes{p.begin, p.end, kind, p.value}));
}

/// Interleave a 1 before each repeated axis, expand it, and merge the pairs.
void convert_tile(Call& c) {
  const ValueId x = c.in(0);
  const Dims shape = c.dims(x);
  Dims repeats = c.version() < 6 ? Dims{} : c.bounded_extents(c.in(1), "repeats");
  if (c.version() < 6) {  // one repetition along one axis
    const Dims count = c.known_extents(c.in(1), "tiles");
    const Ints axis = c.known_integers(c.in(2), "axis");
    if (!c.ok() || count.size() != 1 || axis.size() != 1) return c.invalid("tiles and axis are not scalars");
    repeats = Ints(shape.size(), 1);
    const int64_t at = c.axis(axis[0], c.rank(x));
    if (c.ok()) repeats[static_cast<size_t>(at)] = count[0];
  }
  if (c.ok() && repeats.size() != shape.size())
    c.invalid(fmt::format("{} repeats for {} axes", repeats.size(), shape.size()));
  if (!c.ok() || !check_extents(c, repeats)) return;
  Dims split, wide, merged;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (!repeats[i].is_constant(1)) {
      split.push_back(1);
      wide.push_back(repeats[i]);
    }
    split.push_back(shape[i]);
    wide.push_back(shape[i]);
    const int64_t most = greatest({repeats[i]})[0];
    if (most > 1 && greatest({shape[i]})[0] > kMaxExtent / most)
      return c.fail(ErrorKind::limit, "the result is too large");
    merged.push_back(shape[i] * repeats[i]);
  }
  const ValueId interleaved = reshape(c, x, split);
  const ValueId repeated = expand(c, interleaved, wide);
  c.out(0, reshape(c, repeated, merged));
}

void convert_expand(Call& c) {
  const ValueId x = c.in(0);
  const Dims wanted = c.bounded_extents(c.in(1), "the shape");
  if (!c.ok() || !check_extents(c, wanted)) return;
  const Dims shape = c.broadcast(c.dims(x), wanted);
  c.out(0, expand(c, x, shape));
}

void convert_gather(Call& c) {
  const ValueId x = c.in(0);
  const ValueId indices = c.in(1);
  const int64_t axis = c.axis(c.integer("axis", 0), c.rank(x));
  if (!c.ok()) return;
  // One row at a place that is an expression, like a loop's index, is a slice.
  if (c.depends_on_symbols(indices) && c.rank(indices) == 0) {
    const expr::Expr at = c.known_extents(indices, "the index")[0];
    Dims sizes = c.dims(x);
    const auto i = static_cast<size_t>(axis);
    if (expr::always(expr::less_equal(0, at)) && expr::always(expr::less(at, sizes[i]))) {
      const ValueId row = row_at(c, x, axis, at);
      sizes.erase(sizes.begin() + axis);
      return c.out(0, reshape(c, row, sizes));
    }
  }
  c.check_indices(indices, c.dims(x)[static_cast<size_t>(axis)]);
  c.out(0, c.emit(Op::gather, {x, indices}, graph::AxisAttributes{axis}));
}

/// select(index == 0 … depth - 1, on, off); a negative index counts from the end.
void convert_one_hot(Call& c) {
  const ValueId indices = cast(c, c.in(0), DType::i64);
  const std::vector<double> depth = c.known_numbers(c.in(1), "depth");
  const ValueId values = c.in(2);
  if (!c.ok()) return;
  if (depth.size() != 1 || !(depth[0] >= 1) || depth[0] > static_cast<double>(kMaxFoldedElements))
    return c.unsupported("depth is not a number from 1 to 65536");
  const int64_t classes = static_cast<int64_t>(depth[0]);
  if (!require_shape(c, values, {2}, "values")) return;
  const int64_t rank = c.rank(indices);
  const int64_t axis = c.axis(c.integer("axis", -1), rank + 1);
  if (!c.ok()) return;
  Dims shape = c.dims(indices);
  shape.insert(shape.begin() + axis, 1);
  Ints along(static_cast<size_t>(rank) + 1, 1);
  along[static_cast<size_t>(axis)] = classes;
  const ValueId column = reshape(c, indices, shape);
  const ValueId count = c.vector({classes});
  const ValueId counts = reshape(c, count, {});
  const ValueId moved = add(c, column, counts);
  const ValueId zero = c.scalar(DType::i64, 0);
  const ValueId is_negative = c.emit(Op::less, {column, zero});
  const ValueId index = select(c, is_negative, moved, column);
  const ValueId sequence = c.vector(axis_range(0, classes));
  const ValueId numbers = reshape(c, sequence, along);
  const ValueId hit = c.emit(Op::equal, {index, numbers});
  const ValueId off = slice(c, values, {0}, {1}, {1});
  const ValueId on = slice(c, values, {1}, {1}, {1});
  c.out(0, select(c, hit, on, off));
}

/// Keeps row + k <= column (upper) or column <= row + k, and sets the rest to zero.
void convert_trilu(Call& c) {
  const ValueId x = c.in(0);
  const Dims shape = c.dims(x);
  const Ints k = c.has(1) ? c.known_integers(c.in(1), "k") : Ints{0};
  if (!c.ok()) return;
  if (shape.size() < 2 || k.size() != 1) return c.invalid("it needs matrices, and a scalar k");
  const expr::Expr rows = shape[shape.size() - 2], columns = shape.back();
  const ValueId number = emit(c, iota({rows, 1}, 0, DType::i64));
  const ValueId row = add(c, number, c.vector({k[0]}));
  const ValueId column = emit(c, iota({columns}, 0, DType::i64));
  const bool upper = c.integer("upper", 1) != 0;
  const ValueId kept = c.emit(Op::less_equal, upper ? std::vector{row, column} : std::vector{column, row});
  const ValueId zero = c.scalar(c.dtype(x), 0);
  c.out(0, select(c, kept, x, zero));
}

}  // namespace weft::onnx

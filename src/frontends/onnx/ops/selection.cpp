// Operators whose extents depend on data: Compress, NonZero, Unique, NonMaxSuppression.
//
// All of them flag what they take. The flags' running sum gives each its place, a scatter brings the places
// together, and their number is a symbol that the graph computes.
#include <fmt/format.h>

#include <algorithm>

#include "frontends/onnx/ops/converters.hpp"
#include "frontends/onnx/ops/selection.hpp"
#include "frontends/onnx/ops/strings.hpp"
#include "frontends/onnx/ops/term.hpp"

namespace weft::onnx {
namespace {

/// What is taken of n, and how to bring it together.
struct Selection {
  expr::Expr extent, count;
  ValueId places = kNoValue;  ///< i32[extent]: where each goes; `extent` for what is left
};

/// What is flagged (bool[n]), where `place` (i32[n]) says, or in its order. Everything is below n.
Selection selected(Call& c, ValueId flags, ValueId place = kNoValue,
                   std::optional<int64_t> most = std::nullopt) {
  if (!c.ok()) return {};
  Selection out;
  out.extent = c.dims(flags)[0];
  if (out.extent.is_constant(0)) return out;
  const ValueId ones = cast(c, flags, DType::i32);
  const ValueId sum = place == kNoValue ? running_sum(c, ones, 0) : kNoValue;
  const Term target = place == kNoValue ? Term(sum) - 1 : Term(place);
  out.places = emit(c, select(flags, target, number(c, out.extent)));
  const ValueId count = reduce(c, ones, ReduceKind::sum, {0}, false);
  if (!c.ok()) return {};
  out.count = c.measured(count, most.value_or(greatest(graph::Shape{out.extent})[0]));
  return out;
}

/// The values (i32[n]) of what is selected, in one row: i32[count]. Those that meet are added up.
ValueId compacted(Call& c, const Selection& from, ValueId places, ValueId values) {
  if (!c.ok()) return kNoValue;
  if (from.extent.is_constant(0)) return c.constant(DType::i32, {0}, std::vector<double>{});
  // Room for the greatest extent: that there are no more than that is known.
  const ValueId empty = expand(c, c.scalar(DType::i32, 0), {greatest(graph::Shape{from.extent})[0] + 1});
  const ValueId all =
      c.emit(Op::scatter, {empty, places, values}, graph::ScatterAttributes{graph::ScatterKind::sum});
  return slice(c, all, {0}, {1}, {from.count});
}

/// The indices of what is selected.
ValueId indices(Call& c, const Selection& from) {
  if (!c.ok()) return kNoValue;
  const ValueId own = from.extent.is_constant(0) ? kNoValue : emit(c, iota({from.extent}, 0));
  return compacted(c, from, from.places, own);
}

/// The index along one axis of a shape that a position in its flattened form means.
Term index_of(Call& c, const Term& position, const Dims& shape, size_t axis) {
  const expr::Expr inner = element_count(shape, axis + 1);
  const Term row = inner.is_constant(1) ? position : position / number(c, inner);
  return axis == 0 ? row : mod(row, number(c, shape[axis]));
}

}  // namespace

ValueId flagged(Call& c, ValueId flags, int64_t most) {
  return indices(c, selected(c, flags, kNoValue, most));
}

/// The rows along the axis, or of all elements, that the condition keeps; it may be shorter than the axis.
void convert_compress(Call& c) {
  ValueId x = c.in(0);
  ValueId condition = c.in(1);
  if (!c.ok()) return;
  int64_t axis = 0;
  if (c.has_attribute("axis")) axis = c.axis(c.integer("axis", 0), c.rank(x));
  else x = reshape(c, x, {element_count(c.dims(x))});
  if (!c.ok()) return;
  if (c.rank(condition) != 1) return c.invalid("the condition is not one-dimensional");
  const expr::Expr extent = c.dims(x)[static_cast<size_t>(axis)], length = c.dims(condition)[0];
  if (!expr::always(expr::less_equal(length, extent)))
    condition = emit(c, Term(condition) && less(iota({length}, 0), number(c, extent)));
  const Selection kept = selected(c, condition);
  const ValueId rows = indices(c, kept);
  c.out(0, c.emit(Op::gather, {x, rows}, graph::AxisAttributes{axis}));
}

/// i64[rank, count], in row-major order. A scalar counts as one element of rank 1.
void convert_non_zero(Call& c) {
  const ValueId x = c.in(0);
  if (!c.ok()) return;
  Dims shape = c.dims(x);
  if (shape.empty()) shape = {1};
  const ValueId flat = reshape(c, x, {element_count(shape)});
  const ValueId flags = c.dtype(x) == DType::boolean ? flat : emit(c, !equal(flat, 0));
  const Selection found = selected(c, flags);
  const ValueId at = indices(c, found);
  std::vector<ValueId> rows;
  for (size_t axis = 0; axis < shape.size() && c.ok(); ++axis)
    rows.push_back(emit(c, convert(index_of(c, at, shape, axis), DType::i64)));
  c.out(0, stack(c, rows, 0));
}

namespace {

/// Whether row i of x[n, block] comes before row j, or is it: bool[n, n], i first.
struct RowOrder {
  ValueId before, same;
};

RowOrder order_rows(Call& c, ValueId x) {
  const Dims shape = c.dims(x);
  const expr::Expr n = shape[0], block = shape[1];
  const Dims pairs = {n, n, block};
  const ValueId first = reshape(c, x, {n, 1, block});
  const ValueId second = reshape(c, x, {1, n, block});
  if (block.is_constant(1)) {
    const ValueId before = emit(c, less(first, second));
    const ValueId same = emit(c, equal(first, second));
    return {reshape(c, before, {n, n}), reshape(c, same, {n, n})};
  }
  // The first place where they differ decides.
  const ValueId place = emit(c, select(equal(first, second), number(c, block), iota(pairs, 2)));
  const ValueId decides = reduce(c, place, ReduceKind::min, {2}, true);
  const ValueId less_there = emit(c, convert(equal(place, decides) && less(first, second), DType::i32));
  const ValueId found = reduce(c, less_there, ReduceKind::max, {2}, false);
  const ValueId before = emit(c, less(0, found));
  const ValueId at = reshape(c, decides, {n, n});
  const ValueId same = emit(c, equal(at, number(c, block)));
  return {before, same};
}

/// How many of i (the first axis of bool[n, n]) hold, for each j: i32[n].
ValueId count_first(Call& c, const Term& flags) {
  const ValueId ones = emit(c, convert(flags, DType::i32));
  return reduce(c, ones, ReduceKind::sum, {0}, false);
}

}  // namespace

/// The distinct rows along an axis, or elements; sorted, or in the order of their first occurrences.
/// Quadratic: each row is compared with each.
void convert_unique(Call& c) {
  const ValueId x = c.in(0);
  if (!c.ok()) return;
  const bool whole = !c.has_attribute("axis");
  const int64_t axis = whole ? 0 : c.axis(c.integer("axis", 0), c.rank(x));
  const bool sorted = c.integer("sorted", 1) != 0;
  if (!c.ok()) return;
  const Dims shape = whole ? Dims{element_count(c.dims(x))} : c.dims(x);
  const expr::Expr n = shape[static_cast<size_t>(axis)];
  if (element_count(shape).is_constant(0)) return c.unsupported("nothing to choose from");
  ValueId rows = reshape(c, x, shape);
  const ValueId original = rows;
  if (sorted && c.is_string(x)) {
    rows = custom_strings(c, "string.rank", {}, {rows}, shape, DType::i32);
    c.set_onnx_type(rows, data_type_of(DType::i32));
  }
  if (axis != 0) {
    Ints order = axis_range(0, static_cast<int64_t>(shape.size()));
    std::rotate(order.begin(), order.begin() + axis, order.begin() + axis + 1);
    rows = transpose(c, rows, order);
  }
  expr::Expr block = 1;
  for (size_t i = 0; i < shape.size(); ++i)
    if (static_cast<int64_t>(i) != axis) block = block * shape[i];
  rows = reshape(c, rows, {n, block});
  if (!c.ok()) return;
  const RowOrder order = order_rows(c, rows);
  const Dims pairs = {n, n};
  const Term i = iota(pairs, 0), j = iota(pairs, 1);
  const ValueId repeated = count_first(c, Term(order.same) && less(i, j));
  const ValueId flags = emit(c, equal(repeated, 0));
  const ValueId is_first = reshape(c, flags, {n, 1});
  ValueId place = kNoValue;  // of each row among the distinct ones
  if (sorted) {
    place = count_first(c, Term(is_first) && Term(order.before));
  } else {
    const ValueId where = emit(c, select(order.same, i, number(c, n)));
    const ValueId first = reshape(c, reduce(c, where, ReduceKind::min, {0}, false), {1, n});
    place = count_first(c, Term(is_first) && less(i, first));
  }
  const Selection distinct = selected(c, flags, place);
  const ValueId taken = indices(c, distinct);
  const auto give = [&](size_t index, ValueId value) {
    if (c.wants(index)) c.out(index, cast(c, value, DType::i64));
  };
  c.out(0, c.emit(Op::gather, {original, taken}, graph::AxisAttributes{axis}));
  give(1, taken);
  give(2, place);
  if (c.wants(3)) {
    const ValueId ones = expand(c, c.scalar(DType::i32, 1), {n});
    give(3, compacted(c, distinct, place, ones));
  }
}

namespace {

/// Boxes by their lesser and greater corners: f32[batches, 1, n] each.
struct Boxes {
  ValueId low[2], high[2], area;
};

Boxes corners(Call& c, ValueId boxes, bool by_center) {
  const Dims shape = c.dims(boxes);
  const Dims one = {shape[0], shape[1], 1}, row = {shape[0], 1, shape[1]};
  ValueId part[4];
  for (int64_t i = 0; i < 4; ++i) {
    const ValueId column = slice(c, boxes, {0, 0, i}, {1, 1, 1}, one);
    part[i] = reshape(c, column, row);
  }
  Boxes out;
  for (int i = 0; i < 2; ++i) {
    const Term half = Term(part[i + 2]) * 0.5;
    out.low[i] = emit(c, by_center ? Term(part[i]) - half : minimum(part[i], part[i + 2]));
    out.high[i] = emit(c, by_center ? Term(part[i]) + half : maximum(part[i], part[i + 2]));
  }
  out.area = emit(c, (Term(out.high[0]) - Term(out.low[0])) * (Term(out.high[1]) - Term(out.low[1])));
  return out;
}

/// Those of the boxes that the indices (i32[batches, classes, 1], into all boxes) mean.
Boxes taken(Call& c, const Boxes& from, ValueId at, const expr::Expr& count) {
  const auto take = [&](ValueId x) {
    const ValueId flat = reshape(c, x, {count});
    return c.emit(Op::gather, {flat, at}, graph::AxisAttributes{0});
  };
  Boxes out;
  for (int i = 0; i < 2; ++i) {
    out.low[i] = take(from.low[i]);
    out.high[i] = take(from.high[i]);
  }
  out.area = take(from.area);
  return out;
}

/// Whether their intersection is more than `threshold` of their union.
Term overlaps(const Boxes& a, const Boxes& b, const Term& threshold) {
  Term side[2] = {0, 0};
  for (int i = 0; i < 2; ++i)
    side[i] = maximum(minimum(a.high[i], b.high[i]) - maximum(a.low[i], b.low[i]), 0);
  const Term common = side[0] * side[1];
  const Term all = Term(a.area) + Term(b.area) - common;
  return less(0, common) && less(threshold, common / all);
}

/// A number that may be a scalar, [1] or absent.
ValueId single(Call& c, size_t index, double fallback, DType type) {
  return c.has(index) ? reshape(c, c.in(index), Dims(Ints{})) : c.scalar(type, fallback);
}

}  // namespace

/// Greedy, a step for each box that may be taken: of all batches and classes at once, the best of what is
/// left goes to the result, and what overlaps it is left no more.
void convert_non_max_suppression(Call& c) {
  const ValueId boxes = c.in(0);
  const ValueId scores = c.in(1);
  const bool by_center = c.integer("center_point_box", 0) != 0;
  if (!c.ok()) return;
  constexpr std::string_view kForm = "boxes are [batches, n, 4], scores [batches, classes, n]";
  if (c.rank(boxes) != 3 || c.rank(scores) != 3) return c.invalid(std::string(kForm));
  const Dims shape = c.dims(scores), corner = c.dims(boxes);
  if (!c.require(expr::equal(corner[2], 4), kForm) || !c.require(expr::equal(corner[0], shape[0]), kForm) ||
      !c.require(expr::equal(corner[1], shape[2]), kForm))
    return;
  const expr::Expr batches = shape[0], classes = shape[1], n = shape[2];
  const ValueId limit = single(c, 2, 0, DType::i64);
  const ValueId iou = single(c, 3, 0, DType::f32);
  if (!c.ok()) return;
  int64_t steps = greatest(shape)[2];
  const bool is_known = c.is_known(limit);
  if (is_known)
    steps = std::min(steps, std::max<int64_t>(c.known_integers(limit, "max_output_boxes_per_class")[0], 0));
  if (steps > kMaxUnrolled)
    return c.fail(ErrorKind::limit,
                  fmt::format("max_output_boxes_per_class is {}, weft takes at most {} boxes of a class",
                              steps, kMaxUnrolled));
  if (steps == 0 || element_count(shape).is_constant(0))
    return c.out(0, c.constant(DType::i64, {0, 3}, std::vector<double>{}));
  constexpr double kGone = -std::numeric_limits<double>::infinity();
  const Boxes all = corners(c, boxes, by_center);
  ValueId left = scores;
  if (c.has(4)) {
    const ValueId least = single(c, 4, 0, DType::f32);
    left = emit(c, select(less(least, scores), scores, kGone));
  }
  const Term first_of_batch = iota({batches, classes, 1}, 0) * number(c, n);
  std::vector<ValueId> chosen, flags;
  for (int64_t step = 0; step < steps && c.ok(); ++step) {
    const ValueId best = reduce(c, left, ReduceKind::max, {2}, true);
    const ValueId where = emit(c, select(equal(left, best), iota(shape, 2), number(c, n)));
    const ValueId index = reduce(c, where, ReduceKind::min, {2}, true);
    chosen.push_back(index);
    Term taken_here = less(kGone, best);
    if (!is_known) taken_here = taken_here && less(static_cast<int>(step), limit);
    flags.push_back(emit(c, taken_here));
    if (step + 1 == steps) break;
    const ValueId at = emit(c, Term(index) + first_of_batch);
    const Boxes here = taken(c, all, at, batches * n);
    const Term gone = equal(iota({1, 1, n}, 2), index) || overlaps(all, here, iou);
    left = emit(c, select(gone, kGone, left));
  }
  const Dims candidates = {batches, classes, steps};
  const ValueId flagged = concat(c, flags, 2);
  const ValueId flat = reshape(c, flagged, {element_count(candidates)});
  const Selection found = selected(c, flat);
  const ValueId places = indices(c, found);
  const ValueId numbers = concat(c, chosen, 2);
  const ValueId index = reshape(c, numbers, {element_count(candidates)});
  std::vector<ValueId> columns;
  for (size_t axis = 0; axis < 2; ++axis) columns.push_back(emit(c, index_of(c, places, candidates, axis)));
  columns.push_back(c.emit(Op::gather, {index, places}, graph::AxisAttributes{0}));
  const ValueId result = stack(c, columns, 1);
  c.out(0, cast(c, result, DType::i64));
}

}  // namespace weft::onnx

// Operators that read or write where data says: GatherElements, GatherND, Scatter*, TensorScatter,
// ReverseSequence, TopK, Hardmax, MaxUnpool.
//
// All of them become gather and scatter along the one axis of a flattened tensor, whose positions are
// computed from the indices: one mechanism in the graph, and the arithmetic fuses.
#include <fmt/format.h>

#include <algorithm>

#include "frontends/onnx/ops/converters.hpp"
#include "frontends/onnx/ops/term.hpp"

namespace weft::onnx {
namespace {

using graph::ScatterKind;

Dims strides_of(const Dims& shape) {
  Dims strides = Ints(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  return strides;
}

/// An index as i32 that counts from the start; negative ones count from the end, others are refused at run
/// time.
Term from_start(Call& c, ValueId index, const expr::Expr& extent) {
  c.check_indices(index, extent);
  const Term i = convert(index, DType::i32), count = number(c, extent);
  return select(less(i, 0), i + count, i);
}

/// Positions in a flattened tensor of `shape` of the elements whose index along `axis` is given, and whose
/// other indices are their own. `along` has shape `at`.
Term positions(Call& c, const Dims& shape, int64_t axis, const Term& along, const Dims& at) {
  const Dims strides = strides_of(shape);
  Term sum = along * number(c, strides[static_cast<size_t>(axis)]);
  for (size_t i = 0; i < shape.size(); ++i)
    if (static_cast<int64_t>(i) != axis && !at[i].is_constant(1))
      sum = sum + iota(at, static_cast<int64_t>(i)) * number(c, strides[i]);
  return sum;
}

std::optional<ScatterKind> reduction_of(Call& c) {
  const std::string name = c.text("reduction", "none");
  if (name == "none") return ScatterKind::replace;
  if (name == "add") return ScatterKind::sum;
  if (name == "mul") return ScatterKind::product;
  if (name == "max") return ScatterKind::max;
  if (name == "min") return ScatterKind::min;
  c.invalid(fmt::format("reduction = \"{}\"", name));
  return std::nullopt;
}

ValueId scatter(Call& c, ValueId x, ValueId indices, ValueId updates, ScatterKind kind) {
  return c.emit(Op::scatter, {x, indices, updates}, graph::ScatterAttributes{kind});
}

/// x with `updates` at `positions` of its flattened form.
ValueId scatter_flat(Call& c, ValueId x, ValueId positions, ValueId updates, ScatterKind kind) {
  if (!c.ok()) return kNoValue;
  const Dims shape = c.dims(x);
  const expr::Expr count = element_count(c.dims(updates));
  if (count.is_constant(0)) return x;
  const ValueId flat = reshape(c, x, {element_count(shape)});
  const ValueId at = reshape(c, positions, {count});
  const ValueId values = reshape(c, updates, {count});
  const ValueId result = scatter(c, flat, at, values, kind);
  return reshape(c, result, shape);
}

/// x[…, index[…], …] along the axis, for an index (i32, in range) of any extent along it.
ValueId gather_elements(Call& c, ValueId x, const Term& index, int64_t axis) {
  const ValueId along = emit(c, index);
  if (!c.ok()) return kNoValue;
  const ValueId at = emit(c, positions(c, c.dims(x), axis, along, c.dims(along)));
  const ValueId flat = reshape(c, x, {element_count(c.dims(x))});
  return c.emit(Op::gather, {flat, at}, graph::AxisAttributes{0});
}

/// Whether b indexes into a with equal ranks, at most its extents besides the axis.
bool fits_elements(Call& c, ValueId x, ValueId indices, int64_t axis) {
  if (!c.ok()) return false;
  const Dims a = c.dims(x), b = c.dims(indices);
  bool fits = a.size() == b.size();
  for (size_t i = 0; fits && i < a.size(); ++i)
    fits = static_cast<int64_t>(i) == axis ? expr::always(expr::less(0, a[i])) || b[i].is_constant(0)
                                           : expr::always(expr::less_equal(b[i], a[i]));
  if (!fits) c.invalid("the indices do not fit the data");
  return fits;
}

}  // namespace

void convert_gather_elements(Call& c) {
  const ValueId x = c.in(0);
  const ValueId indices = c.in(1);
  const int64_t axis = c.axis(c.integer("axis", 0), c.rank(x));
  if (!fits_elements(c, x, indices, axis)) return;
  c.out(0, gather_elements(c, x, from_start(c, indices, c.dims(x)[static_cast<size_t>(axis)]), axis));
}

void convert_scatter_elements(Call& c) {
  const ValueId x = c.in(0);
  const ValueId indices = c.in(1);
  const ValueId updates = c.in(2);
  const int64_t axis = c.axis(c.integer("axis", 0), c.rank(x));
  const auto kind = reduction_of(c);
  if (!kind || !fits_elements(c, x, indices, axis)) return;
  if (c.dims(indices) != c.dims(updates)) return c.invalid("indices and updates differ in shape");
  const Dims shape = c.dims(x);
  const Term along = from_start(c, indices, shape[static_cast<size_t>(axis)]);
  const ValueId at = emit(c, positions(c, shape, axis, along, c.dims(indices)));
  c.out(0, scatter_flat(c, x, at, updates, *kind));
}

namespace {

/// Row numbers that tuples of indices (the last axis) mean, in a tensor whose first axes they index. The
/// first `batch` axes of both run together.
Term rows_of(Call& c, ValueId indices, const Dims& shape, int64_t batch) {
  const Dims at = c.dims(indices);
  const int64_t depth = at.back().as_constant().value_or(0);
  const Dims rows = graph::Shape(at.begin(), at.end() - 1);
  Dims one = at;
  const Ints steps(at.size(), 1);
  one.back() = 1;
  const Dims strides = strides_of(graph::Shape(shape.begin(), shape.begin() + batch + depth));
  Term sum = 0;
  bool first = true;
  const auto add = [&](const Term& term) {
    sum = first ? term : sum + term;
    first = false;
  };
  for (int64_t i = 0; i < depth; ++i) {
    Ints starts(at.size(), 0);
    starts.back() = i;
    const ValueId part = slice(c, indices, starts, steps, one);
    const ValueId index = reshape(c, part, rows);
    const size_t axis = static_cast<size_t>(batch + i);
    const Term row = from_start(c, index, shape[axis]);
    add(row * number(c, strides[axis]));
  }
  for (int64_t i = 0; i < batch; ++i) add(iota(rows, i) * number(c, strides[static_cast<size_t>(i)]));
  return sum;
}

bool fits_tuples(Call& c, ValueId x, ValueId indices, int64_t batch) {
  if (!c.ok()) return false;
  const Dims a = c.dims(x), b = c.dims(indices);
  const auto depth = b.empty() ? std::nullopt : b.back().as_constant();
  if (!b.empty() && !depth) {
    c.unsupported("the number of indices in a tuple is " + expr::print(b.back()));
    return false;
  }
  const bool fits = depth && batch >= 0 && batch < static_cast<int64_t>(b.size()) &&
                    batch + *depth <= static_cast<int64_t>(a.size()) && batch + *depth >= 1 &&
                    std::equal(a.begin(), a.begin() + batch, b.begin());
  if (!fits) c.invalid("the tuples of indices do not fit the data");
  return fits;
}

}  // namespace

void convert_gather_nd(Call& c) {
  const ValueId x = c.in(0);
  const ValueId indices = c.in(1);
  const int64_t batch = c.integer("batch_dims", 0);
  if (!fits_tuples(c, x, indices, batch)) return;
  const Dims shape = c.dims(x), at = c.dims(indices);
  const size_t indexed = static_cast<size_t>(batch + at.back().as_constant().value_or(0));
  const ValueId rows = emit(c, rows_of(c, indices, shape, batch));
  const expr::Expr count = element_count(shape, 0, indexed), block = element_count(shape, indexed);
  const ValueId flat = reshape(c, x, {count, block});
  const ValueId taken = c.emit(Op::gather, {flat, rows}, graph::AxisAttributes{0});
  Dims result = graph::Shape(at.begin(), at.end() - 1);
  result.insert(result.end(), shape.begin() + static_cast<std::ptrdiff_t>(indexed), shape.end());
  c.out(0, reshape(c, taken, result));
}

void convert_scatter_nd(Call& c) {
  const ValueId x = c.in(0);
  const ValueId indices = c.in(1);
  const ValueId updates = c.in(2);
  const auto kind = reduction_of(c);
  if (!kind || !fits_tuples(c, x, indices, 0)) return;
  const Dims shape = c.dims(x), at = c.dims(indices);
  const size_t indexed = static_cast<size_t>(at.back().as_constant().value_or(0));
  const expr::Expr rows = element_count(at, 0, at.size() - 1), block = element_count(shape, indexed);
  if (!(element_count(c.dims(updates)) == rows * block))
    return c.invalid("the updates do not fit the indices");
  if ((rows * block).is_constant(0)) return c.out(0, x);
  const ValueId numbers = emit(c, rows_of(c, indices, shape, 0));
  const ValueId flat = reshape(c, x, {element_count(shape, 0, indexed), block});
  const ValueId row = reshape(c, numbers, {rows});
  const ValueId values = reshape(c, updates, {rows, block});
  const ValueId result = scatter(c, flat, row, values, *kind);
  c.out(0, reshape(c, result, shape));
}

/// past_cache with `update` written from write_indices[batch] on along the axis; circular wraps around.
void convert_tensor_scatter(Call& c) {
  const ValueId cache = c.in(0);
  const ValueId update = c.in(1);
  const int64_t axis = c.axis(c.integer("axis", -2), c.rank(cache));
  const std::string mode = c.text("mode", "linear");
  if (mode != "linear" && mode != "circular") return c.invalid(fmt::format("mode = \"{}\"", mode));
  if (!c.ok()) return;
  const Dims shape = c.dims(cache), part = c.dims(update);
  if (part.size() != shape.size() || axis == 0) return c.invalid("the update does not fit the cache");
  Term along = iota(part, axis);
  if (c.has(2)) {
    Dims first = Ints(part.size(), 1);
    first[0] = part[0];
    const ValueId start = reshape(c, c.in(2), first);
    along = along + convert(start, DType::i32);
  }
  if (mode == "circular") along = mod(along, number(c, shape[static_cast<size_t>(axis)]));
  const ValueId at = emit(c, positions(c, shape, axis, along, part));
  c.out(0, scatter_flat(c, cache, at, update, ScatterKind::replace));
}

void convert_reverse_sequence(Call& c) {
  const ValueId x = c.in(0);
  const ValueId lengths = c.in(1);
  const int64_t batch = c.axis(c.integer("batch_axis", 1), c.rank(x));
  const int64_t time = c.axis(c.integer("time_axis", 0), c.rank(x));
  if (!c.ok()) return;
  const Dims shape = c.dims(x);
  Dims along = Ints(shape.size(), 1);
  along[static_cast<size_t>(batch)] = shape[static_cast<size_t>(batch)];
  const ValueId length = emit(c, convert(reshape(c, lengths, along), DType::i32));
  const Term t = iota(shape, time);
  c.out(0, gather_elements(c, x, select(less(t, length), Term(length) - 1 - t, t), time));
}

namespace {

/// Sorted along the last axis of x[rows, n]: index[r, i] of the i-th element, equal ones in their order. By
/// ranks: an element's place is how many come before it.
ValueId sorted_indices(Call& c, ValueId x, bool largest) {
  const Dims shape = c.dims(x);
  const expr::Expr rows = shape[0], n = shape[1];
  const Dims pairs = {rows, n, n};
  const ValueId mine = reshape(c, x, {rows, n, 1});
  const ValueId other = reshape(c, x, {rows, 1, n});
  const Term above = largest ? less(mine, other) : less(other, mine);
  const Term earlier = less(iota(pairs, 2), iota(pairs, 1));
  const Term before = above || (equal(mine, other) && earlier);
  const ValueId terms = emit(c, convert(before, DType::i32));
  const ValueId rank = reduce(c, terms, ReduceKind::sum, {2}, false);
  const Term count = number(c, n);
  const ValueId place = emit(c, Term(rank) + iota({rows, n}, 0) * count);
  const ValueId zero = c.scalar(DType::i32, 0);
  const ValueId empty = expand(c, zero, {rows, n});
  const ValueId own = emit(c, iota({rows, n}, 1));
  return scatter_flat(c, empty, place, own, ScatterKind::replace);
}

/// x[…] with the axis last, as [rows, extent].
ValueId as_rows(Call& c, ValueId x, int64_t axis) {
  const Dims shape = c.dims(x);
  Ints order = axis_range(0, static_cast<int64_t>(shape.size()));
  order.erase(order.begin() + axis);
  order.push_back(axis);
  const ValueId last = transpose(c, x, order);
  Dims outer = shape;
  outer.erase(outer.begin() + axis);
  return reshape(c, last, {element_count(outer), shape[static_cast<size_t>(axis)]});
}

/// The reverse of as_rows, for rows of another length.
ValueId from_rows(Call& c, ValueId rows, Dims shape, int64_t axis) {
  Ints order = axis_range(0, static_cast<int64_t>(shape.size()) - 1);
  order.insert(order.begin() + axis, static_cast<int64_t>(shape.size()) - 1);
  shape.erase(shape.begin() + axis);
  shape.push_back(c.dims(rows)[1]);
  const ValueId apart = reshape(c, rows, shape);
  return transpose(c, apart, order);
}

}  // namespace

void convert_top_k(Call& c) {
  const ValueId x = c.in(0);
  const int64_t axis = c.axis(c.integer("axis", -1), c.rank(x));
  const Dims count = c.version() < 10 ? Dims{c.required_integer("k")} : c.known_extents(c.in(1), "k");
  const bool largest = c.version() < 11 || c.integer("largest", 1) != 0;
  if (!c.ok()) return;
  const Dims shape = c.dims(x);
  const expr::Expr n = shape[static_cast<size_t>(axis)];
  if (count.size() != 1 || !check_extents(c, count)) return c.invalid("k is not one number from 0 on");
  const expr::Expr k = count[0];
  if (!c.require(expr::less_equal(k, n), fmt::format("k is not a number from 0 to {}", expr::print(n))))
    return;
  if (k.is_constant(1)) {  // the first of the extremes
    const ReduceKind kind = largest ? ReduceKind::max : ReduceKind::min;
    Dims kept = shape;
    kept[static_cast<size_t>(axis)] = 1;
    c.out(0, reduce(c, x, kind, {axis}, true));
    const ValueId index = c.emit(Op::arg_reduce, {x}, graph::ArgReduceAttributes{kind, axis, false});
    const ValueId place = reshape(c, index, kept);
    c.set_range(place, 0, n - 1);
    return c.out(1, place);
  }
  const ValueId rows = as_rows(c, x, axis);
  const ValueId order = sorted_indices(c, rows, largest);
  if (!c.ok()) return;
  const ValueId first = slice(c, order, {0, 0}, {1, 1}, {c.dims(rows)[0], k});
  const ValueId values = gather_elements(c, rows, first, 1);
  c.out(0, from_rows(c, values, shape, axis));
  const ValueId wide = cast(c, first, DType::i64);
  const ValueId places = from_rows(c, wide, shape, axis);
  c.set_range(places, 0, n - 1);
  c.out(1, places);
}

/// 1 at the first of the largest, else 0.
void convert_hardmax(Call& c) {
  const ValueId x = c.in(0);
  const bool flattens = c.version() < 13;
  const int64_t axis = c.axis(c.integer("axis", flattens ? 1 : -1), c.rank(x));
  if (!c.ok()) return;
  const Dims shape = c.dims(x);
  const auto split = static_cast<size_t>(axis);
  const Dims seen = flattens ? Dims{element_count(shape, 0, split), element_count(shape, split)} : shape;
  const int64_t along = flattens ? 1 : axis;
  const ValueId operand = reshape(c, x, seen);
  Dims kept = seen;
  kept[static_cast<size_t>(along)] = 1;
  const ValueId index =
      c.emit(Op::arg_reduce, {operand}, graph::ArgReduceAttributes{ReduceKind::max, along, false});
  const ValueId at = reshape(c, index, kept);
  const ValueId hit = emit(c, equal(iota(seen, along, DType::i64), at));
  const ValueId one = cast(c, hit, c.dtype(x));
  c.out(0, reshape(c, one, shape));
}

void convert_max_unpool(Call& c) {
  const ValueId x = c.in(0);
  const ValueId indices = c.in(1);
  const Dims shape = c.dims(x);
  const Ints kernel = c.small_integers("kernel_shape");
  const size_t rank = kernel.size();
  const Ints strides = c.small_integers("strides", Ints(rank, 1)),
             pads = c.small_integers("pads", Ints(2 * rank, 0));
  if (!c.ok()) return;
  if (shape.size() != rank + 2 || strides.size() != rank || pads.size() != 2 * rank)
    return c.invalid("kernel_shape, strides or pads do not fit the rank");
  Dims inferred = {shape[0], shape[1]};
  for (size_t i = 0; i < rank; ++i)
    inferred.push_back((shape[i + 2] - 1) * strides[i] - pads[i] - pads[rank + i] + kernel[i]);
  const Dims target = c.has(2) ? c.known_extents(c.in(2), "output_shape") : inferred;
  if (!c.ok() || !check_extents(c, inferred) || !check_extents(c, target)) return;
  if (target.size() != inferred.size()) return c.invalid("output_shape does not fit");
  if (!require_shape(c, indices, shape, "the indices") || !require_positive(c, inferred)) return;
  Dims after = Ints(inferred.size(), 0);
  for (size_t i = 0; i < inferred.size(); ++i) {
    after[i] = target[i] - inferred[i];
    if (!c.require(expr::less_equal(0, after[i]), "output_shape is smaller than what the indices mean"))
      return;
  }
  const ValueId zero = c.scalar(c.dtype(x), 0);
  const ValueId empty = expand(c, zero, inferred);
  const ValueId filled = scatter_flat(c, empty, indices, x, ScatterKind::replace);
  if (target == inferred) return c.out(0, filled);
  if (const auto more = graph::constant_shape(after))
    return c.out(0, c.emit(Op::pad, {filled}, graph::PadAttributes{Ints(more->size(), 0), *more}));
  c.out(0, padded(c, filled, Ints(after.size(), 0), target));
}

}  // namespace weft::onnx

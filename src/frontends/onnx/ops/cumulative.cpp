// CumSum and CumProd.
#include "frontends/onnx/ops/converters.hpp"
#include "frontends/onnx/ops/term.hpp"

namespace weft::onnx {
namespace {

/// x moved by `distance` towards the end of the axis; `fill` comes in.
ValueId shifted(Call& c, ValueId x, int64_t axis, int64_t distance, double fill) {
  Ints sizes = c.shape(x), begin(sizes.size(), 0);
  const Ints zeros(sizes.size(), 0), ones(sizes.size(), 1);
  const auto at = static_cast<size_t>(axis);
  sizes[at] -= distance;
  begin[at] = distance;
  const ValueId rest = slice(c, x, zeros, ones, sizes);
  return c.emit(Op::pad, {rest}, graph::PadAttributes{begin, zeros, graph::PadMode::constant, fill});
}

ValueId flipped(Call& c, ValueId x, int64_t axis) {
  const Ints sizes = c.shape(x);
  Ints starts(sizes.size(), 0), steps(sizes.size(), 1);
  starts[static_cast<size_t>(axis)] = sizes[static_cast<size_t>(axis)] - 1;
  steps[static_cast<size_t>(axis)] = -1;
  return slice(c, x, starts, steps, sizes);
}

/// Where the extent depends on symbols: of all elements, those up to each.
ValueId accumulated(Call& c, ValueId x, int64_t axis, Op op, double neutral, bool reverse, bool exclusive) {
  Dims wide = c.dims(x), rows = Ints(wide.size() + 1, 1), columns = rows;
  const auto at = static_cast<size_t>(axis);
  rows[at] = columns[at + 1] = wide[at];
  wide.insert(wide.begin() + axis, 1);
  const Term row = iota(rows, axis), column = iota(columns, axis + 1);
  const Term first = reverse ? row : column, second = reverse ? column : row;
  const ValueId taken = emit(c, exclusive ? less(first, second) : less_equal(first, second));
  const ValueId all = reshape(c, x, wide);
  const ValueId kept = select(c, taken, all, c.scalar(c.dtype(x), neutral));
  return reduce(c, kept, op == Op::add ? ReduceKind::sum : ReduceKind::product, {axis + 1}, false);
}

/// In log2(n) steps, each of which adds what lies twice as far before (Hillis and Steele 1986).
ValueId cumulative(Call& c, ValueId x, int64_t axis, Op op, double neutral, bool reverse, bool exclusive) {
  if (!c.ok()) return kNoValue;
  const auto n = c.dims(x)[static_cast<size_t>(axis)].as_constant();
  if (element_count(c.dims(x)).is_constant(0)) return x;
  if (!n || !graph::constant_shape(c.dims(x)))
    return accumulated(c, x, axis, op, neutral, reverse, exclusive);
  if (reverse) x = flipped(c, x, axis);
  if (exclusive) x = shifted(c, x, axis, 1, neutral);
  for (int64_t distance = 1; distance < *n && c.ok(); distance *= 2) {
    const ValueId before = shifted(c, x, axis, distance, neutral);
    x = c.emit(op, {before, x});
  }
  return reverse ? flipped(c, x, axis) : x;
}

void convert_cumulative(Call& c, Op op, double neutral) {
  const ValueId x = c.in(0);
  const Ints axes = c.known_integers(c.in(1), "axis");
  if (!c.ok()) return;
  if (axes.size() != 1) return c.invalid("axis is not one number");
  const int64_t axis = c.axis(axes[0], c.rank(x));
  if (!c.ok()) return;
  const bool reverse = c.integer("reverse", 0) != 0, exclusive = c.integer("exclusive", 0) != 0;
  c.out(0, cumulative(c, x, axis, op, neutral, reverse, exclusive));
}

}  // namespace

ValueId running_sum(Call& c, ValueId x, int64_t axis) {
  return cumulative(c, x, axis, Op::add, 0, false, false);
}

void convert_cum_sum(Call& c) { convert_cumulative(c, Op::add, 0); }
void convert_cum_prod(Call& c) { convert_cumulative(c, Op::mul, 1); }

}  // namespace weft::onnx

// Padding whose amounts depend on symbols: each axis is a gather by positions computed from iota.
#include <fmt/format.h>

#include "frontends/onnx/ops/emit.hpp"
#include "frontends/onnx/ops/term.hpp"

namespace weft::onnx {
namespace {

/// The element of n that an index before, in or behind them means.
Term source_of(const Term& index, const Term& last, Padding mode) {
  const Term none = 0;
  if (mode == Padding::wrap) return mod(index, last + 1);
  if (mode != Padding::reflect) return minimum(maximum(index, none), last);
  const Term period = maximum(last * 2, 1);  // of one element it is that one
  const Term folded = mod(index, period);
  return select(less(last, folded), period - folded, folded);
}

ValueId padded_axis(Call& c, ValueId x, size_t axis, const expr::Expr& begin, const expr::Expr& result,
                    Padding mode, double value) {
  const Dims shape = c.dims(x);
  const expr::Expr extent = shape[axis], end = result - extent - begin;
  if (!c.require(expr::less_equal(0, result), "more is cut off than there is") ||
      !c.require(expr::less(0, extent), "there is nothing to pad"))
    return kNoValue;
  if (mode == Padding::reflect && !c.require(expr::less(expr::max(begin, end), extent),
                                             fmt::format("axis {} has not enough to reflect", axis)))
    return kNoValue;
  const Term last = number(c, extent - 1);
  const Term first = number(c, begin);
  const ValueId index = emit(c, iota({result}, 0) - first);
  const ValueId source = emit(c, source_of(index, last, mode));
  const ValueId taken = c.emit(Op::gather, {x, source}, graph::AxisAttributes{static_cast<int64_t>(axis)});
  const bool is_cut = expr::always(expr::less_equal(begin, 0)) && expr::always(expr::less_equal(end, 0));
  if (mode != Padding::constant || is_cut || !c.ok()) return taken;
  Dims along = Ints(shape.size() - axis, 1);
  along[0] = result;
  const ValueId is_inside = reshape(c, emit(c, equal(index, source)), along);
  return emit(c, select(is_inside, taken, value));
}

}  // namespace

ValueId padded(Call& c, ValueId x, const Dims& begin, const Dims& shape, Padding mode, double value) {
  for (size_t axis = 0; axis < begin.size() && c.ok(); ++axis)
    if (!begin[axis].is_constant(0) || !(c.dims(x)[axis] == shape[axis]))
      x = padded_axis(c, x, axis, begin[axis], shape[axis], mode, value);
  return x;
}

}  // namespace weft::onnx

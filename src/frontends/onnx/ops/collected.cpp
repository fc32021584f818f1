#include "frontends/onnx/ops/collected.hpp"

#include "frontends/onnx/ops/term.hpp"

namespace weft::onnx {
namespace {

constexpr int64_t kUnbounded = int64_t{1} << 30;  ///< trips of which no memory can hold the results

/// The index, or one that is in range as far as the expression says and equal where the loop runs.
expr::Expr in_range(const expr::Expr& index, const expr::Expr& extent) {
  expr::Expr at = index;
  if (!expr::always(expr::less(at, extent))) at = expr::min(at, extent - 1);
  if (!expr::always(expr::less_equal(0, at))) at = expr::max(at, 0);
  return at;
}

}  // namespace

ValueId row_at(Call& c, ValueId x, int64_t axis, const expr::Expr& index) {
  if (!c.ok()) return kNoValue;
  Dims sizes = c.dims(x), starts(Ints(sizes.size(), 0));
  const auto at = static_cast<size_t>(axis);
  starts[at] = in_range(index, sizes[at]);
  // Where there may be no row, only a gather does not ask for one.
  if (!expr::always(expr::less(starts[at], sizes[at]))) return emit(c, gather(x, c.vector({index}), axis));
  sizes[at] = 1;
  return slice(c, x, starts, Ints(sizes.size(), 1), sizes);
}

Collected::Collected(Call& c, const expr::Expr& trips, bool data_stops)
    : c_(c), trips_(trips), room_(trips), data_stops_(data_stops) {
  // Behind the loop, a slice takes what is there.
  if (data_stops) room_ = expr::bounds(trips).max.value_or(kUnbounded);
  if (!expr::always(expr::less(0, room_))) room_ = expr::max(room_, 1);
}

ValueId Collected::add(ValueId row, int64_t axis, const expr::Expr& index) {
  if (!c_.ok()) return kNoValue;
  if (expr::bounds(room_).max.value_or(kUnbounded) >= kUnbounded) {
    c_.unsupported("how many results it collects depends on data, without a bound");
    return kNoValue;
  }
  if (data_stops_ && counter_ == kNoValue) {
    counter_ = c_.state(c_.scalar(DType::i64, 0));
    const ValueId more = reshape(c_, c_.vector({c_.loop_index() + 1}), {});
    c_.next(counter_, more);
  }
  Dims shape = c_.dims(row);
  const auto at = shape.begin() + axis;
  shape.insert(at, expr::Expr(1));
  const ValueId part = reshape(c_, row, shape);
  shape[static_cast<size_t>(axis)] = room_;
  const ValueId state = c_.state(c_.zeros(c_.dtype(row), shape));
  graph::SetSliceAttributes box{graph::Shape(shape.size(), expr::Expr(0))};
  box.starts[static_cast<size_t>(axis)] = in_range(index, room_);
  const ValueId next = c_.emit(Op::set_slice, {state, part}, box);
  c_.next(state, next);
  return state;
}

ValueId Collected::result(ValueId state, int64_t axis) {
  const ValueId all = c_.last(state);
  if (!c_.ok()) return kNoValue;
  if (!count_) {
    count_ = trips_;
    if (data_stops_) count_ = c_.measured(c_.last(counter_), *expr::bounds(trips_).max);
  }
  Dims sizes = c_.dims(all);
  const Dims starts(Ints(sizes.size(), 0));
  sizes[static_cast<size_t>(axis)] = *count_;
  return slice(c_, all, starts, Ints(sizes.size(), 1), sizes);
}

}  // namespace weft::onnx

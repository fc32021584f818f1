#include "frontends/onnx/ops/steps.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace weft::onnx {

int64_t most_steps(Call& c, const expr::Expr& length) {
  if (!c.ok()) return 0;
  const int64_t most = greatest({length})[0];
  if (most > kMaxUnrolled)
    c.unsupported(fmt::format("{} steps, and weft writes out at most {}", expr::print(length), kMaxUnrolled));
  if (!length.as_constant()) require_positive(c, {length});
  return c.ok() ? most : 0;
}

Step step_of(Call& c, const expr::Expr& length, int64_t index, bool backward) {
  Step step;
  step.is_sure = expr::always(expr::less(index, length));
  step.place = backward ? length - 1 - index : expr::Expr(index);
  step.time = number(c, step.place);
  if (!step.is_sure) step.place = backward ? expr::max(step.place, 0) : expr::min(step.place, length - 1);
  return step;
}

Term exists(Call& c, const Step& step, const expr::Expr& length) {
  const ValueId time = cast(c, emit(c, step.time), DType::i32);  // a number alone is of f32
  return less_equal(0, time) && less(time, number(c, length));
}

ValueId sequence_of(Call& c, std::vector<ValueId> outputs, int64_t axis, const expr::Expr& length,
                    bool backward) {
  if (!c.ok()) return kNoValue;
  const bool is_known = length.as_constant().has_value();
  if (backward && is_known) std::ranges::reverse(outputs);
  const ValueId all = concat(c, std::move(outputs), axis);
  if (is_known || !c.ok()) return all;
  Dims sizes = c.dims(all), starts = Ints(sizes.size(), 0);
  Ints steps(sizes.size(), 1);
  sizes[static_cast<size_t>(axis)] = length;
  if (backward) {
    starts[static_cast<size_t>(axis)] = length - 1;
    steps[static_cast<size_t>(axis)] = -1;
  }
  return slice(c, all, starts, steps, sizes);
}

}  // namespace weft::onnx

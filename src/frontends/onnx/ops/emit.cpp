#include "frontends/onnx/ops/emit.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace weft::onnx {
namespace {

ValueId with_number(Call& c, Op op, ValueId x, double value) {
  const ValueId number = c.scalar(c.dtype(x), value);
  return c.emit(op, {x, number});
}

}  // namespace

ValueId add(Call& c, ValueId x, double value) { return with_number(c, Op::add, x, value); }
ValueId mul(Call& c, ValueId x, double value) { return with_number(c, Op::mul, x, value); }
ValueId minimum(Call& c, ValueId x, double value) { return with_number(c, Op::minimum, x, value); }
ValueId maximum(Call& c, ValueId x, double value) { return with_number(c, Op::maximum, x, value); }
ValueId less(Call& c, ValueId x, double value) { return with_number(c, Op::less, x, value); }

ValueId cast(Call& c, ValueId x, DType to) {
  return c.dtype(x) == to ? x : c.emit(Op::cast, {x}, graph::CastAttributes{to});
}

ValueId reshape(Call& c, ValueId x, const Dims& shape) {
  if (!c.ok() || c.dims(x) == shape) return x;
  auto bytes = checked_bytes(greatest(shape), c.dtype(x), kMaxTensorBytes, "the new shape");
  if (!bytes) {
    c.fail(bytes.error().kind, bytes.error().message);
    return kNoValue;
  }
  const bool fits = c.require(graph::same_count(c.dims(x), shape),
                              fmt::format("{} cannot become {}", to_string(c.dims(x)), to_string(shape)));
  if (!fits) return kNoValue;
  return c.emit(Op::reshape, {x}, graph::ReshapeAttributes{shape});
}

ValueId transpose(Call& c, ValueId x, Ints permutation) {
  return c.emit(Op::transpose, {x}, graph::TransposeAttributes{std::move(permutation)});
}

ValueId expand(Call& c, ValueId x, const Dims& shape) {
  if (!c.ok() || c.dims(x) == shape) return x;
  auto bytes = checked_bytes(greatest(shape), c.dtype(x), kMaxResultBytes, "the result");
  if (!bytes) {
    c.fail(bytes.error().kind, bytes.error().message);
    return kNoValue;
  }
  return c.emit(Op::expand, {x}, graph::ReshapeAttributes{shape});
}

ValueId concat(Call& c, std::vector<ValueId> inputs, int64_t axis) {
  if (inputs.size() == 1) return inputs[0];
  return c.emit(Op::concat, std::move(inputs), graph::ConcatAttributes{axis});
}

ValueId stack(Call& c, const std::vector<ValueId>& values, int64_t axis) {
  if (!c.ok()) return kNoValue;
  std::vector<ValueId> parts;
  for (const ValueId value : values) {
    Dims shape = c.dims(value);
    shape.insert(shape.begin() + axis, 1);
    parts.push_back(reshape(c, value, shape));
  }
  return concat(c, std::move(parts), axis);
}

ValueId slice(Call& c, ValueId x, const Dims& starts, const Ints& steps, const Dims& sizes) {
  const bool forward = std::all_of(steps.begin(), steps.end(), [](int64_t step) { return step > 0; });
  if (!c.ok() || (forward && sizes == c.dims(x))) return x;
  return c.emit(Op::slice, {x}, graph::SliceAttributes{starts, steps, sizes});
}

ValueId reduce(Call& c, ValueId x, ReduceKind kind, const Ints& axes, bool keep) {
  Dims kept = c.dims(x);
  const ValueId reduced = axes.empty() ? x : c.emit(Op::reduce, {x}, graph::ReduceAttributes{kind, axes});
  if (!keep || !c.ok()) return reduced;
  for (const int64_t axis : axes) kept[static_cast<size_t>(axis)] = 1;
  return reshape(c, reduced, kept);
}

Ints axis_range(int64_t begin, int64_t end) {
  Ints axes;
  for (int64_t axis = begin; axis < end; ++axis) axes.push_back(axis);
  return axes;
}

int64_t element_count(const Ints& shape, size_t begin, size_t end) {
  int64_t count = 1;
  for (size_t i = begin; i < std::min(end, shape.size()); ++i) count *= shape[i];
  return count;
}

expr::Expr element_count(const Dims& shape, size_t begin, size_t end) {
  expr::Expr count(1);
  for (size_t i = begin; i < std::min(end, shape.size()); ++i) count = count * shape[i];
  return count;
}

bool check_extents(Call& c, const Dims& shape) {
  for (const expr::Expr& extent : shape) {
    const expr::Interval bounds = expr::bounds(extent);
    if (!bounds.min || *bounds.min < 0 || !bounds.max || *bounds.max > kMaxExtent)
      c.invalid(fmt::format("the extent {}", expr::print(extent)));
  }
  return c.ok();
}

bool require_equal(Call& c, const expr::Expr& extent, const expr::Expr& wanted, std::string_view what) {
  return c.require(expr::equal(extent, wanted), fmt::format("{}: the extent {} is not {}", what,
                                                            expr::print(extent), expr::print(wanted)));
}

bool require_shape(Call& c, ValueId x, const Dims& wanted, std::string_view what) {
  if (!c.ok()) return false;
  const Dims shape = c.dims(x);
  if (shape.size() != wanted.size()) {
    c.invalid(fmt::format("{}: the shape {} is not {}", what, to_string(shape), to_string(wanted)));
    return false;
  }
  for (size_t i = 0; i < shape.size(); ++i)
    if (!require_equal(c, shape[i], wanted[i], what)) return false;
  return true;
}

bool require_positive(Call& c, const Dims& shape) {
  for (const expr::Expr& extent : shape)
    if (!c.require(expr::less(0, extent), "an extent is 0")) return false;
  return c.ok();
}

std::string to_string(const Dims& shape) {
  std::string text;
  for (const expr::Expr& extent : shape) text += (text.empty() ? "" : ", ") + expr::print(extent);
  return "[" + text + "]";
}

ValueId per_channel(Call& c, ValueId x, int64_t rank) {
  if (!c.ok()) return kNoValue;
  Dims shape = Ints(static_cast<size_t>(rank), 1);
  if (rank >= 2) shape[1] = element_count(c.dims(x));
  else if (rank == 1) shape[0] = element_count(c.dims(x));
  return reshape(c, x, shape);
}

}  // namespace weft::onnx

// reduce, arg_reduce, reduce_window as folds.
#include <algorithm>
#include <limits>

#include "base/check.hpp"
#include "lower/builder.hpp"

namespace weft::lower {

using graph::Node;
using graph::ReduceKind;
using loops::ValueOp;

namespace {

/// The value that a reduction of this kind starts from: combining it with x gives x.
Value identity(ReduceKind kind, DType dtype) {
  const loops::Type type{dtype};
  switch (kind) {
    case ReduceKind::sum:
    case ReduceKind::mean: return loops::constant(type, 0);
    case ReduceKind::product: return loops::constant(type, 1);
    case ReduceKind::max:
    case ReduceKind::min: break;
  }
  const bool max = kind == ReduceKind::max;
  if (is_float(dtype))
    return loops::constant(
        type, max ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity());
  const uint32_t bits = info(dtype).bits;
  const uint64_t top = uint64_t{1} << (bits - 1);
  const uint64_t ones = bits == 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1;
  if (is_signed(dtype)) return loops::constant_bits(type, max ? top : top - 1);
  return loops::constant_bits(type, max ? 0 : ones);
}

Value combine(ReduceKind kind, const Value& a, const Value& b) {
  switch (kind) {
    case ReduceKind::sum:
    case ReduceKind::mean: return loops::binary(ValueOp::add, a, b);
    case ReduceKind::product: return loops::binary(ValueOp::mul, a, b);
    case ReduceKind::max: return loops::binary(ValueOp::max, a, b);
    case ReduceKind::min: return loops::binary(ValueOp::min, a, b);
  }
  return a;
}

Value fold(StageBuilder& builder, ReduceKind kind, const Value& value) {
  const std::string name = builder.fresh("acc");
  const Value state = builder.state(name, value->type.dtype);
  builder.add_state(name, identity(kind, value->type.dtype), combine(kind, state, value));
  return state;
}

Value mean(const Value& sum, const Expr& count, DType dtype) {
  const Value divisor = loops::cast(sum->type.dtype, loops::index_value(count));
  return loops::binary(ValueOp::div, as_stored(sum, dtype), divisor);
}

}  // namespace

AnchorResult lower_reduce(StageBuilder& builder, const Node& node) {
  const auto& attributes = std::get<graph::ReduceAttributes>(node.attributes);
  const graph::Shape& x = builder.type(node.inputs[0]).shape;
  Indices source, indices;
  Expr count(1);
  for (size_t i = 0; i < x.size(); ++i) {
    const bool reduced = std::ranges::binary_search(attributes.axes, static_cast<int64_t>(i));
    const std::string name = (reduced ? "r" : "i") + std::to_string(i);
    source.push_back(reduced ? builder.reduction(name, x[i]) : builder.spatial(name, x[i]));
    if (reduced) count = count * x[i];
    else indices.push_back(source.back());
  }
  Value value = builder.value_at(node.inputs[0], source);
  // Of booleans, the largest or smallest: they have an order as integers only.
  const bool boolean = value->type.dtype == DType::boolean;
  if (boolean) value = loops::cast(DType::u32, value);
  const Value sum = fold(builder, attributes.kind, value);
  if (boolean) return {std::move(indices), loops::cast(DType::boolean, sum)};
  return {std::move(indices),
          attributes.kind == ReduceKind::mean ? mean(sum, count, builder.type(node.output).dtype) : sum};
}

AnchorResult lower_arg_reduce(StageBuilder& builder, const Node& node) {
  const auto& attributes = std::get<graph::ArgReduceAttributes>(node.attributes);
  const graph::Shape& x = builder.type(node.inputs[0]).shape;
  Indices source, indices;
  for (size_t i = 0; i < x.size(); ++i) {
    const bool reduced = static_cast<int64_t>(i) == attributes.axis;
    source.push_back(reduced ? builder.reduction("r", x[i]) : builder.spatial("i" + std::to_string(i), x[i]));
    if (!reduced) indices.push_back(source.back());
  }
  Value x_value = builder.value_at(node.inputs[0], source);
  if (x_value->type.dtype == DType::boolean) x_value = loops::cast(DType::u32, x_value);
  const Value position = loops::index_value(source[static_cast<size_t>(attributes.axis)]);
  const Value best = builder.state("best", x_value->type.dtype);
  const Value index = builder.state("position", DType::i32);
  const bool max = attributes.kind == ReduceKind::max;
  const ValueOp order = attributes.last ? ValueOp::less_equal : ValueOp::less;
  const Value better = max ? loops::binary(order, best, x_value) : loops::binary(order, x_value, best);
  builder.add_state("best", identity(attributes.kind, x_value->type.dtype),
                    loops::select(better, x_value, best));
  builder.add_state("position", loops::constant_int({DType::i32}, 0), loops::select(better, position, index));
  return {std::move(indices), loops::cast(DType::i64, index)};
}

namespace {

/// How many taps of a window that starts at `start` fall into [low, high).
Expr taps_inside(const Expr& start, int64_t window, int64_t dilation, const Expr& low, const Expr& high) {
  const Expr first = expr::max(0, expr::ceil_div(low - start, dilation));
  const Expr last = expr::min(window, expr::ceil_div(high - start, dilation));
  return last - first;
}

/// Whether a maximum may read the nearest element instead of padding: it is one of the window's own then,
/// since every window reaches into the input and leaves out no element between its taps.
bool may_clamp(const graph::WindowAttributes& attributes, const graph::Shape& x, const graph::Shape& y) {
  if (attributes.kind != ReduceKind::max) return false;
  for (size_t i = 0; i < attributes.window.size(); ++i) {
    const Expr last_start = (y[i + 2] - 1) * attributes.strides[i] - attributes.pads_begin[i];
    if (attributes.dilations[i] != 1 || attributes.pads_begin[i] >= attributes.window[i]) return false;
    if (!expr::always(expr::less(last_start, x[i + 2]))) return false;
  }
  return true;
}

}  // namespace

AnchorResult lower_reduce_window(StageBuilder& builder, const Node& node) {
  const auto& attributes = std::get<graph::WindowAttributes>(node.attributes);
  const graph::Shape& x = builder.type(node.inputs[0]).shape;
  Indices indices = builder.spatial_axes(builder.type(node.output).shape);
  Indices source = {indices[0], indices[1]};
  const bool clamp = may_clamp(attributes, x, builder.type(node.output).shape);
  Reading reading;
  Expr count(1);
  for (size_t i = 0; i + 2 < x.size(); ++i) {
    const Expr start = indices[i + 2] * attributes.strides[i] - attributes.pads_begin[i];
    const Expr tap = builder.reduction("k" + std::to_string(i), attributes.window[i]);
    source.push_back(start + tap * attributes.dilations[i]);
    if (clamp) {
      source.back() = expr::max(0, expr::min(source.back(), x[i + 2] - 1));
      continue;
    }
    reading.condition = expr::logical_and(reading.condition, expr::less_equal(0, source.back()));
    reading.condition = expr::logical_and(reading.condition, expr::less(source.back(), x[i + 2]));
    if (attributes.kind == ReduceKind::mean)
      count = count * taps_inside(start, attributes.window[i], attributes.dilations[i],
                                  -attributes.counted_begin[i], x[i + 2] + attributes.counted_end[i]);
  }
  Value value = builder.value_at(node.inputs[0], source, reading);
  if (attributes.kind == ReduceKind::max && !reading.condition.is_constant(1))
    value = loops::select(condition_value(reading.condition), value,
                          identity(ReduceKind::max, value->type.dtype));
  const Value sum = fold(builder, attributes.kind, value);
  return {std::move(indices),
          attributes.kind == ReduceKind::mean ? mean(sum, count, builder.type(node.output).dtype) : sum};
}

}  // namespace weft::lower

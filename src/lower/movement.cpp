// Operations that only move elements: as index mappings where the value anywhere is the operand's value
// elsewhere.
#include <algorithm>
#include <optional>

#include "base/check.hpp"
#include "lower/builder.hpp"

namespace weft::lower {

using graph::Node;
using graph::Op;

Indices broadcast_indices(const graph::Shape& from, const Indices& indices) {
  Indices result;
  const size_t skipped = indices.size() - from.size();
  for (size_t i = 0; i < from.size(); ++i)
    result.push_back(from[i].is_constant(1) ? Expr(0) : indices[skipped + i]);
  return result;
}

namespace {

/// Row-major position -> indices. The outermost index needs no modulo: the position lies inside the shape.
Indices unflatten(Expr position, const graph::Shape& shape) {
  Indices indices(shape.size(), Expr(0));
  for (size_t i = shape.size(); i-- > 0;) {
    if (shape[i].is_constant(1)) continue;
    indices[i] = i == 0 ? position : expr::mod(position, shape[i]);
    position = expr::floor_div(position, shape[i]);
  }
  return indices;
}

Expr flatten(const Indices& indices, const graph::Shape& shape) {
  Expr position(0);
  for (size_t i = 0; i < shape.size(); ++i) position = position * shape[i] + indices[i];
  return position;
}

/// Reshape: runs of axes whose products agree are mapped run by run, which keeps the index expressions small.
Indices reshape_indices(const graph::Shape& to, const graph::Shape& from, const Indices& indices) {
  Indices result;
  size_t a = 0;
  for (size_t b = 0; b < from.size() || a < to.size();) {
    const size_t a0 = a, b0 = b;
    Expr left(1), right(1);
    if (a < to.size()) left = to[a++];
    if (b < from.size()) right = from[b++];
    while (!(left == right)) {
      const bool grow_left = a < to.size() && (b >= from.size() || !expr::always(expr::less(right, left)));
      if (grow_left) left = left * to[a++];
      else if (b < from.size()) right = right * from[b++];
      else break;
    }
    const Indices part(indices.begin() + static_cast<std::ptrdiff_t>(a0),
                       indices.begin() + static_cast<std::ptrdiff_t>(a));
    const graph::Shape to_part(to.begin() + static_cast<std::ptrdiff_t>(a0),
                               to.begin() + static_cast<std::ptrdiff_t>(a));
    const graph::Shape from_part(from.begin() + static_cast<std::ptrdiff_t>(b0),
                                 from.begin() + static_cast<std::ptrdiff_t>(b));
    const Indices mapped = unflatten(flatten(part, to_part), from_part);
    result.insert(result.end(), mapped.begin(), mapped.end());
  }
  return result;
}

}  // namespace

Indices map_indices(const graph::Graph& g, const Node& node, const Indices& indices) {
  const graph::Shape& from = g.values[node.inputs[0]].type.shape;
  const graph::Shape& to = g.values[node.output].type.shape;
  switch (node.op) {
    case Op::expand: return broadcast_indices(from, indices);
    case Op::reshape: return reshape_indices(to, from, indices);
    case Op::transpose: {
      const auto& permutation = std::get<graph::TransposeAttributes>(node.attributes).permutation;
      Indices result(indices.size());
      for (size_t i = 0; i < indices.size(); ++i) result[static_cast<size_t>(permutation[i])] = indices[i];
      return result;
    }
    case Op::slice: {
      const auto& attributes = std::get<graph::SliceAttributes>(node.attributes);
      Indices result;
      for (size_t i = 0; i < indices.size(); ++i)
        result.push_back(attributes.starts[i] + indices[i] * attributes.steps[i]);
      return result;
    }
    default: WEFT_UNREACHABLE("not an index mapping");
  }
}

namespace {

/// The source index of one padded axis. Reflection is exact for pads below the extent, which the shape rule
/// checks.
Expr pad_index(const graph::PadAttributes& attributes, size_t axis, const Expr& extent, const Expr& index) {
  const Expr t = index - attributes.begin[axis];
  if (attributes.begin[axis] == 0 && attributes.end[axis] == 0) return t;
  if (attributes.mode == graph::PadMode::edge) return expr::max(0, expr::min(t, extent - 1));
  if (attributes.mode == graph::PadMode::reflect) {
    const Expr folded = expr::max(t, -t);
    const Expr last = extent - 1;
    const Expr source = last - expr::max(last - folded, folded - last);
    return expr::max(0, expr::min(source, last));  // says to the verifier what holds anyway
  }
  return t;
}

}  // namespace

AnchorResult lower_pad(StageBuilder& builder, const Node& node) {
  const auto& attributes = std::get<graph::PadAttributes>(node.attributes);
  const graph::Type& from = builder.type(node.inputs[0]);
  Indices indices = builder.spatial_axes(builder.type(node.output).shape);
  Indices source;
  Reading reading;
  for (size_t i = 0; i < indices.size(); ++i) {
    source.push_back(pad_index(attributes, i, from.shape[i], indices[i]));
    if (attributes.mode != graph::PadMode::constant) continue;
    reading.condition = expr::logical_and(reading.condition, expr::less_equal(0, source[i]));
    reading.condition = expr::logical_and(reading.condition, expr::less(source[i], from.shape[i]));
  }
  Value value = builder.value_at(node.inputs[0], source, reading);
  if (!reading.condition.is_constant(1) && !(attributes.value == 0))
    value = loops::select(condition_value(reading.condition), value,
                          loops::constant(value->type, attributes.value));
  return {std::move(indices), std::move(value)};
}

namespace {

Value index_number(const Expr& n, DType dtype) {
  const auto known = n.as_constant();
  return known ? loops::constant_int({dtype}, *known) : loops::index_value(n, dtype);
}

/// An index into an axis of `extent` from data: negative ones count from the end, others are clamped.
/// Narrowing an i64 first would wrap.
Expr bound_index(StageBuilder& builder, Value wide, const Expr& extent) {
  const auto number = [](const Expr& n) { return index_number(n, DType::i32); };
  if (wide->type.dtype == DType::i64) {
    wide = loops::binary(loops::ValueOp::max, wide, index_number(-extent, DType::i64));
    wide = loops::binary(loops::ValueOp::min, wide, index_number(extent - 1, DType::i64));
  }
  Value index = wide->type.dtype == DType::i32 ? wide : loops::cast(DType::i32, wide);
  index = loops::select(loops::binary(loops::ValueOp::less, index, number(0)),
                        loops::binary(loops::ValueOp::add, index, number(extent)), index);
  index = loops::binary(loops::ValueOp::min, loops::binary(loops::ValueOp::max, index, number(0)),
                        number(extent - 1));
  return builder.bind(builder.fresh("g"), loops::loop_facts("", extent).range, index);
}

}  // namespace

AnchorResult lower_gather(StageBuilder& builder, const Node& node) {
  const auto axis = static_cast<size_t>(std::get<graph::AxisAttributes>(node.attributes).axis);
  const graph::Type& data = builder.type(node.inputs[0]);
  const size_t rank = builder.type(node.inputs[1]).shape.size();
  Indices indices = builder.spatial_axes(builder.type(node.output).shape);
  const auto at = [&](size_t i) { return indices.begin() + static_cast<std::ptrdiff_t>(i); };
  const Indices position(at(axis), at(axis + rank));
  const Expr gathered = bound_index(builder, builder.value_at(node.inputs[1], position), data.shape[axis]);
  Indices source(at(0), at(axis));
  source.push_back(gathered);
  source.insert(source.end(), at(axis + rank), indices.end());
  Value value = builder.value_at(node.inputs[0], source);
  return {std::move(indices), std::move(value)};
}

/// One stage per operand, each into its slot of the result.
std::vector<loops::Stage> lower_concat(const graph::Graph& g, const Group& group, const Node& node) {
  const auto axis = static_cast<size_t>(std::get<graph::ConcatAttributes>(node.attributes).axis);
  std::vector<loops::Stage> stages;
  Expr start(0);
  for (const graph::ValueId operand : node.inputs) {
    StageBuilder builder(g, group);
    const graph::Shape& shape = builder.type(operand).shape;
    const Indices indices = builder.spatial_axes(shape);
    Indices slot = indices;
    slot[axis] = slot[axis] + start;
    start = start + shape[axis];
    if (expr::product(shape).is_constant(0)) continue;
    const Value value = builder.value_at(operand, indices);
    stages.push_back(builder.finish(value, node.output, slot));
  }
  return stages;
}

namespace {

Value combined(graph::ScatterKind kind, const Value& old, const Value& update) {
  using loops::ValueOp;
  switch (kind) {
    case graph::ScatterKind::replace: return update;
    case graph::ScatterKind::sum: return loops::binary(ValueOp::add, old, update);
    case graph::ScatterKind::product: return loops::binary(ValueOp::mul, old, update);
    case graph::ScatterKind::max: return loops::binary(ValueOp::max, old, update);
    case graph::ScatterKind::min: return loops::binary(ValueOp::min, old, update);
  }
  WEFT_UNREACHABLE("an unknown kind");
}

/// The operand as it is, which moves nothing where it lies in the result's place.
loops::Stage lower_kept(const graph::Graph& g, const Group& group, const Node& node) {
  StageBuilder copy(g, group);
  const Indices all = copy.spatial_axes(copy.type(node.output).shape);
  const Value kept = copy.value_at(node.inputs[0], all);
  return copy.finish(kept, node.output, all);
}

}  // namespace

std::vector<loops::Stage> lower_set_slice(const graph::Graph& g, const Group& group, const Node& node) {
  std::vector<loops::Stage> stages = {lower_kept(g, group, node)};
  const auto& starts = std::get<graph::SetSliceAttributes>(node.attributes).starts;
  StageBuilder builder(g, group);
  const graph::Shape& shape = builder.type(node.inputs[1]).shape;
  if (expr::product(shape).is_constant(0)) return stages;
  const Indices indices = builder.spatial_axes(shape);
  Indices target = indices;
  for (size_t i = 0; i < target.size(); ++i) target[i] = target[i] + starts[i];
  const Value part = builder.value_at(node.inputs[1], indices);
  stages.push_back(builder.finish(part, node.output, target));
  return stages;
}

std::vector<loops::Stage> lower_scatter(const graph::Graph& g, const Group& group, const Node& node) {
  std::vector<loops::Stage> stages = {lower_kept(g, group, node)};
  StageBuilder builder(g, group);
  const graph::Shape& shape = builder.type(node.inputs[2]).shape;
  if (expr::product(shape).is_constant(0)) return stages;
  const Indices indices = builder.spatial_axes(shape);
  const Expr rows = builder.type(node.output).shape[0];
  Indices target = indices;
  target[0] = bound_index(builder, builder.value_at(node.inputs[1], {indices[0]}), rows);
  const auto kind = std::get<graph::ScatterAttributes>(node.attributes).kind;
  const Value update = builder.value_at(node.inputs[2], indices);
  const Value old = kind == graph::ScatterKind::replace ? update : builder.stored_value(node.output, target);
  stages.push_back(builder.finish(combined(kind, old, update), node.output, target));
  return stages;
}

}  // namespace weft::lower

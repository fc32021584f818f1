#include "lower/builder.hpp"

#include <algorithm>
#include <cstring>

#include "base/check.hpp"

namespace weft::lower {

using graph::Node;
using graph::ValueId;

DType compute_type(DType dtype) {
  switch (dtype) {
    case DType::f16:
    case DType::bf16: return DType::f32;
    case DType::i8:
    case DType::i16: return DType::i32;
    case DType::u8:
    case DType::u16: return DType::u32;
    default: return dtype;
  }
}

Value as_stored(Value value, DType dtype) {
  const DType wide = value->type.dtype;
  if (dtype == wide || !is_integer(dtype)) return value;
  return loops::cast(wide, loops::cast(dtype, std::move(value)));
}

Value condition_value(const Expr& condition) {
  return loops::binary(loops::ValueOp::less, loops::constant_int({DType::i32}, 0),
                       loops::index_value(condition));
}

StageBuilder::StageBuilder(const graph::Graph& g, const Group& group) : graph_(g) {
  for (const uint32_t index : group.nodes) {
    inside_[g.nodes[index].output] = &g.nodes[index];
    if (!stage_.name.empty()) stage_.name += " ";
    stage_.name += info(g.nodes[index].op).name;
  }
}

std::string StageBuilder::fresh(const std::string& prefix) { return prefix + std::to_string(names_++); }

Expr StageBuilder::spatial(std::string name, Expr extent) {
  stage_.spatial.push_back({std::move(name), std::move(extent)});
  const loops::Axis& axis = stage_.spatial.back();
  return axis.extent.is_constant(1) ? Expr(0) : axis_variable(axis);
}

Expr StageBuilder::reduction(std::string name, Expr extent) {
  stage_.reduction.push_back({std::move(name), std::move(extent)});
  const loops::Axis& axis = stage_.reduction.back();
  return axis.extent.is_constant(1) ? Expr(0) : axis_variable(axis);
}

Indices StageBuilder::spatial_axes(const graph::Shape& shape, const std::string& prefix) {
  Indices indices;
  for (const Expr& extent : shape)
    indices.push_back(spatial(prefix + std::to_string(indices.size()), extent));
  return indices;
}

uint32_t StageBuilder::tensor(ValueId value) {
  const auto [entry, added] = tensors_.emplace(value, static_cast<uint32_t>(stage_.tensors.size()));
  if (added) {
    const graph::Value& v = graph_.values[value];
    stage_.tensors.push_back({"t" + std::to_string(entry->second), v.type.dtype, v.type.shape, value});
  }
  return entry->second;
}

namespace {

/// A one-element constant whose bytes the graph holds is part of the code.
std::optional<Value> immediate(const graph::Graph& g, ValueId value) {
  const auto constant = g.constants.find(value);
  const graph::Type& type = g.values[value].type;
  if (constant == g.constants.end() || !graph::element_count(type.shape).is_constant(1)) return std::nullopt;
  const auto* bytes = std::get_if<std::vector<uint8_t>>(&constant->second);
  if (bytes == nullptr || bytes->size() > sizeof(uint64_t)) return std::nullopt;
  uint64_t bits = 0;
  for (size_t i = bytes->size(); i-- > 0;) bits = bits << 8 | (*bytes)[i];
  return loops::constant_bits({type.dtype}, bits);
}

/// The bits of a value of type `from`, which is given in its compute type, as a value of `to`, in that of
/// `to`.
Value bits_as(Value value, DType from, DType to) {
  const DType wide = compute_type(to);
  if (!is_float(from) && !is_float(to)) {  // casts of integers wrap
    if (from == DType::boolean || to == DType::boolean) return loops::cast(wide, value);
    return as_stored(loops::cast(wide, std::move(value)), to);
  }
  const Value narrow = compute_type(from) == from ? value : loops::cast(from, std::move(value));
  const Value bits = from == to ? narrow : loops::bitcast(to, narrow);
  return wide == to ? bits : loops::cast(wide, bits);
}

/// The element of a list at an index.
Expr element_at(const std::vector<Expr>& values, const Expr& index) {
  Expr value = values.empty() ? Expr(0) : values.back();
  for (size_t i = values.size(); i-- > 1;)
    value = expr::select(expr::less(index, static_cast<int64_t>(i)), values[i - 1], value);
  return value;
}

}  // namespace

Value StageBuilder::outer_value(ValueId value, const Indices& indices, const Reading& reading) {
  const DType dtype = type(value).dtype;
  const DType wide = compute_type(dtype);
  const auto widen = [&](Value v) { return dtype == wide ? v : loops::cast(wide, std::move(v)); };
  if (const auto known = immediate(graph_, value)) return widen(*known);
  const uint32_t operand = tensor(value);
  if (reading.condition.is_constant(1)) return widen(loops::access(dtype, operand, indices));
  return widen(
      loops::access_if(dtype, operand, indices, reading.condition, loops::constant_bits({dtype}, 0)));
}

Value StageBuilder::inner_value(const Node& node, const Indices& indices, const Reading& reading) {
  if (maps_indices(node.op)) return value_at(node.inputs[0], map_indices(graph_, node, indices), reading);
  if (node.op == graph::Op::iota) {
    const auto& iota = std::get<graph::IotaAttributes>(node.attributes);
    return loops::index_value(indices[static_cast<size_t>(iota.axis)], iota.to);
  }
  if (node.op == graph::Op::extents) {
    const auto& extents = std::get<graph::ExtentsAttributes>(node.attributes);
    return loops::index_value(element_at(extents.values, indices[0]), extents.to);
  }
  WEFT_CHECK(info(node.op).op_class == graph::OpClass::elementwise,
             "an anchor read away from its own indices: " + stage_.name);
  std::vector<Value> operands;
  for (const ValueId input : node.inputs)
    operands.push_back(value_at(input, broadcast_indices(type(input).shape, indices), reading));
  if (node.op == graph::Op::bitcast)
    return bits_as(operands[0], type(node.inputs[0]).dtype, type(node.output).dtype);
  return as_stored(lower_elementwise(node, operands), type(node.output).dtype);
}

Value StageBuilder::value_at(ValueId value, const Indices& indices, const Reading& reading) {
  if (value == anchor_) {
    WEFT_CHECK(std::ranges::equal(indices, anchor_indices_),
               "an anchor read away from its own indices: " + stage_.name);
    return anchor_result_;
  }
  const auto node = inside_.find(value);
  return node == inside_.end() ? outer_value(value, indices, reading)
                               : inner_value(*node->second, indices, reading);
}

void StageBuilder::set_anchor(ValueId output, Indices indices, Value result) {
  anchor_ = output;
  anchor_indices_ = std::move(indices);
  anchor_result_ = as_stored(std::move(result), type(output).dtype);
}

void StageBuilder::add_state(std::string name, Value init, Value update) {
  const loops::Type state_type = update->type;
  stage_.fold.push_back({std::move(name), state_type, std::move(init), std::move(update)});
}

Value StageBuilder::state(const std::string& name, DType dtype) const { return loops::local({dtype}, name); }

Expr StageBuilder::bind(const std::string& name, expr::Interval range, Value value) {
  stage_.bindings.push_back({expr::Variable{name, range, 1}, std::move(value)});
  return expr::variable(name, range);
}

loops::Stage StageBuilder::finish(Value result, ValueId output, Indices output_indices) {
  const DType dtype = type(output).dtype;
  stage_.result = result->type.dtype == dtype ? std::move(result) : loops::cast(dtype, std::move(result));
  stage_.output_indices = std::move(output_indices);
  const graph::Value& v = graph_.values[output];
  stage_.tensors.push_back({"out", v.type.dtype, v.type.shape, output});
  return std::move(stage_);
}

}  // namespace weft::lower

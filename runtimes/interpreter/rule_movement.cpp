// Movement: views where strides can say it, strided copies elsewhere; of any type.
#include <cstring>

#include "interpreter/planner.hpp"

namespace weft::interpreter {
namespace {

using graph::Op;

Result<std::optional<Ints>> constants_of(const graph::Shape& shape) {
  std::optional<Ints> values = graph::constant_shape(shape);
  return values;
}

Planned plan_transpose(Planner& planner, const Node& node) {
  WEFT_ASSIGN(view, planner.view(node.inputs[0]));
  const auto& permutation = std::get<graph::TransposeAttributes>(node.attributes).permutation;
  View y = view;
  for (size_t i = 0; i < permutation.size(); ++i)
    y.strides[i] = view.strides[static_cast<size_t>(permutation[i])];
  planner.alias(node.output, y);
  return true;
}

Planned plan_slice(Planner& planner, const Node& node) {
  const auto& a = std::get<graph::SliceAttributes>(node.attributes);
  WEFT_ASSIGN(starts, constants_of(a.starts));
  if (!starts || count(planner.shape(node.output)) == 0) return false;
  WEFT_ASSIGN(view, planner.view(node.inputs[0]));
  const int64_t element = byte_size(planner.dtype(node.output));
  for (size_t i = 0; i < view.strides.size(); ++i) {
    view.data.offset += (*starts)[i] * view.strides[i] * element;
    view.strides[i] *= a.steps[i];
  }
  view.strides = canonical(planner.shape(node.output), view.strides);
  planner.alias(node.output, view);
  return true;
}

Planned plan_expand(Planner& planner, const Node& node) {
  WEFT_ASSIGN(view, planner.view(node.inputs[0]));
  view.strides = broadcast_strides(planner.shape(node.inputs[0]), view.strides, planner.shape(node.output));
  planner.alias(node.output, view);
  return true;
}

/// A copy where no view will do: in the order in which the reader of the result wants it, if it can be
/// written so.
Planned plan_reshape(Planner& planner, const Node& node) {
  const ValueId x = node.inputs[0];
  const Ints &from = planner.shape(x), &to = planner.shape(node.output);
  WEFT_ASSIGN(view, planner.view(x));
  if (const auto strides = reshaped(from, view.strides, to)) {
    view.strides = *strides;
    planner.alias(node.output, view);
    return true;
  }
  const Node* reader = planner.only_reader(node.output);
  Order order = row_major(to.size());
  if (reader != nullptr && (reader->op == Op::conv || reader->op == Op::reduce_window) && to.size() > 2)
    order = channels_last(to.size());
  if (!reshaped(to, dense_strides(to, order), from)) order = row_major(to.size());
  const View y = planner.define(node.output, order);
  View as_source = y;
  as_source.strides = *reshaped(to, y.strides, from);
  planner.copy(view, as_source, from, byte_size(planner.dtype(x)));
  return true;
}

/// The order in which the first operand lies.
Result<Order> order_of_operand(Planner& planner, ValueId x, const Ints& shape) {
  WEFT_ASSIGN(view, planner.view(x));
  const auto order = dense_order(planner.shape(x), view.strides);
  return order ? *order : row_major(shape.size());
}

Planned plan_concat(Planner& planner, const Node& node) {
  const auto axis = static_cast<size_t>(std::get<graph::ConcatAttributes>(node.attributes).axis);
  const Ints& shape = planner.shape(node.output);
  const int64_t element = byte_size(planner.dtype(node.output));
  WEFT_ASSIGN(order, order_of_operand(planner, node.inputs[0], shape));
  std::vector<View> parts;
  for (const ValueId x : node.inputs) {
    WEFT_ASSIGN(view, planner.view(x));
    parts.push_back(view);
  }
  const View y = planner.define(node.output, order);
  const Ints strides = dense_strides(shape, order);
  int64_t at = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    const Ints& part = planner.shape(node.inputs[i]);
    if (count(part) == 0) continue;
    View slot{y.data, canonical(part, strides), y.allocation};
    slot.data.offset += at * strides[axis] * element;
    planner.copy(parts[i], slot, part, static_cast<uint32_t>(element));
    at += part[axis];
  }
  return true;
}

Planned plan_pad(Planner& planner, const Node& node) {
  const auto& a = std::get<graph::PadAttributes>(node.attributes);
  const Ints &shape = planner.shape(node.output), &inner = planner.shape(node.inputs[0]);
  if (a.mode != graph::PadMode::constant || !planner.is_float(node.output)) return false;
  WEFT_ASSIGN(order, order_of_operand(planner, node.inputs[0], shape));
  WEFT_ASSIGN(from, planner.view(node.inputs[0]));
  const View y = planner.define(node.output, order);
  planner.step([to = y.data, n = count(shape), value = static_cast<float>(a.value)]() -> Result<void> {
    float* out = to.floats();
    for (int64_t i = 0; i < n; ++i) out[i] = value;
    return {};
  });
  View box = y;
  const Ints strides = dense_strides(shape, order);
  for (size_t i = 0; i < shape.size(); ++i)
    box.data.offset += a.begin[i] * strides[i] * static_cast<int64_t>(sizeof(float));
  box.strides = canonical(inner, strides);
  if (count(inner) > 0) planner.copy(from, box, inner, sizeof(float));
  return true;
}

/// Blocks of `bytes` of one axis, by indices of type T.
template <class T>
struct Gather {
  Ref x, indices, y;
  int64_t outer, extent, count;
  size_t bytes;

  bool run() const {
    uint8_t* to = y.get();
    const T* index = reinterpret_cast<const T*>(indices.get());
    for (int64_t o = 0; o < outer; ++o)
      for (int64_t i = 0; i < count; ++i, to += bytes) {
        const int64_t at = index[i] < 0 ? index[i] + extent : index[i];
        if (at < 0 || at >= extent) return false;
        std::memcpy(to, x.get() + static_cast<size_t>(o * extent + at) * bytes, bytes);
      }
    return true;
  }
};

template <class T>
Planned plan_gather_by(Planner& planner, const Node& node) {
  const auto axis = static_cast<size_t>(std::get<graph::AxisAttributes>(node.attributes).axis);
  const Ints &x = planner.shape(node.inputs[0]), &indices = planner.shape(node.inputs[1]);
  WEFT_ASSIGN(from, planner.dense(node.inputs[0], row_major(x.size())));
  WEFT_ASSIGN(by, planner.dense(node.inputs[1], row_major(indices.size())));
  const auto split = x.begin() + static_cast<std::ptrdiff_t>(axis);
  Gather<T> gather{
      .x = from.data,
      .indices = by.data,
      .y = {},
      .outer = count({x.begin(), split}),
      .extent = x[axis],
      .count = count(indices),
      .bytes = static_cast<size_t>(count({split + 1, x.end()})) * byte_size(planner.dtype(node.output))};
  gather.y = planner.define(node.output, row_major(planner.shape(node.output).size())).data;
  planner.step([gather, &node]() -> Result<void> {
    if (gather.run()) return {};
    return fail(ErrorKind::invalid_argument, "an index of gather is out of range", node.source);
  });
  return true;
}

Planned plan_gather(Planner& planner, const Node& node) {
  switch (planner.dtype(node.inputs[1])) {
    case DType::i64: return plan_gather_by<int64_t>(planner, node);
    case DType::i32: return plan_gather_by<int32_t>(planner, node);
    default: return false;
  }
}

}  // namespace

Planned plan_movement(Planner& planner, const Node& node) {
  switch (node.op) {
    case Op::transpose: return plan_transpose(planner, node);
    case Op::slice: return plan_slice(planner, node);
    case Op::expand: return plan_expand(planner, node);
    case Op::reshape: return plan_reshape(planner, node);
    case Op::concat: return plan_concat(planner, node);
    case Op::pad: return plan_pad(planner, node);
    case Op::gather: return plan_gather(planner, node);
    default: return false;
  }
}

}  // namespace weft::interpreter

// conv, conv_transpose, matmul: sums of products as folds.
#include "base/check.hpp"
#include "lower/builder.hpp"

namespace weft::lower {

using graph::Node;

namespace {

/// The bias of output channel `channel`, or zero: where the sum starts.
Value initial_sum(StageBuilder& builder, const Node& node, DType dtype, const Expr& channel) {
  if (node.inputs.size() < 3) return loops::constant({dtype}, 0);
  return builder.value_at(node.inputs[2], {channel});
}

/// Output channels of a grouped contraction: (group, channel within it). An axis of extent 1 is left out.
struct Channels {
  Expr group = Expr(0), within = Expr(0);
  Expr output = Expr(0);
};

Channels channel_axes(StageBuilder& builder, int64_t groups, const Expr& per_group) {
  Channels channels;
  if (groups > 1) channels.group = builder.spatial("g", groups);
  if (groups == 1 || !per_group.is_constant(1)) channels.within = builder.spatial("c", per_group);
  channels.output = channels.group * per_group + channels.within;
  return channels;
}

Indices output_positions(StageBuilder& builder, const graph::Shape& shape) {
  Indices positions;
  for (size_t i = 2; i < shape.size(); ++i)
    positions.push_back(builder.spatial("o" + std::to_string(i - 2), shape[i]));
  return positions;
}

Indices concatenate(Indices first, const Indices& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

AnchorResult sum_of_products(StageBuilder& builder, const Value& init, const Value& a, const Value& b,
                             Indices indices) {
  const std::string name = builder.fresh("sum");
  const Value sum = builder.state(name, a->type.dtype);
  builder.add_state(name, init, loops::muladd(a, b, sum));
  return {std::move(indices), sum};
}

}  // namespace

AnchorResult lower_conv(StageBuilder& builder, const Node& node) {
  const auto& attributes = std::get<graph::ConvAttributes>(node.attributes);
  const graph::Shape& x = builder.type(node.inputs[0]).shape;
  const graph::Shape& w = builder.type(node.inputs[1]).shape;
  const graph::Shape& y = builder.type(node.output).shape;
  const Expr batch = builder.spatial("n", y[0]);
  const Channels channels =
      channel_axes(builder, attributes.groups, expr::floor_div(w[0], attributes.groups));
  const Indices positions = output_positions(builder, y);
  Indices taps, source;
  Reading reading;
  for (size_t i = 0; i < positions.size(); ++i) {
    taps.push_back(builder.reduction("k" + std::to_string(i), w[i + 2]));
    source.push_back(positions[i] * attributes.strides[i] + taps[i] * attributes.dilations[i] -
                     attributes.pads_begin[i]);
    reading.condition = expr::logical_and(reading.condition, expr::less_equal(0, source[i]));
    reading.condition = expr::logical_and(reading.condition, expr::less(source[i], x[i + 2]));
  }
  const Expr channel = builder.reduction("c.in", w[1]);
  const Indices at = concatenate({batch, channels.group * w[1] + channel}, source);
  const Value a = builder.value_at(node.inputs[0], at, reading);
  const Value b = builder.value_at(node.inputs[1], concatenate({channels.output, channel}, taps));
  return sum_of_products(builder, initial_sum(builder, node, a->type.dtype, channels.output), a, b,
                         concatenate({batch, channels.output}, positions));
}

AnchorResult lower_conv_transpose(StageBuilder& builder, const Node& node) {
  const auto& attributes = std::get<graph::ConvTransposeAttributes>(node.attributes);
  const graph::Shape& x = builder.type(node.inputs[0]).shape;
  const graph::Shape& w = builder.type(node.inputs[1]).shape;
  const graph::Shape& y = builder.type(node.output).shape;
  const Expr batch = builder.spatial("n", y[0]);
  const Channels channels = channel_axes(builder, attributes.groups, w[1]);
  const Indices positions = output_positions(builder, y);
  Indices taps, source;
  Reading reading;
  for (size_t i = 0; i < positions.size(); ++i) {
    taps.push_back(builder.reduction("k" + std::to_string(i), w[i + 2]));
    // x[s] reaches y[s * stride + k * dilation - pad].
    const Expr scaled = positions[i] + attributes.pads_begin[i] - taps[i] * attributes.dilations[i];
    source.push_back(expr::floor_div(scaled, attributes.strides[i]));
    const Expr reached = expr::equal(expr::mod(scaled, attributes.strides[i]), 0);
    reading.condition = expr::logical_and(reading.condition, reached);
    reading.condition = expr::logical_and(reading.condition, expr::less_equal(0, source[i]));
    reading.condition = expr::logical_and(reading.condition, expr::less(source[i], x[i + 2]));
  }
  const Expr per_group = expr::floor_div(x[1], attributes.groups);
  const Expr channel = channels.group * per_group + builder.reduction("c.in", per_group);
  const Value a = builder.value_at(node.inputs[0], concatenate({batch, channel}, source), reading);
  const Value b = builder.value_at(node.inputs[1], concatenate({channel, channels.within}, taps));
  return sum_of_products(builder, initial_sum(builder, node, a->type.dtype, channels.output), a, b,
                         concatenate({batch, channels.output}, positions));
}

AnchorResult lower_matmul(StageBuilder& builder, const Node& node) {
  const graph::Shape& a = builder.type(node.inputs[0]).shape;
  const graph::Shape& b = builder.type(node.inputs[1]).shape;
  const graph::Shape& y = builder.type(node.output).shape;
  Indices batch;
  for (size_t i = 0; i + 2 < y.size(); ++i) batch.push_back(builder.spatial("b" + std::to_string(i), y[i]));
  const Expr row = builder.spatial("m", y[y.size() - 2]);
  const Expr column = builder.spatial("n", y.back());
  const Expr k = builder.reduction("k", a.back());
  const auto batch_of = [&](const graph::Shape& shape) {
    return broadcast_indices(graph::Shape(shape.begin(), shape.end() - 2), batch);
  };
  const Value left = builder.value_at(node.inputs[0], concatenate(batch_of(a), {row, k}));
  const Value right = builder.value_at(node.inputs[1], concatenate(batch_of(b), {k, column}));
  return sum_of_products(builder, loops::constant(left->type, 0), left, right,
                         concatenate(batch, {row, column}));
}

}  // namespace weft::lower

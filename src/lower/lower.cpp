#include "lower/lower.hpp"

#include "base/check.hpp"
#include "lower/builder.hpp"

namespace weft::lower {

using graph::Node;
using graph::Op;

AnchorRule anchor_rule(Op op) {
  switch (op) {
    case Op::conv: return lower_conv;
    case Op::conv_transpose: return lower_conv_transpose;
    case Op::matmul: return lower_matmul;
    case Op::winograd_input: return lower_winograd_input;
    case Op::winograd_weights: return lower_winograd_weights;
    case Op::winograd_output: return lower_winograd_output;
    case Op::reduce: return lower_reduce;
    case Op::arg_reduce: return lower_arg_reduce;
    case Op::reduce_window: return lower_reduce_window;
    case Op::pad: return lower_pad;
    case Op::gather: return lower_gather;
    default: return nullptr;
  }
}

namespace {

const Node* find_anchor(const graph::Graph& g, const Group& group) {
  const Node* anchor = nullptr;
  for (const uint32_t index : group.nodes) {
    if (anchor_rule(g.nodes[index].op) == nullptr) continue;
    WEFT_CHECK(anchor == nullptr, "a group with two anchors:\n" + graph::print(g));
    anchor = &g.nodes[index];
  }
  return anchor;
}

}  // namespace

std::vector<loops::Stage> lower_group(const graph::Graph& g, const Group& group) {
  const Node& last = g.nodes[group.nodes.back()];
  if (last.op == Op::concat) return lower_concat(g, group, last);
  if (graph::element_count(g.values[group.output].type.shape).is_constant(0)) return {};
  if (last.op == Op::set_slice) return lower_set_slice(g, group, last);
  if (last.op == Op::scatter) return lower_scatter(g, group, last);
  StageBuilder builder(g, group);
  Indices indices;
  if (const Node* anchor = find_anchor(g, group)) {
    AnchorResult result = anchor_rule(anchor->op)(builder, *anchor);
    indices = result.indices;
    builder.set_anchor(anchor->output, std::move(result.indices), std::move(result.value));
  } else {
    indices = builder.spatial_axes(g.values[group.output].type.shape);
  }
  const Value value = builder.value_at(group.output, indices);
  std::vector<loops::Stage> stages;
  stages.push_back(builder.finish(value, group.output, indices));
  return stages;
}

loops::Stage copy_stage(const graph::Graph& g, graph::ValueId value) {
  StageBuilder builder(g, {});
  const Indices indices = builder.spatial_axes(builder.type(value).shape);
  const Value read = builder.value_at(value, indices);
  loops::Stage stage = builder.finish(read, value, indices);
  stage.name = "copy";
  return stage;
}

}  // namespace weft::lower

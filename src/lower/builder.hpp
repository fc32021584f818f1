// What the lowering rules of one group share: the stage being built, and values of the group at given
// indices.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "graph/graph.hpp"
#include "loops/stage.hpp"
#include "lower/group.hpp"

namespace weft::lower {

using expr::Expr;
using loops::Value;
using Indices = std::vector<Expr>;

/// Reads happen only where the condition holds; elsewhere the value is unspecified but defined (zero), and is
/// not used.
struct Reading {
  Expr condition = Expr(1);
};

class StageBuilder {
 public:
  StageBuilder(const graph::Graph& g, const Group& group);

  const graph::Graph& graph() const { return graph_; }
  const graph::Type& type(graph::ValueId value) const { return graph_.values[value].type; }

  /// Adds an axis and returns its index variable.
  Expr spatial(std::string name, Expr extent);
  Expr reduction(std::string name, Expr extent);
  /// One spatial axis per extent, named prefix0, prefix1, ….
  Indices spatial_axes(const graph::Shape& shape, const std::string& prefix = "i");

  /// The value at logical indices, in its compute type (f16 -> f32, i8 -> i32, …): an access for values from
  /// outside; for elementwise and index-mapping nodes inside the group, their expression; for the anchor,
  /// `anchor_result`.
  Value value_at(graph::ValueId value, const Indices& indices, const Reading& reading = {});
  /// What lies in memory for the value, in its compute type, even when the group computes it.
  Value stored_value(graph::ValueId value, const Indices& indices) { return outer_value(value, indices, {}); }

  /// From here on, the node's output at the given indices (and only there) reads as `result`.
  void set_anchor(graph::ValueId output, Indices indices, Value result);
  void add_state(std::string name, Value init, Value update);
  /// `local` of a fold state.
  Value state(const std::string& name, DType dtype) const;
  /// Binds an index variable to data.
  Expr bind(const std::string& name, expr::Interval range, Value value);
  /// A fresh name with this prefix.
  std::string fresh(const std::string& prefix);

  /// The stage, once `result` at the spatial axes is known: stores it, converted to the output's dtype.
  loops::Stage finish(Value result, graph::ValueId output, Indices output_indices);

 private:
  Value inner_value(const graph::Node& node, const Indices& indices, const Reading& reading);
  Value outer_value(graph::ValueId value, const Indices& indices, const Reading& reading);
  uint32_t tensor(graph::ValueId value);

  const graph::Graph& graph_;
  std::map<graph::ValueId, const graph::Node*> inside_;
  loops::Stage stage_;
  std::map<graph::ValueId, uint32_t> tensors_;
  graph::ValueId anchor_ = graph::kNoValue;
  Indices anchor_indices_;
  Value anchor_result_;
  uint32_t names_ = 0;
};

/// The type in which a dtype is computed with: f16, bf16 -> f32; i8, i16 -> i32; u8, u16 -> u32; others as
/// they are.
DType compute_type(DType dtype);
/// A narrow integer wraps where a value of the graph ends, though it is computed with in 32 bits. Halves keep
/// their extra digits.
Value as_stored(Value value, DType dtype);
/// A boolean lane value from a 0/1 index expression.
Value condition_value(const Expr& condition);

// Rules, by class (elementwise.cpp, movement.cpp, contraction.cpp, reduce.cpp)
// -------------------------------------------------

/// One elementwise operation on operands in their compute types.
Value lower_elementwise(const graph::Node& node, std::span<const Value> operands);

/// Where the value of a node that graph::maps_indices lies in its operand.
Indices map_indices(const graph::Graph& g, const graph::Node& node, const Indices& indices);
/// Indices into an operand of `from` shape that is broadcast to the shape of `indices`.
Indices broadcast_indices(const graph::Shape& from, const Indices& indices);

/// Adds the anchor's axes and fold to the builder and returns its result at the returned indices (its own
/// output space).
struct AnchorResult {
  Indices indices;
  Value value;
};
using AnchorRule = AnchorResult (*)(StageBuilder&, const graph::Node&);
/// The rule of an anchor operation, or null: elementwise and index-mapping operations have none.
AnchorRule anchor_rule(graph::Op op);

AnchorResult lower_conv(StageBuilder&, const graph::Node&);
AnchorResult lower_conv_transpose(StageBuilder&, const graph::Node&);
AnchorResult lower_matmul(StageBuilder&, const graph::Node&);
AnchorResult lower_winograd_input(StageBuilder&, const graph::Node&);
AnchorResult lower_winograd_weights(StageBuilder&, const graph::Node&);
AnchorResult lower_winograd_output(StageBuilder&, const graph::Node&);
AnchorResult lower_reduce(StageBuilder&, const graph::Node&);
AnchorResult lower_arg_reduce(StageBuilder&, const graph::Node&);
AnchorResult lower_reduce_window(StageBuilder&, const graph::Node&);
AnchorResult lower_pad(StageBuilder&, const graph::Node&);
AnchorResult lower_gather(StageBuilder&, const graph::Node&);

/// One stage per operand, each into its slot of the result.
std::vector<loops::Stage> lower_concat(const graph::Graph& g, const Group& group, const graph::Node& node);
/// A copy of the first operand, then the updates, row by row.
std::vector<loops::Stage> lower_scatter(const graph::Graph& g, const Group& group, const graph::Node& node);
std::vector<loops::Stage> lower_set_slice(const graph::Graph& g, const Group& group, const graph::Node& node);

}  // namespace weft::lower

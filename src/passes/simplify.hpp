// The rules of simplify. Internal to passes/.
#pragma once

#include <vector>

#include "graph/graph.hpp"

namespace weft::passes {

/// What the rules see: nodes so far, whose operands stand for themselves.
struct Rewriting {
  graph::Graph& g;                  ///< g.nodes: those already written
  std::vector<uint32_t> producers;  ///< of a value: index in g.nodes + 1, 0 when there is none

  const graph::Type& type(graph::ValueId value) const { return g.values[value].type; }
  const graph::Shape& shape(graph::ValueId value) const { return type(value).shape; }
  /// The node that computes the value when it has this operation.
  const graph::Node* producer(graph::ValueId value, graph::Op op) const {
    const uint32_t index = value < producers.size() ? producers[value] : 0;
    return index == 0 || g.nodes[index - 1].op != op ? nullptr : &g.nodes[index - 1];
  }
};

/// Tries to simplify a node: may change its operation, attributes and operands, and returns the value that
/// its output stands for when the node is not needed (else kNoValue).
graph::ValueId simplify_movement(const Rewriting& r, graph::Node& node);
graph::ValueId simplify_elementwise(const Rewriting& r, graph::Node& node);

}  // namespace weft::passes

#include "passes/simplify.hpp"

#include <numeric>
#include <utility>

#include "passes/passes.hpp"

namespace weft::passes {

using graph::Graph;
using graph::Node;
using graph::OpClass;
using graph::ValueId;

Graph simplify(Graph g) {
  std::vector<Node> nodes = std::exchange(g.nodes, {});
  std::vector<ValueId> stands(g.values.size());  // for each value, the one that is read in its place
  std::iota(stands.begin(), stands.end(), ValueId{0});
  Rewriting r{g, std::vector<uint32_t>(g.values.size(), 0)};
  for (Node& node : nodes) {
    for (ValueId& input : node.inputs) input = stands[input];
    ValueId other = graph::kNoValue;
    // A rule may turn elementwise nodes into movements, which then have their own rules.
    if (info(node.op).op_class == OpClass::elementwise) other = simplify_elementwise(r, node);
    if (other == graph::kNoValue && info(node.op).op_class == OpClass::movement)
      other = simplify_movement(r, node);
    if (other != graph::kNoValue) {
      stands[node.output] = other;
      continue;
    }
    g.nodes.push_back(std::move(node));
    r.producers[g.nodes.back().output] = static_cast<uint32_t>(g.nodes.size());
  }
  for (graph::Port& port : g.outputs) port.value = stands[port.value];
  for (graph::Port& port : g.definitions) port.value = stands[port.value];
  for (graph::Check& check : g.checks) check.value = stands[check.value];
  for (graph::Loop& loop : g.loops) {
    for (graph::Carried& carried : loop.carried) carried.next = stands[carried.next];
    if (loop.condition != graph::kNoValue) loop.condition = stands[loop.condition];
  }
  return g;
}

}  // namespace weft::passes

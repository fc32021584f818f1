#include <set>

#include "passes/passes.hpp"

namespace weft::passes {

graph::Graph remove_dead(graph::Graph g) {
  std::vector<bool> used(g.values.size(), false);
  for (const graph::ValueId value : graph::results(g)) used[value] = true;
  for (const graph::Port& port : g.inputs) used[port.value] = true;
  for (size_t i = g.nodes.size(); i-- > 0;) {
    if (!used[g.nodes[i].output]) continue;
    for (const graph::ValueId input : g.nodes[i].inputs) used[input] = true;
  }
  std::vector<graph::ValueId> renamed(g.values.size(), graph::kNoValue);
  graph::Graph result;
  result.name = std::move(g.name);
  result.symbols = std::move(g.symbols);
  for (size_t i = 0; i < g.values.size(); ++i) {
    if (!used[i]) continue;
    renamed[i] = static_cast<graph::ValueId>(result.values.size());
    result.names.insert(g.values[i].name);
    result.values.push_back(std::move(g.values[i]));
  }
  for (auto& [id, data] : g.constants)
    if (used[id]) result.constants.emplace(renamed[id], std::move(data));
  for (graph::Node& node : g.nodes) {
    if (!used[node.output]) continue;
    for (graph::ValueId& input : node.inputs) input = renamed[input];
    node.output = renamed[node.output];
    result.nodes.push_back(std::move(node));
  }
  for (graph::Port& port : g.inputs) result.inputs.push_back({std::move(port.name), renamed[port.value]});
  for (graph::Port& port : g.outputs) result.outputs.push_back({std::move(port.name), renamed[port.value]});
  for (graph::Port& port : g.definitions)
    result.definitions.push_back({std::move(port.name), renamed[port.value]});
  result.checks = std::move(g.checks);
  for (graph::Check& check : result.checks) check.value = renamed[check.value];
  return result;
}

}  // namespace weft::passes

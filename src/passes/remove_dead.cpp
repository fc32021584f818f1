#include "passes/passes.hpp"

namespace weft::passes {

namespace {

/// By value: whether outputs depend on it. A loop's nodes ask for its condition, a state for its next value.
std::vector<bool> used_values(const graph::Graph& g) {
  std::vector<bool> used(g.values.size(), false);
  for (const graph::Port& port : g.outputs) used[port.value] = true;
  for (const graph::Port& port : g.definitions) used[port.value] = true;
  for (const graph::Check& check : g.checks) used[check.value] = true;
  for (const graph::Port& port : g.inputs) used[port.value] = true;
  for (bool again = true; again;) {
    again = false;
    const auto use = [&](graph::ValueId value) {
      again = again || !used[value];
      used[value] = true;
    };
    for (size_t i = g.nodes.size(); i-- > 0;) {
      const graph::Node& node = g.nodes[i];
      if (!used[node.output]) continue;
      for (const graph::ValueId input : node.inputs) used[input] = true;
      for (int32_t l = node.loop; l != graph::kNoLoop; l = g.loops[static_cast<size_t>(l)].parent)
        if (const graph::ValueId condition = g.loops[static_cast<size_t>(l)].condition;
            condition != graph::kNoValue)
          use(condition);
      if (node.op != graph::Op::state) continue;
      for (const graph::Carried& carried : g.loops[static_cast<size_t>(node.loop)].carried)
        if (carried.state == node.output) use(carried.next);
    }
  }
  return used;
}

/// The loops that still have nodes, with their values renamed, and the new number of each.
std::vector<graph::Loop> kept_loops(const graph::Graph& g, const std::vector<bool>& used,
                                    const std::vector<graph::ValueId>& renamed,
                                    std::vector<int32_t>& numbers) {
  std::vector<bool> alive(g.loops.size(), false);
  for (const graph::Node& node : g.nodes)
    for (int32_t l = node.loop; used[node.output] && l != graph::kNoLoop;
         l = g.loops[static_cast<size_t>(l)].parent)
      alive[static_cast<size_t>(l)] = true;
  std::vector<graph::Loop> kept;
  for (size_t i = 0; i < g.loops.size(); ++i) {
    numbers.push_back(static_cast<int32_t>(kept.size()));
    if (!alive[i]) continue;
    graph::Loop loop = g.loops[i];
    if (loop.parent != graph::kNoLoop) loop.parent = numbers[static_cast<size_t>(loop.parent)];
    if (loop.condition != graph::kNoValue) loop.condition = renamed[loop.condition];
    std::erase_if(loop.carried, [&](const graph::Carried& carried) { return !used[carried.state]; });
    for (graph::Carried& carried : loop.carried) carried = {renamed[carried.state], renamed[carried.next]};
    kept.push_back(std::move(loop));
  }
  return kept;
}

}  // namespace

graph::Graph remove_dead(graph::Graph g) {
  const std::vector<bool> used = used_values(g);
  std::vector<graph::ValueId> renamed(g.values.size(), graph::kNoValue);
  graph::Graph result;
  result.name = std::move(g.name);
  result.symbols = std::move(g.symbols);
  result.strings = std::move(g.strings);
  for (size_t i = 0; i < g.values.size(); ++i) {
    if (!used[i]) continue;
    renamed[i] = static_cast<graph::ValueId>(result.values.size());
    result.names.insert(g.values[i].name);
    result.values.push_back(std::move(g.values[i]));
  }
  for (auto& [id, data] : g.constants)
    if (used[id]) result.constants.emplace(renamed[id], std::move(data));
  std::vector<int32_t> numbers;
  result.loops = kept_loops(g, used, renamed, numbers);
  for (size_t i = 0; i < g.loops.size(); ++i)
    if (!graph::is_index(result, g.loops[i].index)) result.symbols.erase(g.loops[i].index);
  for (graph::Node& node : g.nodes) {
    if (!used[node.output]) continue;
    if (node.loop != graph::kNoLoop) node.loop = numbers[static_cast<size_t>(node.loop)];
    for (graph::ValueId& input : node.inputs) input = renamed[input];
    node.output = renamed[node.output];
    result.nodes.push_back(std::move(node));
  }
  for (graph::Port& port : g.inputs) {
    port.value = renamed[port.value];
    result.inputs.push_back(std::move(port));
  }
  for (graph::Port& port : g.outputs) {
    port.value = renamed[port.value];
    result.outputs.push_back(std::move(port));
  }
  for (graph::Port& port : g.definitions)
    result.definitions.push_back({std::move(port.name), renamed[port.value]});
  result.checks = std::move(g.checks);
  for (graph::Check& check : result.checks) check.value = renamed[check.value];
  return result;
}

}  // namespace weft::passes

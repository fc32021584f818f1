// Which loop what belongs to.
#include <algorithm>

#include "graph/graph.hpp"

namespace weft::graph {

bool is_index(const Graph& g, std::string_view symbol) {
  return std::ranges::find(g.loops, symbol, &Loop::index) != g.loops.end();
}

bool is_inside(const Graph& g, int32_t loop, int32_t around) {
  while (loop != around && loop != kNoLoop) loop = g.loops[static_cast<size_t>(loop)].parent;
  return loop == around;
}

bool is_branch(const Loop& loop) { return loop.condition != kNoValue && loop.trips.is_constant(1); }

std::vector<int32_t> loops_of_values(const Graph& g) {
  std::vector<int32_t> loops(g.values.size(), kNoLoop);
  for (const Node& node : g.nodes) loops[node.output] = node.loop;
  return loops;
}

void gather_loops(Graph& g) {
  if (g.loops.empty()) return;
  // A node's key: where the last node of each loop around it stands, the outermost first, and its own place.
  std::vector<size_t> last(g.loops.size(), 0);
  for (size_t i = 0; i < g.nodes.size(); ++i)
    for (int32_t l = g.nodes[i].loop; l != kNoLoop; l = g.loops[static_cast<size_t>(l)].parent)
      last[static_cast<size_t>(l)] = i;
  std::vector<std::pair<std::vector<size_t>, size_t>> keys;
  for (size_t i = 0; i < g.nodes.size(); ++i) {
    std::vector<size_t> key = {i};
    for (int32_t l = g.nodes[i].loop; l != kNoLoop; l = g.loops[static_cast<size_t>(l)].parent)
      key.push_back(last[static_cast<size_t>(l)]);
    std::ranges::reverse(key);
    keys.emplace_back(std::move(key), i);
  }
  std::ranges::sort(keys);
  std::vector<Node> nodes;
  nodes.reserve(g.nodes.size());
  for (const auto& [key, i] : keys) nodes.push_back(std::move(g.nodes[i]));
  g.nodes = std::move(nodes);
}

}  // namespace weft::graph

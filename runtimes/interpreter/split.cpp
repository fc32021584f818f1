#include "interpreter/split.hpp"

#include <algorithm>
#include <set>

#include "passes/passes.hpp"

namespace weft::interpreter {
namespace {

using graph::Graph;
using graph::Node;
using graph::ValueId;

/// Values that are computed in a loop, or from what is, or that data gives their extents.
std::vector<bool> decided_by_data(const Graph& g) {
  std::vector<bool> decided(g.values.size(), false);
  for (const Node& node : g.nodes)
    decided[node.output] = node.loop != graph::kNoLoop || node.op == graph::Op::last ||
                           graph::depends_on_symbols(g, node) ||
                           std::ranges::any_of(node.inputs, [&](ValueId x) { return decided[x]; });
  return decided;
}

/// Whether a check can be made when its value is there.
bool is_known(const graph::Check& check, const std::vector<bool>& decided) {
  return !decided[check.value] && check.min.as_constant() && check.max.as_constant();
}

/// What the rest of the graph reads of the head: values that are symbols first, since others' checks may need
/// these.
std::vector<ValueId> frontier(const Graph& g, const std::vector<bool>& decided) {
  std::set<ValueId> read;
  const auto add = [&](ValueId x) {
    if (!decided[x] && !g.is_constant(x)) read.insert(x);
  };
  for (const Node& node : g.nodes)
    if (decided[node.output]) std::ranges::for_each(node.inputs, add);
  for (const graph::Check& check : g.checks)
    if (!is_known(check, decided)) add(check.value);
  for (const graph::Loop& loop : g.loops) {
    for (const graph::Carried& carried : loop.carried) add(carried.next);
    if (loop.condition != graph::kNoValue) add(loop.condition);
  }
  std::vector<ValueId> values;
  for (const graph::Port& port : g.definitions) {
    const ValueId x = port.value;
    if (decided[x] || g.is_constant(x) || std::ranges::find(values, x) != values.end()) continue;
    values.push_back(x);
    read.erase(x);
  }
  values.insert(values.end(), read.begin(), read.end());
  return values;
}

void keep_nodes(Graph& g, const std::vector<bool>& decided, bool in_head) {
  std::erase_if(g.nodes, [&](const Node& node) { return decided[node.output] == in_head; });
  std::erase_if(g.checks, [&](const graph::Check& check) { return is_known(check, decided) != in_head; });
}

}  // namespace

Split split(const Graph& g) {
  Split s;
  const std::vector<bool> decided = decided_by_data(g);
  s.head = s.tail = g;
  keep_nodes(s.head, decided, true);
  keep_nodes(s.tail, decided, false);
  s.head.symbols.clear();
  s.head.loops.clear();
  s.head.definitions.clear();
  s.head.outputs.clear();
  s.tail.inputs.clear();
  s.tail.outputs.clear();
  for (const ValueId value : frontier(g, decided)) {
    s.head.outputs.push_back({g.values[value].name, value});
    s.tail.inputs.push_back({g.values[value].name, value});
  }
  for (const graph::Port& port : g.outputs) {
    Graph& part = decided[port.value] ? s.tail : s.head;
    s.outputs.push_back({decided[port.value], part.outputs.size()});
    part.outputs.push_back(port);
  }
  s.tail_reads = s.tail.inputs.size();
  s.head = passes::remove_dead(std::move(s.head));
  s.tail = passes::remove_dead(std::move(s.tail));
  return s;
}

}  // namespace weft::interpreter

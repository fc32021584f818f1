#include "passes/verify_groups.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "passes/constants.hpp"

namespace weft::passes {

using graph::Graph;
using graph::Node;
using graph::Op;
using graph::OpClass;
using graph::ValueId;

namespace {

bool is_elementwise(Op op) { return info(op).op_class == OpClass::elementwise; }
struct Members {
  std::vector<const Node*> nodes;  ///< in topological order
  std::set<ValueId> outputs;
};
using Groups = std::map<int32_t, Members>;

std::unexpected<Error> fault(int32_t group, const std::string& what) {
  return fail(ErrorKind::invalid_model, fmt::format("group {}: {}", group, what));
}

Result<Groups> collect(const Graph& g) {
  Groups groups;
  for (const Node& node : g.nodes) {
    if (node.group < 0)
      return fail(ErrorKind::invalid_model, fmt::format("%{} has no group", g.values[node.output].name));
    groups[node.group].nodes.push_back(&node);
    if (node.loop != groups[node.group].nodes.front()->loop) return fault(node.group, "nodes of two loops");
    groups[node.group].outputs.insert(node.output);
  }
  return groups;
}

Result<void> check_exits(const Graph& g, const Groups& groups) {
  std::map<ValueId, int32_t> producer;
  for (const Node& node : g.nodes) producer[node.output] = node.group;
  std::map<int32_t, std::set<ValueId>> leaving;
  const auto leave = [&](ValueId value, int32_t to) {
    if (const auto from = producer.find(value); from != producer.end() && from->second != to)
      leaving[from->second].insert(value);
  };
  for (const ValueId value : graph::results(g)) leave(value, -1);
  for (const Node& node : g.nodes)
    for (const ValueId input : node.inputs) leave(input, node.group);
  for (const auto& entry : groups)
    if (leaving[entry.first].size() != 1)
      return fault(entry.first, fmt::format("{} values leave it", leaving[entry.first].size()));
  return {};
}

Result<void> check_anchor(const Graph& g, int32_t id, const Members& members) {
  const Node* anchor = nullptr;
  for (const Node* node : members.nodes) {
    if (is_elementwise(node->op) || maps_indices(node->op)) continue;
    if (anchor != nullptr) return fault(id, "two anchors");
    anchor = node;
  }
  if (anchor == nullptr) return {};
  if (stands_alone(anchor->op) && members.nodes.size() > 1)
    return fault(id, fmt::format("a {} that is not alone", info(anchor->op).name));
  const bool reads_once = anchor->op == Op::reduce || anchor->op == Op::arg_reduce;
  std::set<ValueId> behind = {anchor->output};
  for (const Node* node : members.nodes) {
    const bool follows = std::ranges::any_of(node->inputs, [&](ValueId v) { return behind.contains(v); });
    if (node == anchor) continue;
    if (!follows && !reads_once) return fault(id, "an operand computed inside");
    if (!follows) continue;
    behind.insert(node->output);
    if (!is_elementwise(node->op) || g.values[node->output].type.shape != g.values[anchor->output].type.shape)
      return fault(
          id, fmt::format("%{} has another iteration space than the anchor", g.values[node->output].name));
  }
  return {};
}

Result<void> check_constness(const Graph& g, const ConstantValues& constants, int32_t id,
                             const Members& members) {
  const bool first = constants.contains(members.nodes[0]->output);
  for (const Node* node : members.nodes)
    if (constants.contains(node->output) != first)
      return fault(id, fmt::format("%{} depends on constants only, others do not, or the reverse",
                                   g.values[node->output].name));
  return {};
}

Result<void> check_circles(const Graph& g) {
  std::map<ValueId, int32_t> producer;
  for (const Node& node : g.nodes) producer[node.output] = node.group;
  std::map<int32_t, std::set<int32_t>> waits;
  for (const Node& node : g.nodes)
    for (const ValueId input : node.inputs) {
      waits[node.group];
      if (const auto from = producer.find(input); from != producer.end() && from->second != node.group)
        waits[node.group].insert(from->second);
    }
  for (const Node& node : g.nodes)
    for (const std::string& symbol : graph::symbols_of(g, node))
      for (const graph::Port& port : g.definitions)
        if (const auto from = producer.find(port.value);
            port.name == symbol && from != producer.end() && from->second != node.group)
          waits[node.group].insert(from->second);
  for (bool progress = true; progress;) {
    progress = false;
    for (auto entry = waits.begin(); entry != waits.end();) {
      const bool blocked = std::ranges::any_of(entry->second, [&](int32_t on) { return waits.contains(on); });
      progress = progress || !blocked;
      entry = blocked ? std::next(entry) : waits.erase(entry);
    }
  }
  if (waits.empty()) return {};
  return fault(waits.begin()->first, "a circle of groups");
}

}  // namespace

Result<void> verify_groups(const Graph& g) {
  WEFT_ASSIGN(groups, collect(g));
  WEFT_TRY(check_exits(g, groups));
  const ConstantValues constants(g);
  for (const auto& [id, members] : groups) {
    WEFT_TRY(check_anchor(g, id, members));
    WEFT_TRY(check_constness(g, constants, id, members));
  }
  return check_circles(g);
}

}  // namespace weft::passes

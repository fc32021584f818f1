#include "lower/group.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "base/check.hpp"

namespace weft::lower {
namespace {

/// Orders groups by their dependences; ties go to the lower id, so the order is total.
std::vector<int32_t> order_groups(const graph::Graph& g, const std::map<graph::ValueId, int32_t>& producer) {
  std::map<int32_t, std::set<int32_t>> waits, feeds;
  for (const graph::Node& node : g.nodes) {
    waits[node.group];
    const auto wait_for = [&](graph::ValueId value) {
      const auto from = producer.find(value);
      if (from == producer.end() || from->second == node.group) return;
      waits[node.group].insert(from->second);
      feeds[from->second].insert(node.group);
    };
    for (const graph::ValueId input : node.inputs) wait_for(input);
    if (g.definitions.empty()) continue;
    for (const std::string& symbol : graph::symbols_of(g, node))
      for (const graph::Port& port : g.definitions)
        if (port.name == symbol) wait_for(port.value);
  }
  std::set<int32_t> ready;
  for (const auto& [group, on] : waits)
    if (on.empty()) ready.insert(group);
  std::vector<int32_t> order;
  while (!ready.empty()) {
    const int32_t group = *ready.begin();
    ready.erase(ready.begin());
    order.push_back(group);
    for (const int32_t next : feeds[group]) {
      waits[next].erase(group);
      if (waits[next].empty()) ready.insert(next);
    }
  }
  WEFT_CHECK(order.size() == waits.size(), "groups depend on each other in a circle:\n" + graph::print(g));
  return order;
}

Group make_group(const graph::Graph& g, std::vector<uint32_t> nodes,
                 const std::set<graph::ValueId>& used_outside, std::set<graph::ValueId>& constant_values) {
  Group group{.nodes = std::move(nodes), .constant = true};
  std::set<graph::ValueId> inside;
  for (const uint32_t index : group.nodes) inside.insert(g.nodes[index].output);
  for (const uint32_t index : group.nodes) {
    const graph::Node& node = g.nodes[index];
    for (const graph::ValueId input : node.inputs) {
      if (inside.contains(input) || std::ranges::find(group.inputs, input) != group.inputs.end()) continue;
      group.inputs.push_back(input);
      group.constant = group.constant && (g.is_constant(input) || constant_values.contains(input));
    }
    group.constant = group.constant && !graph::depends_on_symbols(g, node);
    if (!used_outside.contains(node.output)) continue;
    WEFT_CHECK(group.output == graph::kNoValue, "a group with two results:\n" + graph::print(g));
    group.output = node.output;
  }
  WEFT_CHECK(group.output != graph::kNoValue, "a group without a result:\n" + graph::print(g));
  if (group.constant) constant_values.insert(group.output);
  return group;
}

}  // namespace

std::vector<Group> collect_groups(const graph::Graph& g) {
  std::map<graph::ValueId, int32_t> producer;
  std::map<int32_t, std::vector<uint32_t>> members;
  for (uint32_t i = 0; i < g.nodes.size(); ++i) {
    WEFT_CHECK(g.nodes[i].group >= 0, "a node without a group:\n" + graph::print(g));
    producer[g.nodes[i].output] = g.nodes[i].group;
    members[g.nodes[i].group].push_back(i);
  }
  std::set<graph::ValueId> used_outside;
  for (const graph::ValueId value : graph::results(g)) used_outside.insert(value);
  for (const graph::Node& node : g.nodes)
    for (const graph::ValueId input : node.inputs)
      if (producer.contains(input) && producer[input] != node.group) used_outside.insert(input);
  std::set<graph::ValueId> constant_values;
  std::vector<Group> groups;
  for (const int32_t id : order_groups(g, producer))
    groups.push_back(make_group(g, std::move(members[id]), used_outside, constant_values));
  return groups;
}

}  // namespace weft::lower

#include "lower/group.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "base/check.hpp"

namespace weft::lower {
namespace {

/// Orders groups by their dependences; ties go to the lower id, so the order is total. A loop is ordered as
/// one group, whose id is the lowest in it, and then within.
class Order {
 public:
  Order(const graph::Graph& g, const std::map<graph::ValueId, int32_t>& producer)
      : g_(g), producer_(producer) {
    for (const graph::Node& node : g.nodes) {
      loops_.emplace(node.group, node.loop);
      for (int32_t l = node.loop; l != graph::kNoLoop; l = g.loops[static_cast<size_t>(l)].parent) {
        const auto [first, added] = first_.emplace(l, node.group);
        if (!added) first->second = std::min(first->second, node.group);
      }
    }
    for (const graph::Node& node : g.nodes) {
      for (const graph::ValueId input : node.inputs) wait(node.group, input);
      if (!g.definitions.empty())
        for (const std::string& symbol : graph::symbols_of(g, node)) wait(node.group, symbol);
    }
    for (const auto& [loop, group] : first_) {
      const graph::Loop& l = g.loops[static_cast<size_t>(loop)];
      if (l.condition != graph::kNoValue) wait(group, l.condition);
      for (const std::string& symbol : expr::variables(l.trips)) wait(group, symbol);
      for (const graph::Carried& carried : l.carried)
        if (!is_inside(carried.next, loop)) wait(group, carried.next);
    }
  }

  std::vector<int32_t> run() {
    add(graph::kNoLoop);
    WEFT_CHECK(order_.size() == loops_.size(),
               "groups depend on each other in a circle:\n" + graph::print(g_));
    return std::move(order_);
  }

 private:
  bool is_inside(graph::ValueId value, int32_t loop) const {
    const auto from = producer_.find(value);
    return from != producer_.end() && graph::is_inside(g_, loops_.at(from->second), loop);
  }
  void wait(int32_t group, graph::ValueId value) {
    const auto from = producer_.find(value);
    if (from != producer_.end() && from->second != group) waits_.emplace(group, from->second);
  }
  void wait(int32_t group, const std::string& symbol) {
    for (const graph::Port& port : g_.definitions)
      if (port.name == symbol) wait(group, port.value);
  }

  /// The loop right inside of `around` that holds the group; `around` when none does, nothing outside of it.
  std::optional<int32_t> part(int32_t group, int32_t around) const {
    int32_t loop = loops_.at(group);
    if (!graph::is_inside(g_, loop, around)) return std::nullopt;
    while (loop != around && g_.loops[static_cast<size_t>(loop)].parent != around)
      loop = g_.loops[static_cast<size_t>(loop)].parent;
    return loop;
  }

  void add(int32_t around) {
    std::map<int32_t, std::set<int32_t>> waits, feeds;
    std::map<int32_t, int32_t> inner;  // of ids that are loops
    const auto id = [&](int32_t group) -> std::optional<int32_t> {
      const auto loop = part(group, around);
      if (!loop || *loop == around) return loop ? std::optional(group) : std::nullopt;
      inner.emplace(first_.at(*loop), *loop);
      return first_.at(*loop);
    };
    for (const auto& [group, loop] : loops_)
      if (const auto unit = id(group)) waits[*unit];
    for (const auto& [group, on] : waits_) {
      const auto later = id(group), earlier = id(on);
      if (!later || !earlier || *later == *earlier) continue;
      waits[*later].insert(*earlier);
      feeds[*earlier].insert(*later);
    }
    std::set<int32_t> ready;
    for (const auto& [unit, on] : waits)
      if (on.empty()) ready.insert(unit);
    while (!ready.empty()) {
      const int32_t unit = *ready.begin();
      ready.erase(ready.begin());
      if (const auto loop = inner.find(unit); loop != inner.end()) add(loop->second);
      else order_.push_back(unit);
      for (const int32_t next : feeds[unit]) {
        waits[next].erase(unit);
        if (waits[next].empty()) ready.insert(next);
      }
    }
  }

  const graph::Graph& g_;
  const std::map<graph::ValueId, int32_t>& producer_;
  std::map<int32_t, int32_t> loops_;             ///< by group
  std::map<int32_t, int32_t> first_;             ///< by loop, its lowest group
  std::set<std::pair<int32_t, int32_t>> waits_;  ///< a group, and one that it reads
  std::vector<int32_t> order_;
};

Group make_group(const graph::Graph& g, std::vector<uint32_t> nodes,
                 const std::set<graph::ValueId>& used_outside, std::set<graph::ValueId>& constant_values) {
  Group group{.nodes = std::move(nodes), .constant = true};
  group.loop = g.nodes[group.nodes.front()].loop;
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
  for (const int32_t id : Order(g, producer).run())
    groups.push_back(make_group(g, std::move(members[id]), used_outside, constant_values));
  return groups;
}

}  // namespace weft::lower

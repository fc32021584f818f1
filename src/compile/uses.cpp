#include "compile/uses.hpp"

#include <algorithm>

namespace weft::compile {

using graph::ValueId;
using plan::BufferId;

Uses::Uses(const graph::Graph& g, const std::vector<lower::Group>& groups, const Layout& layout,
           const OpenLoops& loops)
    : layout_(layout), loops_(loops) {
  for (const lower::Group& group : groups) {
    // It reads nothing: it is the place in which its loop has left the state.
    if (g.nodes[group.nodes.front()].op == graph::Op::last) continue;
    for (const ValueId input : group.inputs) ++readers_[input];
  }
  for (const ValueId value : graph::results(g)) ++readers_[value];
  for (const auto& entry : layout.wholes) parts_[layout.root(entry.first)].push_back(entry.first);
}

uint32_t Uses::left(ValueId value) const {
  const auto entry = readers_.find(value);
  return entry == readers_.end() ? 0 : entry->second;
}

bool Uses::is_read_around(ValueId value, ValueId except) const {
  const ValueId root = layout_.root(value);
  if (root != value && root != except && left(root) != 0) return true;
  const auto parts = parts_.find(root);
  return parts != parts_.end() &&
         std::ranges::any_of(parts->second, [&](ValueId part) { return part != except && left(part) != 0; });
}

bool Uses::dies_here(ValueId value, BufferId buffer) const {
  if (left(value) != 1 || loops_.state_in(buffer) != graph::kNoValue) return false;
  return std::ranges::all_of(residents_.at(buffer), [&](ValueId resident) {
    // The next iteration reads again what is of outside.
    return graph::is_inside(loops_.graph(), loops_.of(resident), loops_.current()) &&
           (resident == value || left(resident) == 0) && !is_read_around(resident, value);
  });
}

bool Uses::state_dies_here(ValueId state, BufferId buffer, uint32_t readers) const {
  return loops_.state_in(buffer) == state && left(state) == readers &&
         std::ranges::all_of(residents_.at(buffer),
                             [&](ValueId resident) { return resident == state || left(resident) == 0; });
}

}  // namespace weft::compile

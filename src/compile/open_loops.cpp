#include "compile/open_loops.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace weft::compile {

using graph::kNoLoop;
using graph::kNoValue;
using graph::ValueId;

std::set<std::string> branch_indices(const graph::Graph& g) {
  std::set<std::string> indices, read;
  for (const graph::Loop& loop : g.loops)
    if (graph::is_branch(loop)) indices.insert(loop.index);
  if (indices.empty()) return indices;
  for (const graph::Node& node : g.nodes) read.merge(graph::symbols_of(g, node));
  std::erase_if(indices, [&](const std::string& index) { return read.contains(index); });
  return indices;
}

std::set<ValueId> cleared_values(const graph::Graph& g) {
  std::set<ValueId> cleared;
  if (g.loops.empty()) return cleared;
  for (const graph::Node& node : g.nodes) {
    if (node.op != graph::Op::expand) continue;
    const auto constant = g.constants.find(node.inputs[0]);
    if (constant == g.constants.end()) continue;
    const auto* held = std::get_if<std::vector<uint8_t>>(&constant->second);
    if (held != nullptr && std::ranges::all_of(*held, [](uint8_t byte) { return byte == 0; }))
      cleared.insert(node.output);
  }
  for (const ValueId value : graph::results(g)) cleared.erase(value);
  for (const graph::Node& node : g.nodes)
    if (node.op != graph::Op::state)
      for (const ValueId input : node.inputs) cleared.erase(input);
  return cleared;
}

std::optional<size_t> output_of_state(const graph::Graph& g, ValueId state) {
  for (size_t i = 0; i < g.outputs.size(); ++i) {
    const auto node = std::ranges::find(g.nodes, g.outputs[i].value, &graph::Node::output);
    if (node != g.nodes.end() && node->op == graph::Op::last && node->inputs[0] == state &&
        node->loop == kNoLoop)
      return i;
  }
  return std::nullopt;
}

OpenLoops::OpenLoops(const graph::Graph& g) : g_(g), loop_of_(graph::loops_of_values(g)) {}

std::vector<int32_t> OpenLoops::missing(int32_t loop) const {
  std::vector<int32_t> chain;
  for (; loop != current(); loop = at(loop).parent) {
    WEFT_CHECK(loop != kNoLoop, "a loop that the current one does not lie around");
    chain.insert(chain.begin(), loop);
  }
  return chain;
}

std::vector<ValueId> OpenLoops::close() {
  const int32_t loop = current();
  std::vector<ValueId> placed;
  for (const ValueId value : open_.back().placed)
    if (!graph::is_inside(g_, of(value), loop)) placed.push_back(value);
  open_.pop_back();
  std::erase_if(states_, [&](const auto& entry) { return of(entry.second) == loop; });
  return placed;
}

void OpenLoops::note(ValueId value) {
  if (!open_.empty()) open_.back().placed.push_back(value);
}

const graph::Carried& OpenLoops::carried(ValueId state) const {
  const std::vector<graph::Carried>& all = at(of(state)).carried;
  return *std::ranges::find(all, state, &graph::Carried::state);
}

ValueId OpenLoops::state_of_next(ValueId value) const {
  const int32_t loop = current();
  if (loop == kNoLoop || of(value) != loop) return kNoValue;
  const std::vector<graph::Carried>& all = at(loop).carried;
  if (std::ranges::count(all, value, &graph::Carried::next) != 1) return kNoValue;
  return std::ranges::find(all, value, &graph::Carried::next)->state;
}

ValueId OpenLoops::state_in(plan::BufferId buffer) const {
  const auto found = states_.find(buffer);
  return found == states_.end() ? kNoValue : found->second;
}

}  // namespace weft::compile

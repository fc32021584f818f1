#include <algorithm>
#include <map>
#include <set>

#include "passes/passes.hpp"

namespace weft::passes {

using graph::Graph;
using graph::Node;
using graph::Op;
using graph::OpClass;
using graph::ValueId;

namespace {

/// How far behind its start a group is looked for.
constexpr size_t kWindow = 256;
/// Lowering writes a group's result as an expression tree: a value with two readers inside is written twice,
/// and what it is made of too. This bounds the tree (in operations).
constexpr uint32_t kMaxTree = 512;

bool is_elementwise(Op op) { return info(op).op_class == OpClass::elementwise; }
class Fuser {
 public:
  explicit Fuser(Graph g) : g_(std::move(g)) {
    for (Node& node : g_.nodes) node.group = -1;
    for (const ValueId value : graph::results(g_)) ++open_uses_[value];
    for (const Node& node : g_.nodes) {
      for (const ValueId input : node.inputs) ++open_uses_[input];
      const bool constant =
          !graph::depends_on_symbols(g_, node) && std::ranges::all_of(node.inputs, [&](ValueId v) {
            return g_.is_constant(v) || constants_.contains(v);
          });
      if (constant && !node.inputs.empty()) constants_.insert(node.output);
    }
  }

  Graph run() {
    // Anchors first: the elementwise nodes behind a contraction belong to it before they belong to each
    // other.
    for (const bool anchors : {true, false})
      for (size_t i = 0; i < g_.nodes.size(); ++i)
        if (g_.nodes[i].group < 0 && (is_anchor(g_.nodes[i].op) || !anchors)) grow(i);
    for (size_t i = 0; i < g_.nodes.size(); ++i) join_reduction(i);
    return std::move(g_);
  }

 private:
  static bool is_anchor(Op op) { return !is_elementwise(op) && !maps_indices(op); }

  const graph::Shape& shape(ValueId value) const { return g_.values[value].type.shape; }

  /// Whether `node` may be computed in the iteration space of a group that started at `start`. `work` is the
  /// group's first node that computes anything: index mappings before it cost nothing however often they are
  /// read.
  bool fits(const Node& start, const Node* work, const Node& node) const {
    if (node.group >= 0 || constants_.contains(node.output) != constants_.contains(start.output) ||
        node.loop != start.loop)
      return false;
    if (is_anchor(start.op)) return is_elementwise(node.op) && shape(node.output) == shape(start.output);
    if (is_elementwise(node.op))
      return work == nullptr ||
             graph::element_count(shape(node.output)) == graph::element_count(shape(work->output));
    return maps_indices(node.op) && (work == nullptr || node.op != Op::expand);
  }

  /// Grows a group from node `start`: takes following nodes that depend on it while they fit, and keeps the
  /// longest prefix that one value leaves. A node that reads what an outside node made of the group's values
  /// would close a circle: it stays outside.
  void grow(size_t start) {
    const Node& first = g_.nodes[start];
    std::vector<size_t> members = {start};
    size_t kept = 1;
    std::map<ValueId, uint32_t> inside = {{first.output, 1}};  // with the sizes of their trees
    std::set<ValueId> tainted;
    std::map<ValueId, uint32_t> open;  // values of the group with uses left outside
    open[first.output] = open_uses_[first.output];
    const bool extends = !stands_alone(first.op);
    const Node* work = maps_indices(first.op) ? nullptr : &first;
    for (size_t i = start + 1; extends && i < g_.nodes.size() && i < start + kWindow && !open.empty(); ++i) {
      const Node& node = g_.nodes[i];
      const bool depends = std::ranges::any_of(node.inputs, [&](ValueId v) { return inside.contains(v); });
      const bool circle = std::ranges::any_of(node.inputs, [&](ValueId v) { return tainted.contains(v); });
      uint32_t tree = 1;
      for (const ValueId input : node.inputs)
        if (const auto entry = inside.find(input); entry != inside.end()) tree += entry->second;
      if (!depends || circle || tree > kMaxTree || !fits(first, work, node)) {
        if (depends || circle) tainted.insert(node.output);
        continue;
      }
      members.push_back(i);
      if (work == nullptr && !maps_indices(node.op)) work = &node;
      inside.emplace(node.output, tree);
      for (const ValueId input : node.inputs)
        if (const auto entry = open.find(input); entry != open.end() && --entry->second == 0)
          open.erase(entry);
      open[node.output] = open_uses_[node.output];
      if (open.size() == 1 && open.contains(node.output)) kept = members.size();
    }
    members.resize(kept);
    for (const size_t member : members) g_.nodes[member].group = next_;
    ++next_;
  }

  /// A reduction reads each element of its operand once: a group without an anchor whose only reader it is
  /// joins it.
  void join_reduction(size_t index) {
    const Node& node = g_.nodes[index];
    if (node.op != Op::reduce && node.op != Op::arg_reduce) return;
    const ValueId operand = node.inputs[0];
    if (open_uses_[operand] != 1 || constants_.contains(operand) != constants_.contains(node.output)) return;
    const auto producer = std::ranges::find(g_.nodes, operand, &Node::output);
    if (producer == g_.nodes.end() || producer->loop != node.loop) return;
    const int32_t joined = producer->group;
    const bool anchored =
        std::ranges::any_of(g_.nodes, [&](const Node& n) { return n.group == joined && is_anchor(n.op); });
    if (anchored) return;
    for (Node& member : g_.nodes)
      if (member.group == joined) member.group = node.group;
  }

  Graph g_;
  std::map<ValueId, uint32_t> open_uses_;  ///< of every value, by nodes (once per operand) and graph outputs
  std::set<ValueId> constants_;            ///< values that depend on constants only
  int32_t next_ = 0;
};

}  // namespace

// A dead node would be a group without a result.
Graph fuse_groups(Graph g) { return Fuser(remove_dead(std::move(g))).run(); }

}  // namespace weft::passes

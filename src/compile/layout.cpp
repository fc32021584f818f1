#include "compile/layout.hpp"

#include <algorithm>
#include <numeric>
#include <set>

#include "graph/winograd.hpp"

namespace weft::compile {

using graph::Node;
using graph::Op;
using graph::ValueId;
using lower::Group;

namespace {

struct Halo {
  std::vector<int64_t> begin, end;
};

/// The zeros that the tiles of winograd_input reach around its input.
Halo tile_halo(const graph::Shape& x, const graph::WinogradAttributes& attributes) {
  Halo halo{{0, 0}, {0, 0}};
  for (size_t i = 0; i < 2; ++i) {
    const int64_t begin = attributes.pads_begin[i], end = attributes.pads_end[i], tile = attributes.tile;
    const expr::Expr tiles = graph::winograd_tiles(x[i + 2] + (begin + end - 2), tile);
    const expr::Expr over = tiles * tile + 2 - begin - x[i + 2];
    halo.begin.push_back(begin);
    halo.end.push_back(std::max<int64_t>(0, over.as_constant().value_or(end + tile - 1)));
  }
  return halo;
}

/// The zero padding that a convolution reads around its input, per axis of the input.
Halo wanted_halo(const graph::Graph& g, const Node& node) {
  if (node.op == Op::winograd_input)
    return tile_halo(g.values[node.inputs[0]].type.shape,
                     std::get<graph::WinogradAttributes>(node.attributes));
  const auto& attributes = std::get<graph::ConvAttributes>(node.attributes);
  const graph::Shape& x = g.values[node.inputs[0]].type.shape;
  const graph::Shape& w = g.values[node.inputs[1]].type.shape;
  const graph::Shape& y = g.values[node.output].type.shape;
  Halo halo{std::vector<int64_t>(x.size(), 0), std::vector<int64_t>(x.size(), 0)};
  for (size_t i = 0; i + 2 < x.size(); ++i) {
    const expr::Expr last = (y[i + 2] - 1) * attributes.strides[i] +
                            (w[i + 2] - 1) * attributes.dilations[i] - attributes.pads_begin[i] -
                            (x[i + 2] - 1);
    halo.begin[i + 2] = attributes.pads_begin[i];
    // What depends on symbols reaches at most as far as the padding.
    halo.end[i + 2] = std::max<int64_t>(0, last.as_constant().value_or(attributes.pads_end[i]));
  }
  return halo;
}

void widen(Halo& halo, const Halo& other) {
  for (size_t i = 0; i < halo.begin.size(); ++i) {
    halo.begin[i] = std::max(halo.begin[i], other.begin[i]);
    halo.end[i] = std::max(halo.end[i], other.end[i]);
  }
}

/// Batch, spatial axes, channels.
std::vector<uint32_t> channels_last(size_t rank) {
  std::vector<uint32_t> order = {0};
  for (uint32_t i = 2; i < rank; ++i) order.push_back(i);
  order.push_back(1);
  return order;
}

bool prefers_channels_last(Op op) {
  return op == Op::conv || op == Op::conv_transpose || op == Op::reduce_window || op == Op::winograd_output;
}

/// Operations whose result may well lie as their operand does.
bool keeps_layout(const graph::Graph& g, const Group& group) {
  return std::ranges::all_of(group.nodes, [&](uint32_t i) {
    const Op op = g.nodes[i].op;
    return info(op).op_class == graph::OpClass::elementwise || op == Op::concat || op == Op::pad ||
           op == Op::gather || op == Op::slice;
  });
}

class Chooser {
 public:
  Chooser(const graph::Graph& g, const std::vector<Group>& groups)
      : g_(g), groups_(groups), loop_of_(graph::loops_of_values(g)) {}

  Layout run(bool slots) {
    for (const Group& group : groups_) {
      for (const uint32_t index : group.nodes)
        if (const Op op = g_.nodes[index].op; op == Op::conv || op == Op::winograd_input)
          want_halo(g_.nodes[index]);
      if (!group.constant && !is_state(group)) computed_.insert(group.output);
    }
    for (const Group& group : groups_) choose_order(group);
    for (size_t i = groups_.size(); slots && i-- > 0;) choose_slots(groups_[i]);
    // Parts come before their whole, so what they want has reached them when they hand it on.
    for (const Group& group : groups_)
      if (const auto whole = layout_.wholes.find(group.output); whole != layout_.wholes.end())
        if (const auto halo = halos_.find(group.output); halo != halos_.end() && is_last(group.output))
          want_halo(whole->second, halo->second);
    for (const ValueId value : computed_)
      if (!layout_.wholes.contains(value)) layout_.storages.emplace(value, storage(value, is_last(value)));
    for (size_t i = groups_.size(); i-- > 0;) place_parts(groups_[i]);
    for (const auto& [value, halo] : wanted_)
      layout_.convolution_operands.emplace(value, storage(value, true, halo));
    return std::move(layout_);
  }

 private:
  size_t rank(ValueId value) const { return g_.values[value].type.shape.size(); }
  bool is_last(ValueId value) const { return channels_last_.contains(value); }

  /// States of loops are row-major, and so is what is left of them.
  bool is_state(const Group& group) const {
    const Op op = g_.nodes[group.nodes.front()].op;
    return op == Op::state || op == Op::last;
  }

  void want_halo(const Node& node) {
    const Halo halo = wanted_halo(g_, node);
    const auto [entry, added] = wanted_.emplace(node.inputs[0], halo);
    if (!added) widen(entry->second, halo);
    halos_.insert_or_assign(node.inputs[0], entry->second);
  }

  void want_halo(ValueId value, const Halo& halo) {
    const auto [entry, added] = halos_.emplace(value, halo);
    if (!added) widen(entry->second, halo);
  }

  void choose_order(const Group& group) {
    if (group.constant || is_state(group) || rank(group.output) < 3) return;
    const bool prefers = std::ranges::any_of(
        group.nodes, [&](uint32_t index) { return prefers_channels_last(g_.nodes[index].op); });
    const bool kept = keeps_layout(g_, group) && std::ranges::any_of(group.inputs, [&](ValueId input) {
                        return is_last(input) && rank(input) == rank(group.output);
                      });
    if (prefers || kept || wanted_.contains(group.output)) channels_last_.insert(group.output);
  }

  static const Node* as_concat(const graph::Graph& g, const Group& group) {
    const Node& last = g.nodes[group.nodes.back()];
    return last.op == Op::concat && !group.constant ? &last : nullptr;
  }

  /// The operands of a concat that can be computed where the concat wants them. Called for the last concat
  /// first: one whose result goes on into another takes its operands with it.
  void choose_slots(const Group& group) {
    const Node* concat = as_concat(g_, group);
    if (concat == nullptr) return;
    for (const ValueId operand : concat->inputs) {
      if (is_last(concat->output) && writes_any_order(operand) && !layout_.wholes.contains(operand))
        channels_last_.insert(operand);
      if (fits_slot(operand, *concat)) layout_.wholes.emplace(operand, concat->output);
    }
  }

  /// Whether the value is computed point by point from others, in no order of its own.
  bool writes_any_order(ValueId value) const {
    const auto group = std::ranges::find(groups_, value, &Group::output);
    return group != groups_.end() && std::ranges::all_of(group->nodes, [&](uint32_t index) {
             const Op op = g_.nodes[index].op;
             return info(op).op_class == graph::OpClass::elementwise || maps_indices(op);
           });
  }

  bool fits_slot(ValueId operand, const Node& concat) const {
    if (!computed_.contains(operand) || layout_.wholes.contains(operand)) return false;
    if (loop_of_[operand] != loop_of_[concat.output]) return false;
    if (graph::element_count(g_.values[operand].type.shape).is_constant(0)) return false;
    if (is_last(operand) != is_last(concat.output)) return false;
    // Beside the slot lies another operand, not a halo.
    const auto halo = halos_.find(operand);
    if (halo == halos_.end() || !is_last(operand)) return true;
    for (const Node* around = &concat; around != nullptr; around = whole_of(around->output)) {
      const auto axis = static_cast<size_t>(std::get<graph::ConcatAttributes>(around->attributes).axis);
      if (halo->second.begin[axis] != 0 || halo->second.end[axis] != 0) return false;
    }
    return true;
  }

  const Node* whole_of(ValueId value) const {
    const auto whole = layout_.wholes.find(value);
    if (whole == layout_.wholes.end()) return nullptr;
    return &*std::ranges::find(g_.nodes, whole->second, &Node::output);
  }

  /// Storages of the parts of a concat whose own storage is known.
  void place_parts(const Group& group) {
    const Node* concat = as_concat(g_, group);
    if (concat == nullptr) return;
    const auto axis = static_cast<uint32_t>(std::get<graph::ConcatAttributes>(concat->attributes).axis);
    const loops::Storage& whole = layout_.storages.at(concat->output);
    expr::Expr start(0);
    for (const ValueId operand : concat->inputs) {
      const expr::Expr extent = g_.values[operand].type.shape[axis];
      const auto part = layout_.wholes.find(operand);
      // Of an operand that comes twice, the first place is the slot.
      if (part != layout_.wholes.end() && part->second == concat->output)
        layout_.storages.emplace(operand, loops::slot(whole, axis, start, extent));
      start = start + extent;
    }
  }

  loops::Storage storage(ValueId value, bool last) const {
    const auto halo = halos_.find(value);
    return storage(value, last, last && halo != halos_.end() ? halo->second : Halo{});
  }

  loops::Storage storage(ValueId value, bool last, const Halo& halo) const {
    const graph::Type& type = g_.values[value].type;
    std::vector<uint32_t> order(type.shape.size());
    std::iota(order.begin(), order.end(), 0u);
    if (last) order = channels_last(type.shape.size());
    return loops::dense_storage(type.dtype, type.shape, order, halo.begin, halo.end);
  }

  const graph::Graph& g_;
  const std::vector<Group>& groups_;
  std::vector<int32_t> loop_of_;  ///< by value
  std::set<ValueId> computed_;    ///< by groups that run every time
  std::set<ValueId> channels_last_;
  std::map<ValueId, Halo> wanted_;  ///< by the convolutions that read the value
  std::map<ValueId, Halo> halos_;   ///< by them, and by the value's parts
  Layout layout_;
};

}  // namespace

graph::ValueId Layout::root(ValueId value) const {
  for (auto whole = wholes.find(value); whole != wholes.end(); whole = wholes.find(value))
    value = whole->second;
  return value;
}

Layout choose_layout(const graph::Graph& g, const std::vector<Group>& groups, bool slots) {
  return Chooser(g, groups).run(slots);
}

loops::Storage row_major(const graph::Type& type) {
  std::vector<uint32_t> order(type.shape.size());
  std::iota(order.begin(), order.end(), 0u);
  return loops::dense_storage(type.dtype, type.shape, order);
}

}  // namespace weft::compile

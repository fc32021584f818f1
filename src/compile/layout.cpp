#include "compile/layout.hpp"

#include <algorithm>
#include <numeric>
#include <set>

namespace weft::compile {

using graph::Node;
using graph::Op;
using graph::ValueId;
using lower::Group;

namespace {

struct Halo {
  std::vector<int64_t> begin, end;
};

/// The zero padding that a convolution reads around its input, per axis of the input.
Halo wanted_halo(const graph::Graph& g, const Node& node) {
  const auto& attributes = std::get<graph::ConvAttributes>(node.attributes);
  const graph::Shape& x = g.values[node.inputs[0]].type.shape;
  const graph::Shape& w = g.values[node.inputs[1]].type.shape;
  const graph::Shape& y = g.values[node.output].type.shape;
  Halo halo{std::vector<int64_t>(x.size(), 0), std::vector<int64_t>(x.size(), 0)};
  for (size_t i = 0; i + 2 < x.size(); ++i) {
    const auto last = ((y[i + 2] - 1) * attributes.strides[i] + (w[i + 2] - 1) * attributes.dilations[i] -
                       attributes.pads_begin[i] - (x[i + 2] - 1))
                          .as_constant();
    halo.begin[i + 2] = attributes.pads_begin[i];
    halo.end[i + 2] = std::max<int64_t>(0, last.value_or(0));
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
  return op == Op::conv || op == Op::conv_transpose || op == Op::reduce_window;
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
  Chooser(const graph::Graph& g, const std::vector<Group>& groups) : g_(g) {
    for (const Group& group : groups) visit(group);
    for (const Group& group : groups)
      if (!group.constant) assign(group.output);
    for (const auto& [value, halo] : halos_)
      layout_.convolution_operands.emplace(value, storage(value, true));
  }

  Layout take() { return std::move(layout_); }

 private:
  void visit(const Group& group) {
    bool last = false;
    for (const uint32_t index : group.nodes) {
      const Node& node = g_.nodes[index];
      last = last || prefers_channels_last(node.op);
      if (node.op != Op::conv) continue;
      const Halo halo = wanted_halo(g_, node);
      const auto [entry, added] = halos_.emplace(node.inputs[0], halo);
      if (!added) widen(entry->second, halo);
    }
    const size_t rank = g_.values[group.output].type.shape.size();
    if (!last && keeps_layout(g_, group))
      last = std::ranges::any_of(group.inputs, [&](ValueId input) {
        return channels_last_.contains(input) && g_.values[input].type.shape.size() == rank;
      });
    if (last && rank >= 3) channels_last_.insert(group.output);
  }

  loops::Storage storage(ValueId value, bool last) const {
    const graph::Type& type = g_.values[value].type;
    const auto halo = halos_.find(value);
    std::vector<uint32_t> order(type.shape.size());
    std::iota(order.begin(), order.end(), 0u);
    if (last) order = channels_last(type.shape.size());
    if (!last || halo == halos_.end()) return loops::dense_storage(type.dtype, type.shape, order);
    return loops::dense_storage(type.dtype, type.shape, order, halo->second.begin, halo->second.end);
  }

  void assign(ValueId value) {
    layout_.storages.emplace(value, storage(value, channels_last_.contains(value)));
  }

  const graph::Graph& g_;
  std::set<ValueId> channels_last_;
  std::map<ValueId, Halo> halos_;  ///< of the values that convolutions read
  Layout layout_;
};

}  // namespace

Layout choose_layout(const graph::Graph& g, const std::vector<Group>& groups) {
  return Chooser(g, groups).take();
}

loops::Storage row_major(const graph::Type& type) {
  std::vector<uint32_t> order(type.shape.size());
  std::iota(order.begin(), order.end(), 0u);
  return loops::dense_storage(type.dtype, type.shape, order);
}

}  // namespace weft::compile

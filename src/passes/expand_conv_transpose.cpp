// conv_transpose -> one conv that computes all phases of the output as channels, and index mappings that
// interleave them (sub-pixel convolution; Shi et al., "Is the deconvolution layer the same as a convolutional
// layer?", 2016).
//
// Per axis, with stride s, kernel K and J = ceil(K / s): position q = o + pad of the padded output has phase
// q mod s = a and place q / s = t, and y[q] = sum over j < J, c of x[t - j, c] * w[c, a + s * j]. So phase a
// is a conv of stride 1 with the taps w[a], w[a + s], … in reverse order.
#include <algorithm>

#include "passes/passes.hpp"
#include "passes/rewrite.hpp"

namespace weft::passes {

using expr::Expr;
using graph::Graph;
using graph::Ints;
using graph::Node;
using graph::Op;
using graph::Shape;
using graph::ValueId;

namespace {

/// One spatial axis of the rewritten node.
struct Phases {
  int64_t in, out;      ///< extents of x and y
  int64_t kernel;       ///< K
  int64_t stride, pad;  ///< of the transposed convolution
  int64_t taps() const { return (kernel + stride - 1) / stride; }
  int64_t first() const { return pad / stride; }  ///< the first place that the output needs
  int64_t pad_begin() const { return taps() - 1 - first(); }
  int64_t pad_end() const { return std::max<int64_t>(0, (pad + out - 1) / stride - (in - 1)); }
  /// Places that the conv computes.
  int64_t places() const { return in + pad_begin() + pad_end() - taps() + 1; }
};

class Expansion {
 public:
  Expansion(Graph& g, const Node& node, std::vector<Phases> axes)
      : g_(g),
        node_(node),
        out_(g, node),
        axes_(std::move(axes)),
        groups_(std::get<graph::ConvTransposeAttributes>(node.attributes).groups) {
    for (const Phases& axis : axes_) phases_ *= axis.stride;
    const Shape& w = shape(node.inputs[1]);
    in_per_group_ = *w[0].as_constant() / groups_;
    out_per_group_ = *w[1].as_constant();
  }

  void run() {
    graph::ConvAttributes conv;
    conv.groups = groups_;
    for (const Phases& axis : axes_) {
      conv.strides.push_back(1);
      conv.dilations.push_back(1);
      conv.pads_begin.push_back(axis.pad_begin());
      conv.pads_end.push_back(axis.pad_end());
    }
    std::vector<ValueId> inputs = {node_.inputs[0], weights()};
    if (node_.inputs.size() > 2) inputs.push_back(bias());
    interleave(out_.add(Op::conv, std::move(inputs), std::move(conv)));
  }

 private:
  const Shape& shape(ValueId value) const { return g_.values[value].type.shape; }

  ValueId reshape(ValueId x, Shape to) {
    return out_.add(Op::reshape, {x}, graph::ReshapeAttributes{std::move(to)});
  }
  ValueId transpose(ValueId x, Ints permutation) {
    return out_.add(Op::transpose, {x}, graph::TransposeAttributes{std::move(permutation)});
  }

  /// [Cin, Cout/g, K…] -> [g, phases…, Cout/g; Cin/g, J…], taps reversed.
  ValueId weights() {
    ValueId w = node_.inputs[1];
    graph::PadAttributes pad{.begin = Ints(axes_.size() + 2, 0), .end = Ints(axes_.size() + 2, 0)};
    graph::SliceAttributes reverse;
    Shape split = {groups_, in_per_group_, out_per_group_};
    Ints phase_axes, tap_axes;
    for (size_t i = 0; i < axes_.size(); ++i) {
      pad.end[i + 2] = axes_[i].taps() * axes_[i].stride - axes_[i].kernel;
      tap_axes.push_back(static_cast<int64_t>(split.size()));
      split.emplace_back(axes_[i].taps());
      phase_axes.push_back(static_cast<int64_t>(split.size()));
      split.emplace_back(axes_[i].stride);
    }
    if (std::ranges::any_of(pad.end, [](int64_t n) { return n > 0; }))
      w = out_.add(Op::pad, {w}, std::move(pad));
    w = reshape(w, split);
    reverse.sizes = split;
    reverse.starts.assign(split.size(), Expr(0));
    reverse.steps.assign(split.size(), 1);
    for (size_t i = 0; i < axes_.size(); ++i) {
      reverse.starts[static_cast<size_t>(tap_axes[i])] = Expr(axes_[i].taps() - 1);
      reverse.steps[static_cast<size_t>(tap_axes[i])] = -1;
    }
    w = out_.add(Op::slice, {w}, std::move(reverse));
    Ints order = {0};
    order.insert(order.end(), phase_axes.begin(), phase_axes.end());
    order.insert(order.end(), {2, 1});
    order.insert(order.end(), tap_axes.begin(), tap_axes.end());
    Shape joined = {groups_ * phases_ * out_per_group_, in_per_group_};
    for (const Phases& axis : axes_) joined.emplace_back(axis.taps());
    return reshape(transpose(w, std::move(order)), std::move(joined));
  }

  /// [Cout] -> [g, phases, Cout/g], flat.
  ValueId bias() {
    const ValueId apart = reshape(node_.inputs[2], {groups_, 1, out_per_group_});
    const ValueId more =
        out_.add(Op::expand, {apart}, graph::ReshapeAttributes{{groups_, phases_, out_per_group_}});
    return reshape(more, {groups_ * phases_ * out_per_group_});
  }

  /// [N; g, phases…, Cout/g; places…] -> [N, Cout, (place, phase)…], cropped to the output.
  void interleave(ValueId y) {
    const auto spatial = static_cast<int64_t>(axes_.size());
    const Expr batch = shape(y)[0];
    Shape split = {batch, groups_}, joined = {batch, groups_ * out_per_group_};
    for (const Phases& axis : axes_) split.emplace_back(axis.stride);
    split.emplace_back(out_per_group_);
    Ints order = {0, 1, 2 + spatial};
    graph::SliceAttributes crop;
    crop.starts.assign(2, Expr(0));
    for (int64_t i = 0; i < spatial; ++i) {
      const Phases& axis = axes_[static_cast<size_t>(i)];
      split.emplace_back(axis.places());
      joined.emplace_back(axis.places() * axis.stride);
      order.insert(order.end(), {3 + spatial + i, 2 + i});
      crop.starts.emplace_back(axis.pad - axis.first() * axis.stride);
    }
    crop.steps.assign(joined.size(), 1);
    crop.sizes = shape(node_.output);
    const ValueId mixed =
        reshape(transpose(reshape(y, std::move(split)), std::move(order)), std::move(joined));
    out_.finish(Op::slice, {mixed}, std::move(crop));
  }

  Graph& g_;
  const Node& node_;
  Replacement out_;
  std::vector<Phases> axes_;
  int64_t groups_, phases_ = 1, in_per_group_, out_per_group_;
};

/// The axes, when all extents are known and every phase is a plain convolution.
std::vector<Phases> plain_phases(const Graph& g, const Node& node) {
  if (node.op != Op::conv_transpose) return {};
  const auto& attributes = std::get<graph::ConvTransposeAttributes>(node.attributes);
  const auto x = graph::constant_shape(g.values[node.inputs[0]].type.shape);
  const auto w = graph::constant_shape(g.values[node.inputs[1]].type.shape);
  const auto y = graph::constant_shape(g.values[node.output].type.shape);
  if (!x || !w || !y || std::ranges::find(*y, 0) != y->end() || std::ranges::find(*x, 0) != x->end())
    return {};
  std::vector<Phases> axes;
  for (size_t i = 0; i < attributes.strides.size(); ++i) {
    const Phases axis{(*x)[i + 2], (*y)[i + 2], (*w)[i + 2], attributes.strides[i], attributes.pads_begin[i]};
    if (attributes.dilations[i] != 1 || axis.pad < 0 || axis.pad_begin() < 0) return {};
    axes.push_back(axis);
  }
  return axes;
}

}  // namespace

Graph expand_conv_transpose(Graph g) {
  const std::vector<Node> nodes = std::exchange(g.nodes, {});
  for (const Node& node : nodes) {
    std::vector<Phases> axes = plain_phases(g, node);
    if (axes.empty()) g.nodes.push_back(node);
    else Expansion(g, node, std::move(axes)).run();
  }
  return g;
}

}  // namespace weft::passes

#include <algorithm>
#include <map>
#include <optional>

#include "passes/constants.hpp"
#include "passes/passes.hpp"
#include "passes/rewrite.hpp"

namespace weft::passes {

using expr::Expr;
using graph::Graph;
using graph::Node;
using graph::Op;
using graph::Shape;
using graph::ValueId;

namespace {

bool scales_weights(Op op) { return op == Op::mul || op == Op::div; }
bool changes_bias(Op op) { return op == Op::add || op == Op::sub; }

/// `result` op `factor`, with the contraction's result on the left.
struct Match {
  size_t contraction;  ///< index into the nodes written so far
  ValueId factor;
};

class ScaleFolder {
 public:
  explicit ScaleFolder(Graph g) : g_(std::move(g)), constants_(g_), uses_(g_.values.size(), 0) {
    for (const ValueId value : graph::results(g_)) ++uses_[value];
    for (const Node& node : g_.nodes)
      for (const ValueId input : node.inputs) ++uses_[input];
  }

  Graph run() {
    const std::vector<Node> nodes = std::exchange(g_.nodes, {});
    for (const Node& node : nodes) {
      if (const auto match = find(node)) {
        fold(node, *match);
      } else {
        g_.nodes.push_back(node);
      }
      if (is_contraction(g_.nodes.back())) contractions_[node.output] = g_.nodes.size() - 1;
    }
    // Only now: the indices in contractions_ stayed valid.
    std::erase_if(g_.nodes, [](const Node& node) { return node.output == graph::kNoValue; });
    return std::move(g_);
  }

 private:
  const Shape& shape(ValueId value) const { return g_.values[value].type.shape; }
  size_t rank(const Node& node) const { return shape(node.output).size(); }

  bool is_contraction(const Node& node) const {
    if (!is_float(g_.values[node.output].type.dtype) || constants_.contains(node.output)) return false;
    if (node.op == Op::conv_transpose &&
        std::get<graph::ConvTransposeAttributes>(node.attributes).groups != 1)
      return false;
    if (node.op != Op::conv && node.op != Op::conv_transpose && node.op != Op::matmul) return false;
    return constants_.holds({node.inputs.begin() + 1, node.inputs.end()});
  }

  /// The axis of the result that the weights have too.
  size_t channel_axis(const Node& node) const { return node.op == Op::matmul ? rank(node) - 1 : 1; }

  /// Whether the value varies along the result's channel axis only.
  bool is_per_channel(ValueId factor, const Node& node) const {
    const Shape& to = shape(node.output);
    const Shape& from = shape(factor);
    if (from.size() > to.size()) return false;
    const size_t skipped = to.size() - from.size();
    for (size_t i = 0; i < from.size(); ++i) {
      if (from[i].is_constant(1)) continue;
      if (i + skipped != channel_axis(node) || !(from[i] == to[i + skipped])) return false;
    }
    return true;
  }

  std::optional<Match> find(const Node& node) const {
    if (!scales_weights(node.op) && !changes_bias(node.op)) return std::nullopt;
    const bool commutes = node.op == Op::mul || node.op == Op::add;
    for (const size_t side : {0, 1}) {
      if (side == 1 && !commutes) break;
      const auto found = contractions_.find(node.inputs[side]);
      const ValueId factor = node.inputs[1 - side];
      if (found == contractions_.end() || uses_[node.inputs[side]] != 1 || !constants_.contains(factor))
        continue;
      const Node& contraction = g_.nodes[found->second];
      if (contraction.loop != node.loop) continue;
      if (changes_bias(node.op) && contraction.op == Op::matmul) continue;  // it has none
      if (is_per_channel(factor, contraction)) return Match{found->second, factor};
    }
    return std::nullopt;
  }

  ValueId add(Replacement& out, Op op, std::vector<ValueId> inputs, graph::Attributes attributes = {}) {
    const ValueId result = out.add(op, std::move(inputs), std::move(attributes));
    constants_.add(result);
    return result;
  }

  /// The factor with its channels at `axis` of `rank` axes.
  ValueId aligned(Replacement& out, ValueId factor, size_t axis, size_t rank) {
    Shape wanted(rank, Expr(1));
    wanted[axis] = graph::element_count(shape(factor));
    return wanted == shape(factor) ? factor
                                   : add(out, Op::reshape, {factor}, graph::ReshapeAttributes{wanted});
  }

  size_t weight_axis(const Node& node) const {
    if (node.op == Op::conv) return 0;
    return node.op == Op::conv_transpose ? 1 : shape(node.inputs[1]).size() - 1;
  }

  ValueId first_bias(Replacement& out, Op op, ValueId factor, const Node& contraction) {
    const Shape channels = {shape(contraction.output)[1]};
    if (shape(factor) != channels)
      factor = add(out, Op::expand, {factor}, graph::ReshapeAttributes{channels});
    return op == Op::add ? factor : add(out, Op::neg, {factor});
  }

  /// The contraction with its operands changed takes the node's place, where all operands are known.
  void fold(const Node& node, const Match& match) {
    Node contraction = g_.nodes[match.contraction];
    Replacement out(g_, node);
    const bool biased = contraction.inputs.size() == 3;
    if (scales_weights(node.op)) {
      ValueId& weights = contraction.inputs[1];
      const ValueId scale = aligned(out, match.factor, weight_axis(contraction), shape(weights).size());
      weights = add(out, node.op, {weights, scale});
    }
    if (biased || changes_bias(node.op)) {
      const ValueId channels = aligned(out, match.factor, 0, 1);
      if (biased) contraction.inputs[2] = add(out, node.op, {contraction.inputs[2], channels});
      else contraction.inputs.push_back(first_bias(out, node.op, channels, contraction));
    }
    g_.nodes[match.contraction].output = graph::kNoValue;
    contraction.output = node.output;
    if (!contraction.source.ends_with(node.source))
      contraction.source += (contraction.source.empty() ? "" : " + ") + node.source;
    g_.nodes.push_back(std::move(contraction));
  }

  Graph g_;
  ConstantValues constants_;
  std::vector<uint32_t> uses_;              ///< of every value at the start, by nodes and graph outputs
  std::map<ValueId, size_t> contractions_;  ///< those with constant weights: index of the node
};

}  // namespace

Graph fold_scales(Graph g) { return ScaleFolder(std::move(g)).run(); }

}  // namespace weft::passes

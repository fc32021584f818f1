#include <map>

#include "graph/eval.hpp"
#include "passes/passes.hpp"

namespace weft::passes {

using graph::Graph;
using graph::Node;
using graph::Tensor;
using graph::ValueId;

namespace {

class Folder {
 public:
  Folder(Graph g, const Blobs& blobs, uint64_t limit) : g_(std::move(g)), blobs_(blobs), limit_(limit) {}

  Result<Graph> run() {
    std::vector<Node> kept;
    std::vector<Node> nodes = std::move(g_.nodes);
    for (Node& node : nodes) {
      if (!folds(node)) {
        kept.push_back(std::move(node));
        continue;
      }
      auto result = evaluate(node);
      if (!result) return named(std::move(result).error(), node);
      g_.constants.emplace(node.output, result->bytes);
      loaded_.emplace(node.output, std::move(*result));
    }
    g_.nodes = std::move(kept);
    return std::move(g_);
  }

 private:
  bool is_small(ValueId value) const {
    const graph::Type& type = g_.values[value].type;
    const auto count = graph::element_count(type.shape).as_constant();
    return count && static_cast<uint64_t>(*count) <= limit_ / byte_size(type.dtype);
  }

  bool folds(const Node& node) const {
    if (node.op == graph::Op::custom || !is_small(node.output) || node.inputs.empty() ||
        graph::depends_on_symbols(g_, node))
      return false;
    for (const ValueId input : node.inputs)
      if (!g_.is_constant(input) || !is_small(input)) return false;
    return true;
  }

  Result<const Tensor*> load(ValueId value) {
    if (const auto known = loaded_.find(value); known != loaded_.end()) return &known->second;
    WEFT_ASSIGN(tensor, graph::load_constant(g_, value, blobs_));
    return &loaded_.emplace(value, std::move(tensor)).first->second;
  }

  Result<Tensor> evaluate(const Node& node) {
    std::vector<const Tensor*> operands;
    for (const ValueId input : node.inputs) {
      WEFT_ASSIGN(operand, load(input));
      operands.push_back(operand);
    }
    return graph::evaluate_node(g_, node, operands);
  }

  static std::unexpected<Error> named(Error error, const Node& node) {
    if (error.node.empty()) error.node = node.source;
    return std::unexpected(std::move(error));
  }

  Graph g_;
  const Blobs& blobs_;
  uint64_t limit_;
  std::map<ValueId, Tensor> loaded_;  ///< small constants that a folded node has read, and results
};

}  // namespace

Result<Graph> fold_constants(Graph g, const Blobs& blobs, uint64_t limit_bytes) {
  return Folder(std::move(g), blobs, limit_bytes).run();
}

}  // namespace weft::passes

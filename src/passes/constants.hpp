// Values that depend on constants only: constants, and what nodes make of them (`prepare` computes those at
// load). What a node makes of nothing (iota) is no constant: as an index it costs nothing, in memory it
// would. Nor is what depends on symbols.
#pragma once

#include <algorithm>
#include <vector>

#include "graph/graph.hpp"

namespace weft::passes {

class ConstantValues {
 public:
  explicit ConstantValues(const graph::Graph& g) : g_(g), computed_(g.values.size(), false) {
    for (const graph::Node& node : g.nodes)
      computed_[node.output] = holds(node.inputs) && !graph::depends_on_symbols(g, node);
  }

  bool contains(graph::ValueId value) const {
    return (value < computed_.size() && computed_[value]) || g_.is_constant(value);
  }
  bool holds(const std::vector<graph::ValueId>& values) const {
    return !values.empty() && std::ranges::all_of(values, [this](graph::ValueId v) { return contains(v); });
  }
  void add(graph::ValueId value) {
    if (value >= computed_.size()) computed_.resize(value + 1, false);
    computed_[value] = true;
  }

 private:
  const graph::Graph& g_;
  std::vector<bool> computed_;
};

}  // namespace weft::passes

// A graph in two: what is known in advance, and what its data decides.
#pragma once

#include <vector>

#include "graph/graph.hpp"

namespace weft::interpreter {

/// `head` has the nodes outside of loops whose shapes are known and that depend on no others: it can be
/// planned. `tail` has the rest, with loops and extents that data decides; its inputs are the first outputs
/// of `head`, in order.
struct Split {
  graph::Graph head, tail;
  size_t tail_reads = 0;  ///< outputs of head that are inputs of tail
  struct Output {
    bool in_tail = false;
    size_t index = 0;  ///< among the outputs of head or tail
  };
  std::vector<Output> outputs;  ///< of the whole, in order
  bool has_tail() const { return !tail.nodes.empty() || !tail.checks.empty(); }
};

/// Of a graph whose symbols are those that it computes.
Split split(const graph::Graph& g);

}  // namespace weft::interpreter

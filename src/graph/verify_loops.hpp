// The part of verify that is about loops. Internal to graph/.
#pragma once

#include "graph/graph.hpp"

namespace weft::graph {

/// Of a graph that is sound otherwise.
Result<void> verify_loops(const Graph& g);

}  // namespace weft::graph

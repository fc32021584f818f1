// The unit of lowering: the nodes that fuse_groups put together, with one value that leaves the group.
#pragma once

#include <vector>

#include "graph/graph.hpp"

namespace weft::lower {

struct Group {
  std::vector<uint32_t> nodes{};  ///< indices into Graph::nodes, topological order
  graph::ValueId output = graph::kNoValue;
  std::vector<graph::ValueId> inputs{};  ///< values from outside, constants too, in order of first use
  bool constant = false;                 ///< depends on constants only: runs in `prepare`
  int32_t loop = graph::kNoLoop;         ///< of its nodes
};

/// The groups in an order in which each comes after what it reads, and those of a loop follow each other.
/// Every node must carry a group id, and each group must have one value that others or the graph's outputs
/// use (fuse_groups guarantees both).
std::vector<Group> collect_groups(const graph::Graph& g);

}  // namespace weft::lower

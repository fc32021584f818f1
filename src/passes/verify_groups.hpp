// Checks what lowering relies on after fuse_groups.
#pragma once

#include "graph/graph.hpp"

namespace weft::passes {

/// Every node has a group; one value leaves each group; a group has at most one anchor, and what follows the
/// anchor in it is elementwise and of the anchor's shape; what precedes an anchor belongs to a reduction; a
/// concat is alone; a group lies in one loop; groups do not mix values that depend on constants only with
/// others, and do not depend on each other in a circle. A failure is a compiler bug.
Result<void> verify_groups(const graph::Graph& g);

}  // namespace weft::passes

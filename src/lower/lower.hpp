// Graph groups -> stages: the algorithm of each operation, with no performance decision.
#pragma once

#include <vector>

#include "graph/graph.hpp"
#include "loops/stage.hpp"
#include "lower/group.hpp"

namespace weft::lower {

/// The stages of one group, in the order in which they run; all write the group's output (a concat is one
/// stage per operand). A stage's tensors are values from outside the group, then the output;
/// TensorOperand::value is the graph's value id.
std::vector<loops::Stage> lower_group(const graph::Graph& g, const Group& group);

/// Copies one value as it is: what movement between two storages of a value lowers to.
loops::Stage copy_stage(const graph::Graph& g, graph::ValueId value);

}  // namespace weft::lower

// Graph -> Program for one variant: schedules, storages, movement, prepare kernels.
#pragma once

#include <map>
#include <vector>

#include "compile/dump.hpp"
#include "graph/graph.hpp"
#include "plan/program.hpp"
#include "schedule/rules.hpp"

namespace weft::compile {

struct BuildOptions {
  schedule::Machine machine;
  uint32_t vector_bytes = 16;  ///< 0: scalar code
};

struct BuiltProgram {
  plan::Program program;
  std::map<graph::ValueId, plan::BufferId>
      weights;  ///< the buffer that the loader fills with a constant of the graph
  std::vector<plan::BufferId> inputs, outputs;  ///< parallel to the graph's
};

/// Lowers every group of a fused graph, chooses its schedule and the storages of its tensors, and inserts the
/// copies between storages. Shapes must be constant. Kernels of equal signature are one; they come vectorized
/// and unrolled, ready to emit; memory is not placed yet.
Result<BuiltProgram> build_program(const graph::Graph& g, const BuildOptions& options, const Dump& dump);

}  // namespace weft::compile

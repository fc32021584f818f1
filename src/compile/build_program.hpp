// Graph -> Program for one variant: schedules, storages, movement, prepare kernels.
#pragma once

#include <map>
#include <vector>

#include "compile/dump.hpp"
#include "graph/graph.hpp"
#include "passes/passes.hpp"
#include "plan/program.hpp"
#include "plan/stream_weights.hpp"
#include "schedule/rules.hpp"

namespace weft::compile {

/// The rules that decide, per class of engine: rules.hpp for CPUs, gpu_rules.hpp for GPUs.
struct ScheduleRules {
  schedule::Schedule (*default_schedule)(const loops::Stage&, const std::vector<loops::Storage>&,
                                         const schedule::Machine&) = schedule::default_schedule;
  std::optional<loops::Storage> (*preferred_storage)(const loops::Stage&, uint32_t tensor,
                                                     const schedule::Machine&) = schedule::preferred_storage;
};

/// What counts more where speed and memory disagree.
enum class Optimize : uint8_t { speed, memory };

struct BuildOptions {
  schedule::Machine machine;
  uint32_t vector_bytes = 16;  ///< 0: scalar code
  ScheduleRules rules{};
  /// Whether values may share memory with others: operands in the slots of their concats, views, results in
  /// the place of operands. Without, every value has a buffer of its own.
  bool share_memory = true;
  Optimize optimize = Optimize::speed;
  /// Whether `prepare` loads the weights itself, in the order of constant_order (compile/stream.hpp).
  bool stream_weights = true;
  bool costs = false;                      ///< whether calls say what they compute, for profiles
  std::vector<passes::State> states = {};  ///< outputs and inputs of the graph that stay in the module
};

struct BuiltProgram {
  plan::Program program;
  std::map<graph::ValueId, plan::BufferId>
      weights;  ///< the buffer that the loader fills with a constant of the graph
  std::vector<plan::BufferId> inputs, outputs;  ///< parallel to the graph's, without states
  uint64_t run_arena_bytes = 0;                 ///< of the arena, what run alone needs
  uint64_t movement_calls = 0;                  ///< of run: kernels without arithmetic, and copies
  std::vector<plan::Uncut> uncut;               ///< weights too large for the part of the arena kept for them
};

/// Lowers every group of a fused graph, chooses its schedule and the storages of its tensors, and inserts the
/// copies between storages. Extents may depend on the graph's symbols. Kernels of equal signature are one;
/// they come vectorized and unrolled, ready to emit; memory is not placed yet.
Result<BuiltProgram> build_program(const graph::Graph& g, const BuildOptions& options, const Dump& dump);

}  // namespace weft::compile

// Weights come to memory when `prepare` needs them, in the order of model.weights, and those that only
// `prepare` reads do not stay.
#pragma once

#include <vector>

#include "plan/program.hpp"

namespace weft::plan {

struct StreamOptions {
  std::vector<BufferId> order;  ///< every buffer of weights, as model.weights holds them
  uint64_t window = 0;  ///< bytes: larger weights come in parts of at most this, where that is possible
};

/// A weight larger than the window that has memory of its whole size while prepare reads it.
struct Uncut {
  BufferId buffer = 0;
  const char* reason = "";
};

struct Streamed {
  Program program;
  std::vector<Uncut> uncut;
};

/// Puts a load for every weight into `prepare` (there is one, without loads), each as late as its first use
/// and the order of the file allow: then one pass over the file is enough. A weight that one call of prepare
/// reads, block by block from its start to its end, gets a window; the call is cut into parts, each behind
/// the load of what it reads.
Streamed stream_weights(Program program, const StreamOptions& options);

/// The bytes that `run` alone needs in the arena: what streaming may use and still cost nothing. The program
/// has no addresses yet.
uint64_t run_arena_bytes(const Program& program);

}  // namespace weft::plan

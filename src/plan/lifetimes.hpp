// When each buffer of a program holds something: what place_buffers plans with and verify checks.
#pragma once

#include <vector>

#include "plan/program.hpp"

namespace weft::plan {

/// How a statement touches a buffer. Scratch is neither read nor written, but must be there.
struct Use {
  BufferId buffer = 0;
  bool reads = false, writes = false;
};
/// In the order of the call's arguments. Ids must be in range. The condition of a loop, which its end reads
/// too, is the loop's.
std::vector<Use> uses(const Program& program, const Statement& statement);

/// By buffer: whether some statement loads it, or a part of it. Ids must be in range.
std::vector<bool> loaded_by_statements(const Program& program);

/// The entry that runs once, after the weights are loaded; every other entry may run any number of times.
inline constexpr std::string_view kPrepare = "prepare";

/// Time is a number: 0 is the loading of weights that no statement loads; then, entry by entry, one for its
/// start, one for each statement, one for its end. The buffer must keep its bytes from `first` to `last`,
/// both included. What crosses the way back of a loop lives through all of it.
struct Lifetime {
  uint64_t first = 1, last = 0;  ///< first > last: never
  bool for_ever = false;         ///< from load on, over any number of runs

  bool empty() const { return first > last; }
  bool overlaps(const Lifetime& other) const { return first <= other.last && other.first <= last; }
};

struct Lifetimes {
  std::vector<Lifetime> buffers;
  uint64_t end = 0;  ///< the last time
};
Lifetimes lifetimes(const Program& program);

}  // namespace weft::plan

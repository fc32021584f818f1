// The loops that are open while a program is built, and where their states lie.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "compile/placement.hpp"

namespace weft::compile {

/// Indices that nobody reads, of loops that run once at most: such a loop becomes an `if`, which counts
/// nothing.
std::set<std::string> branch_indices(const graph::Graph& g);
/// Values of zeros that only states begin with: a fill makes them where the states lie.
std::set<graph::ValueId> cleared_values(const graph::Graph& g);
/// The graph's output that is the last value of the state of a loop that lies in no other.
std::optional<size_t> output_of_state(const graph::Graph& g, graph::ValueId state);

class OpenLoops {
 public:
  explicit OpenLoops(const graph::Graph& g);

  /// The innermost open loop.
  int32_t current() const { return open_.empty() ? graph::kNoLoop : open_.back().loop; }
  const graph::Graph& graph() const { return g_; }
  const graph::Loop& at(int32_t loop) const { return g_.loops[static_cast<size_t>(loop)]; }
  /// The loop around the value.
  int32_t of(graph::ValueId value) const { return loop_of_[value]; }
  /// The loops to open, from the outside in, so that `loop`, in which the current one lies, is the current
  /// one.
  std::vector<int32_t> missing(int32_t loop) const;

  void open(int32_t loop) { open_.push_back({loop, {}}); }
  /// The values that got a placement in it, which they do not have behind it: they are of outside.
  std::vector<graph::ValueId> close();
  /// A placement was made.
  void note(graph::ValueId value);

  /// The state and its next value.
  const graph::Carried& carried(graph::ValueId state) const;
  /// The state of the current loop that the value is next, if it is that of one.
  graph::ValueId state_of_next(graph::ValueId value) const;
  /// The buffer of a state of an open loop; kNoValue: it is none.
  graph::ValueId state_in(plan::BufferId buffer) const;
  void put_state(plan::BufferId buffer, graph::ValueId state) { states_[buffer] = state; }

 private:
  struct Open {
    int32_t loop;
    std::vector<graph::ValueId> placed;
  };

  const graph::Graph& g_;
  std::vector<int32_t> loop_of_;  ///< by value
  std::vector<Open> open_;
  std::map<plan::BufferId, graph::ValueId> states_;
};

}  // namespace weft::compile

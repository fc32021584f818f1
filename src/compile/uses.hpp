// Who is still to read what, and what lies in which buffer, while a program is built: the one place that says
// when the memory of a value may be written by another one.
#pragma once

#include <map>
#include <vector>

#include "compile/layout.hpp"
#include "compile/open_loops.hpp"

namespace weft::compile {

class Uses {
 public:
  /// All of these outlive it.
  Uses(const graph::Graph& g, const std::vector<lower::Group>& groups, const Layout& layout,
       const OpenLoops& loops);

  /// A group, a loop or a check is done with the value.
  void done(graph::ValueId value) { --readers_[value]; }
  /// A value lies in a buffer from now on, beside what lies there already.
  void put(graph::ValueId value, plan::BufferId buffer) { residents_[buffer].push_back(value); }

  /// Whether the value is the whole of a concat, whose parts lie in its buffer.
  bool has_parts(graph::ValueId value) const { return parts_.contains(value); }

  /// Whether nothing but the current group will read what the buffer, which is of the arena, holds, and only
  /// through this value.
  bool dies_here(graph::ValueId value, plan::BufferId buffer) const;
  /// Whether the state, and what lies with it in its buffer, is read no more, but `readers` times by the
  /// current group: its place may get its next value.
  bool state_dies_here(graph::ValueId state, plan::BufferId buffer, uint32_t readers) const;

 private:
  uint32_t left(graph::ValueId value) const;
  /// Whether the concats that the value is a part of, or whose whole it is, are read other than as `except`.
  bool is_read_around(graph::ValueId value, graph::ValueId except) const;

  const Layout& layout_;
  const OpenLoops& loops_;
  std::map<graph::ValueId, uint32_t> readers_;  ///< groups still to come, loops, checks, outputs
  std::map<graph::ValueId, std::vector<graph::ValueId>> parts_;      ///< by root
  std::map<plan::BufferId, std::vector<graph::ValueId>> residents_;  ///< values that lie, or lay, there
};

}  // namespace weft::compile

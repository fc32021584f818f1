// Which Storage each value of a graph has: the order of its axes in memory, its halo, and the buffer of which
// it is a part.
#pragma once

#include <map>
#include <vector>

#include "graph/graph.hpp"
#include "loops/storage.hpp"
#include "lower/group.hpp"

namespace weft::compile {

/// What the values that groups compute look like in memory. Constants and graph inputs are row-major; every
/// other value of rank >= 3 that convolutions or pooling make or read lies channels-last, and its halo holds
/// the zero padding that its readers want.
struct Layout {
  std::map<graph::ValueId, loops::Storage> storages;
  /// The concat in whose buffer a value lies, in its slot: its storage has the concat's strides and an
  /// offset. That concat may lie in another one; a value that is not here has a buffer of its own.
  std::map<graph::ValueId, graph::ValueId> wholes;
  /// What a convolution wants of its first operand; differs from `storages` where that value is row-major (a
  /// graph input).
  std::map<graph::ValueId, loops::Storage> convolution_operands;

  /// The value whose buffer holds this one, after all `wholes`.
  graph::ValueId root(graph::ValueId value) const;
};

/// `slots`: whether values may lie in the slots of their concats.
Layout choose_layout(const graph::Graph& g, const std::vector<lower::Group>& groups, bool slots = true);

/// Row-major, without halo: what the world outside sees.
loops::Storage row_major(const graph::Type& type);

}  // namespace weft::compile

// Which Storage each value of a graph has: the order of its axes in memory and its halo.
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
  /// What a convolution wants of its first operand; differs from `storages` where that value is row-major (a
  /// graph input).
  std::map<graph::ValueId, loops::Storage> convolution_operands;
};

Layout choose_layout(const graph::Graph& g, const std::vector<lower::Group>& groups);

/// Row-major, without halo: what the world outside sees.
loops::Storage row_major(const graph::Type& type);

}  // namespace weft::compile

// Which elements of a buffer some blocks of a kernel read.
#pragma once

#include <optional>

#include "loops/loops.hpp"

namespace weft::plan {

/// Elements [begin, end); none when they are equal.
struct ElementRange {
  int64_t begin = 0, end = 0;
  bool empty() const { return begin == end; }
};

/// A range that holds every element of the buffer (an index into Kernel::buffers) that blocks [first, first +
/// blocks) may load, by the bounds of the indices. Nothing when an index has no bounds, or when the buffer is
/// stored to.
std::optional<ElementRange> loaded_range(const loops::Kernel& kernel, uint32_t buffer, uint64_t first,
                                         uint64_t blocks);

}  // namespace weft::plan

// Whether two parameters of a kernel may be given overlapping memory: the slots of one concat interleave, and
// a kernel may read one and write another.
#pragma once

#include <cstdint>

#include "loops/loops.hpp"

namespace weft::plan {

/// A parameter (an index into Kernel::buffers) and where its first element lies, in bytes from any common
/// start.
struct Window {
  uint32_t parameter = 0;
  expr::Expr offset = 0;
};
/// Whether it is proved that the kernel touches no byte through both. Proof: the two ranges do not overlap,
/// or there is a period of which the one uses only some remainders and the other only others.
bool never_meet(const loops::Kernel& kernel, const Window& a, const Window& b);

}  // namespace weft::plan

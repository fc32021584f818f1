// Index bindings that nothing uses.
#pragma once

#include "loops/loops.hpp"

namespace weft::loops {

/// The kernel without the `index` statements whose variable nothing after them uses.
Kernel drop_unused_indices(Kernel kernel);

}  // namespace weft::loops

// Whether the iterations of a loop may be run side by side.
#pragma once

#include "loops/loops.hpp"

namespace weft::loops {

/// Whether no iteration of a loop over `variable` in [0, extent) touches, in a buffer that the body writes,
/// an element that another iteration touches, so that statements may be done for several iterations at once.
/// Conservative: each index must be stride * variable + rest with one constant stride per buffer; variables
/// that the body binds count as anything.
bool independent_iterations(const Block& body, const std::string& variable, int64_t extent);

}  // namespace weft::loops

// Loop IR -> Loop IR that WGSL can say, or what it cannot.
#pragma once

#include "base/result.hpp"
#include "loops/loops.hpp"

namespace weft::wgsl {

/// Narrows what is 64 bits wide without need (indices that provably fit 32 bits), then refuses what WGSL does
/// not have, with `unsupported` that names the kernel and the operation: values of 64, 16 and 8 bits,
/// booleans in memory, vectors, kernels that need more than the default limits of a workgroup.
Result<loops::Kernel> legalize(const loops::Kernel& kernel);

}  // namespace weft::wgsl

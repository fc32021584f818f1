// One legal kernel as an entry point.
#pragma once

#include <string>

#include "loops/loops.hpp"

namespace weft::wgsl {

/// The params struct, workgroup variables and the function `kernel<number>`.
std::string print_kernel(const loops::Kernel& kernel, uint32_t number);

/// u32 words of the kernel's params (module.hpp).
uint32_t params_words(const loops::Kernel& kernel);

}  // namespace weft::wgsl

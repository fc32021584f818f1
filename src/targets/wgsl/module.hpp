// Kernels as one WGSL module.
//
// Bindings, all in group 0: 0 is all memory, `array<u32>`, read_write; 1 is the uniform with the kernel's
// params: u32 words `begin`, `end`, then, as in every target's kernel ABI, the byte address of each buffer
// that is a parameter, in order, then the symbols. Entry point `kernelN` runs the blocks [begin, end), one
// per workgroup; workgroups beyond `end` return at once.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "loops/loops.hpp"

namespace weft::wgsl {

struct EntryPoint {
  std::string name;
  uint32_t params = 0;  ///< u32 words of the uniform
};

struct Module {
  std::string text;
  std::vector<EntryPoint> entries;  ///< parallel to the kernels
};

/// Legalizes and prints; fails with `unsupported` where WGSL cannot say what a kernel does.
Result<Module> print_module(const std::vector<loops::Kernel>& kernels);

}  // namespace weft::wgsl

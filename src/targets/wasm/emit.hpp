// A legalised kernel as a wasm function.
#pragma once

#include "loops/loops.hpp"
#include "targets/wasm/assembler.hpp"
#include "targets/wasm/facts.hpp"

namespace weft::wasm {

/// (params: i32, begin: i32, end: i32) -> ()
FuncType kernel_type();

/// Appends to `module` the function of a kernel that legalize() has prepared. params points to u32 words: the
/// byte address of each buffer that is not `registers`, in order, then the value of each symbol, in the map's
/// order. Runs blocks [begin, end); a kernel without a blocks loop runs once when begin < end. Buffers must
/// start at kLowestAddress (addresses.hpp) or above, and at a multiple of their element's size.
Function& emit_kernel(const loops::Kernel& kernel, const WasmFeatures& features, Module& module);

}  // namespace weft::wasm

#pragma once

#include "targets/wasm/assembler.hpp"

namespace weft::wasm {

/// Appends and exports `step` (module.hpp).
void emit_step(Module& module, bool debug_names, bool jumps);

}  // namespace weft::wasm

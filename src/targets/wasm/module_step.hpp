#pragma once

#include "targets/wasm/assembler.hpp"

namespace weft::wasm {

/// Appends and exports `step` (module.hpp); records that jump without `jumps`, and custom ones without
/// `has_custom`, are unknown to it.
void emit_step(Module& module, bool debug_names, bool jumps, bool has_custom);

}  // namespace weft::wasm

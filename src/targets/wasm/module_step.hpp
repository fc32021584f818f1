#pragma once

#include "targets/wasm/assembler.hpp"

namespace weft::wasm {

/// Appends `step` (module.hpp) under a name; records that jump without `jumps`, and custom ones without
/// `has_custom`, are unknown to it.
Function& emit_step(Module& module, std::string name, bool jumps, bool has_custom);

}  // namespace weft::wasm

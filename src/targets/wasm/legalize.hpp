// Loop IR -> Loop IR: turns what wasm does not have into what it has. Each pass is one file; legalize() runs
// them in order.
#pragma once

#include "loops/loops.hpp"
#include "targets/wasm/facts.hpp"

namespace weft::wasm {

/// All of the passes below, in their order. The kernel means the same on every input, except that div, rem
/// are now wasm's trapping ones and guarded where they can trap.
loops::Kernel legalize(const loops::Kernel& kernel, const WasmFeatures& features);

/// Casts that wasm has no instruction for: of f16, bf16, to and from 8 and 16 bits, to boolean; by integer
/// arithmetic, one rounding.
loops::Kernel legalize_casts(const loops::Kernel& kernel);
/// Operations that wasm has no instruction for: integer min, max, abs, neg, not, muladd, u64 comparison of
/// vectors.
loops::Kernel legalize_operations(const loops::Kernel& kernel);
/// Guards of integer div and rem: x / 0 = 0, min / -1 = min.
loops::Kernel legalize_division(const loops::Kernel& kernel);
/// Vector operations without an instruction become lanes; statements with vectors that no v128 holds become
/// scalar ones.
loops::Kernel legalize_vectors(const loops::Kernel& kernel, const WasmFeatures& features);
/// Binds what several statements of one straight run load or compute alike: tiles mention each operand once
/// per accumulator.
loops::Kernel legalize_sharing(const loops::Kernel& kernel);

/// Replaces values bottom up in every statement.
loops::Kernel rewrite_values(const loops::Kernel& kernel,
                             const std::function<loops::Value(const loops::Value&)>& replace);

}  // namespace weft::wasm

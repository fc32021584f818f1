// The rules of `threads` loops (the semantics in loops.hpp), which the rest of verify knows nothing about.
#pragma once

#include <optional>
#include <string>

#include "loops/loops.hpp"

namespace weft::loops {

/// What is wrong with the kernel's `threads` loops, workgroup buffers and the registers that live across
/// them; empty when nothing is. Expects a kernel whose buffers and variables exist.
std::string threads_error(const Kernel& kernel);

/// The common extent of the kernel's `threads` loops; nothing when it has none.
std::optional<int64_t> thread_count(const Kernel& kernel);

/// The index without its thread variable, when the buffer has a slice of `elements / threads` for each
/// iteration and the index stays within that of `variable`.
std::optional<Expr> index_in_slice(const Expr& index, const std::string& variable, int64_t elements,
                                   int64_t threads);

/// Whether every access to this registers buffer within `threads` loops keeps to the iteration's slice, so
/// that an invocation needs only one slice. (False: the buffer is used within one execution of one loop.)
bool has_slices(const Kernel& kernel, uint32_t buffer);

}  // namespace weft::loops

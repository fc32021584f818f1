// Vectorizing.
//
//   for j in 0..8 vectorized {                c[0] = add(load f32x4 a[0], broadcast 4 (load f32 b[0]))
//     c[j] = add(load f32 a[j],        ->     c[4] = add(load f32x4 a[4], broadcast 4 (load f32 b[0]))
//                load f32 b[0])
//   }
#pragma once

#include "loops/loops.hpp"

namespace weft::loops {

struct VectorFacts {
  uint32_t bytes = 16;  ///< of one vector; 0: the target has none
};

/// Replaces every `vectorized` loop. With a constant extent it becomes groups of bytes / 4 iterations at once
/// and a remainder of single ones; up to kMaxCopies groups are written out, more become a serial loop (but
/// not where registers are indexed by the variable). Loads and stores of stride 1 become vector ones, of
/// other strides scalar ones; an `if` or a loop that differs between the iterations is done for each. A loop
/// becomes scalar copies, or serial, where a value that differs is not of a 32-bit type (or the result of a
/// comparison), where iterations touch each other's elements, or where its extent is not constant.
Kernel vectorize(Kernel kernel, const VectorFacts& facts);

inline constexpr int64_t kMaxCopies = 8;

}  // namespace weft::loops

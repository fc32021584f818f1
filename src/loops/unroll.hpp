// Unrolling.
//
//   for i in 0..2 unrolled {             let x_0 = load f32 a[0]
//     let x = load f32 a[i]       ->     c[0] = local f32 x_0
//     c[i] = local f32 x                 let x_1 = load f32 a[1]
//   }                                    c[1] = local f32 x_1
#pragma once

#include "loops/loops.hpp"

namespace weft::loops {

/// Replaces `unrolled` loops of constant extent by copies of their bodies; loops of any kind but `blocks` of
/// extent 1 by their body, of extent 0 by nothing; and an `if` whose condition is a constant by the block
/// that it takes. What a copy binds by let or index gets a new name. An `unrolled` loop whose extent is not
/// constant stays.
Kernel unroll(Kernel kernel);

}  // namespace weft::loops

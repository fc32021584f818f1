// Simplification of one value node over simplified operands.
#pragma once

#include "loops/loops.hpp"

namespace weft::loops {

/// Checks the node's types and gives an equal, simpler value where one is known: constants are folded with
/// evaluate()'s own arithmetic (but not muladd, whose rounding is the target's), and what is dropped is exact
/// for every input, signed zeros and NaN included.
Value fold(ValueNode node);

}  // namespace weft::loops

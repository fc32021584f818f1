// What each operation does to one lane: the meaning that evaluate() and constant folding share.
//
// A lane is a uint64_t: the element's bits in its low bits, the rest zero. NaN results of arithmetic are the
// canonical quiet NaN, so that a folded constant is the same on every host.
#pragma once

#include <cstdint>

#include "loops/loops.hpp"

namespace weft::loops {

/// neg … logical_not.
uint64_t unary_lane(ValueOp op, DType type, uint64_t a);
/// add … logical_or; `type` is the operands' type.
uint64_t binary_lane(ValueOp op, DType type, uint64_t a, uint64_t b);
/// a * b + c, rounded twice.
uint64_t muladd_lane(DType type, uint64_t a, uint64_t b, uint64_t c);
/// Value conversion, one rounding; integers wrap among themselves, floats saturate to integers.
uint64_t cast_lane(DType from, DType to, uint64_t a);
/// An integer, wrapped to the width of an integer type.
uint64_t integer_lane(DType type, int64_t value);
/// The value of an integer or boolean lane, sign-extended for signed types.
int64_t lane_integer(DType type, uint64_t bits);
/// The exact value of a floating lane.
double lane_float(DType type, uint64_t bits);
/// `value` rounded once to a floating type.
uint64_t float_lane(DType type, double value);
/// All bits that an element of `type` has.
uint64_t lane_mask(DType type);

}  // namespace weft::loops

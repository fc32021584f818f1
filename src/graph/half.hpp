// f16 and bf16 as stored bits.
#pragma once

#include <cstdint>

#include "base/dtype.hpp"

namespace weft::graph {

/// The exact value of an f16 or bf16.
float widen_half(DType type, uint16_t bits);
/// `value` rounded once, to nearest even, to f16 or bf16; NaN is the canonical quiet one.
uint16_t round_to_half(DType type, double value);

}  // namespace weft::graph

// Which instruction computes which operation on which lanes.
#pragma once

#include <optional>

#include "loops/loops.hpp"
#include "targets/wasm/isa.hpp"

namespace weft::wasm {

/// The instruction of a unary or binary operation, if one does just that. Vectors are of 128 bits or their
/// low half. div and rem are the ones that trap.
std::optional<Instr> find_instr(loops::ValueOp op, DType type, bool vector);
/// The instruction of a conversion between 32- and 64-bit types, if there is one; `lanes` 1, 2 or 4.
std::optional<Instr> find_cast(DType from, DType to, uint32_t lanes);

/// How a value is held. A vector has 4 lanes of 32 bits, 2 of 64, or 2 of 32 in the low half; narrower
/// elements are widened to 32 bits; booleans are masks as wide as 128 / lanes; a scalar boolean is 0 or 1.
ValType val_type(const loops::Type& type);
/// Bytes of a lane of a vector, as it is held.
uint32_t lane_width(const loops::Type& type);
/// Whether a vector type can be held at all.
bool is_held(const loops::Type& type);

}  // namespace weft::wasm

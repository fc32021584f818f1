// Operations of values in which the place chooses the expression: the transforms of Winograd's convolution.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "loops/stage.hpp"

namespace weft::loops {

/// How many operations one opcode is (cost.hpp, Cost::flops).
uint64_t operations(ValueOp op);

/// Operations of the distinct values in one box of `periods` points, the choices made and what points share
/// counted once. `periods` gives the choice's period by axis; index bindings are not allowed.
uint64_t operations_of_box(const Stage& stage, const std::map<std::string, int64_t>& periods);

}  // namespace weft::loops

// Two parameters of a kernel become one that is read and written.
#pragma once

#include "loops/loops.hpp"

namespace weft::loops {

/// The kernel with its parameter `operand` (read) and its parameter `result` (written) given the same memory:
/// `result` stays, as read_write; the buffers after `operand` move up by one. Right only when each element of
/// the operand is loaded for no other point than the one that is stored over it, and none is stored twice.
Kernel in_place(Kernel kernel, uint32_t operand, uint32_t result);

}  // namespace weft::loops

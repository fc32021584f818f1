// The typing rules of loops.def, shared by the builders (where a violation aborts) and verify (where it is
// reported).
#pragma once

#include <string>

#include "loops/loops.hpp"

namespace weft::loops {

/// What is wrong with the node's type or operands; empty when nothing is. Looks at the node and its operands'
/// types only.
std::string type_error(const ValueNode& node);

inline constexpr uint32_t kMaxLanes = 64;

}  // namespace weft::loops

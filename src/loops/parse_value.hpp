// Values of the text form.
#pragma once

#include "loops/scanner.hpp"

namespace weft::loops {

/// Nesting of values and of blocks that the parser accepts.
inline constexpr int kMaxDepth = 200;

/// Parses one value; null after an error. `buffers` maps the names to Kernel::buffers.
Value parse_value(Scanner& scanner, const Scope& scope,
                  const std::map<std::string, uint32_t, std::less<>>& buffers, int depth = 0);

}  // namespace weft::loops

// The symbols that a kernel needs to know.
#pragma once

#include "loops/loops.hpp"

namespace weft::loops {

/// The kernel with those of the given symbols that occur in it.
Kernel with_symbols(Kernel kernel, const std::map<std::string, expr::Variable, std::less<>>& symbols);

}  // namespace weft::loops

// The body of a vectorized loop for one group of iterations.
#pragma once

#include "loops/rebuild.hpp"
#include "loops/variance.hpp"

namespace weft::loops {

/// Whether all that differs between iterations can be held in lanes of 32 bits.
bool fits_vectors(const Block& body, const std::string& variable, const Kernel& kernel);

/// Appends `body` for the iterations variable = base … base + lanes - 1.
void append_vector_body(const Block& body, const std::string& variable, const Expr& base, uint32_t lanes,
                        FreshNames& fresh, Block& out);

}  // namespace weft::loops

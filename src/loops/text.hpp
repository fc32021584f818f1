// What the printer and the parser of the text form share.
#pragma once

#include <string>
#include <string_view>

#include "loops/loops.hpp"

namespace weft::loops {

inline constexpr std::string_view kSpaceNames[] = {"read",      "write",   "read_write",
                                                   "registers", "scratch", "workgroup"};
inline constexpr std::string_view kForNames[] = {"serial", "unrolled", "vectorized", "blocks", "threads"};
/// The words that open a statement or a declaration: a buffer of such a name is printed quoted.
inline constexpr std::string_view kStatementWords[] = {"for", "let", "index", "if", "buffer", "symbol"};

/// Letters, digits and _.
bool is_word(char c);
std::string quoted(std::string_view text);
/// The name itself when it is a plain word, else quoted.
std::string quoted_name(std::string_view name);
/// `[min, max]`, with the step of its multiples when there is one.
std::string range_text(const expr::Variable& variable);
/// Equal for kernels that print the same, and no longer than their values have different parts: printed as a
/// tree, a value whose parts are used many times can be without bound.
std::string shared_text(const Kernel& kernel);

}  // namespace weft::loops

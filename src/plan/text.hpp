// The words of the text form, which print and parse share.
#pragma once

#include <array>
#include <string_view>

namespace weft::plan {

/// Parallel to BufferKind.
inline constexpr std::array<std::string_view, 6> kKindNames = {"input",    "output", "weights",
                                                               "prepared", "arena",  "state"};

}  // namespace weft::plan

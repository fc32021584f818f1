// Bytes of a guest in messages: whatever they are, the log stays one line of printable text.
#pragma once

#include <string>
#include <string_view>

namespace weft::nn {

/// In double quotes, cut at 64 bytes; what is not printable ASCII or well-formed UTF-8 as \xNN.
std::string shown(std::string_view bytes);

}  // namespace weft::nn

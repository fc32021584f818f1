// Model names are arbitrary bytes; JSON is UTF-8.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace weft::bundle {

/// The text with every byte that is not part of well-formed UTF-8 (Unicode 15, table 3-7) replaced by U+FFFD.
std::string valid_utf8(std::string_view text);

/// A JSON string literal, which is also a JavaScript and TypeScript one, quotes included.
std::string json_string(std::string_view text);

/// RFC 4648, section 4, with padding.
std::string base64(std::span<const uint8_t> bytes);

}  // namespace weft::bundle

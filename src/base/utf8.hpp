// UTF-8 (RFC 3629): which bytes are well-formed, and the code points that they mean.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace weft {

/// Bytes of the well-formed sequence at `at`, which lies in the text; 0: there is none.
size_t utf8_sequence(std::string_view text, size_t at);
bool is_utf8(std::string_view text);
/// The code point of a well-formed sequence.
uint32_t utf8_code_point(std::string_view sequence);
void append_utf8(std::string& out, uint32_t code_point);

}  // namespace weft

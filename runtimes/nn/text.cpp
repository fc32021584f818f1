#include "nn/text.hpp"

#include <fmt/format.h>

#include <iterator>

#include "base/utf8.hpp"

namespace weft::nn {

std::string shown(std::string_view bytes) {
  constexpr size_t kMost = 64;
  std::string out = "\"";
  size_t at = 0;
  while (at < bytes.size() && at < kMost) {
    const size_t length = utf8_sequence(bytes, at);
    const auto byte = static_cast<unsigned char>(bytes[at]);
    // U+0080 to U+009F are control characters of two bytes.
    const bool control =
        byte < 0x20 || byte == 0x7F || (length == 2 && utf8_code_point(bytes.substr(at, 2)) < 0xA0);
    if (length == 0 || control) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
      ++at;
    } else {
      if (byte == '"' || byte == '\\') out += '\\';
      out += bytes.substr(at, length);
      at += length;
    }
  }
  out += at < bytes.size() ? "…\"" : "\"";
  return out;
}

}  // namespace weft::nn

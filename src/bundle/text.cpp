#include "bundle/text.hpp"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "base/utf8.hpp"

namespace weft::bundle {

std::string valid_utf8(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t count = utf8_sequence(text, at);
    if (count == 0) {
      out += "\xef\xbf\xbd";
      ++at;
      continue;
    }
    out += text.substr(at, count);
    at += count;
  }
  return out;
}

std::string json_string(std::string_view text) {
  return nlohmann::json(valid_utf8(text)).dump(-1, ' ', true);
}

std::string base64(std::span<const uint8_t> bytes) {
  static constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t at = 0; at < bytes.size(); at += 3) {
    const size_t count = std::min<size_t>(3, bytes.size() - at);
    uint32_t bits = 0;
    for (size_t i = 0; i < 3; ++i) bits = bits << 8 | (i < count ? bytes[at + i] : 0U);
    for (size_t c = 0; c < 4; ++c) out += c <= count ? kAlphabet[bits >> (18 - 6 * c) & 63] : '=';
  }
  return out;
}

}  // namespace weft::bundle

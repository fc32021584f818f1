#include "bundle/text.hpp"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>

namespace weft::bundle {
namespace {

uint8_t byte_at(std::string_view text, size_t at) {
  return at < text.size() ? static_cast<uint8_t>(text[at]) : 0;
}

bool is_between(uint8_t value, uint8_t low, uint8_t high) { return low <= value && value <= high; }

/// Bytes of the well-formed sequence at `at`; 0: there is none.
size_t sequence(std::string_view text, size_t at) {
  const uint8_t first = byte_at(text, at), second = byte_at(text, at + 1);
  if (first < 0x80) return 1;
  if (is_between(first, 0xc2, 0xdf)) return is_between(second, 0x80, 0xbf) ? 2 : 0;
  const bool third = is_between(byte_at(text, at + 2), 0x80, 0xbf);
  if (is_between(first, 0xe0, 0xef)) {
    const uint8_t low = first == 0xe0 ? 0xa0 : 0x80, high = first == 0xed ? 0x9f : 0xbf;
    return is_between(second, low, high) && third ? 3 : 0;
  }
  if (!is_between(first, 0xf0, 0xf4)) return 0;
  const uint8_t low = first == 0xf0 ? 0x90 : 0x80, high = first == 0xf4 ? 0x8f : 0xbf;
  const bool fourth = is_between(byte_at(text, at + 3), 0x80, 0xbf);
  return is_between(second, low, high) && third && fourth ? 4 : 0;
}

}  // namespace

std::string valid_utf8(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t count = sequence(text, at);
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

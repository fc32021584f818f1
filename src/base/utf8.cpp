#include "base/utf8.hpp"

namespace weft {
namespace {

uint8_t byte_at(std::string_view text, size_t at) {
  return at < text.size() ? static_cast<uint8_t>(text[at]) : 0;
}

bool is_between(uint8_t value, uint8_t low, uint8_t high) { return low <= value && value <= high; }

}  // namespace

size_t utf8_sequence(std::string_view text, size_t at) {
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

bool is_utf8(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const size_t count = utf8_sequence(text, at);
    if (count == 0) return false;
    at += count;
  }
  return true;
}

uint32_t utf8_code_point(std::string_view sequence) {
  if (sequence.size() == 1) return byte_at(sequence, 0);
  uint32_t value = byte_at(sequence, 0) & (0x7fu >> sequence.size());
  for (size_t i = 1; i < sequence.size(); ++i) value = value << 6 | (byte_at(sequence, i) & 0x3fu);
  return value;
}

void append_utf8(std::string& out, uint32_t code_point) {
  const size_t more = code_point < 0x80 ? 0 : code_point < 0x800 ? 1 : code_point < 0x10000 ? 2 : 3;
  static constexpr uint32_t kFirst[] = {0, 0xc0, 0xe0, 0xf0};
  out += static_cast<char>(kFirst[more] | code_point >> (6 * more));
  for (size_t i = more; i-- > 0;) out += static_cast<char>(0x80 | (code_point >> (6 * i) & 0x3f));
}

}  // namespace weft

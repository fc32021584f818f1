// Names, strings and elements in the text form.
#include "graph/text.hpp"

#include <fmt/format.h>

#include <bit>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <limits>

namespace weft::graph {
namespace {

constexpr uint64_t kNanF32 = 0x7fc00000, kNanF64 = 0x7ff8000000000000;

uint64_t load(const uint8_t* bytes, uint32_t size) {
  uint64_t bits = 0;
  for (uint32_t i = 0; i < size; ++i) bits |= uint64_t{bytes[i]} << (8 * i);
  return bits;
}

bool store(uint64_t bits, uint32_t size, std::vector<uint8_t>& bytes) {
  for (uint32_t i = 0; i < size; ++i) bytes.push_back(static_cast<uint8_t>(bits >> (8 * i)));
  return true;
}

std::string print_float(DType type, uint64_t bits) {
  if (type == DType::f32) {
    const float value = std::bit_cast<float>(static_cast<uint32_t>(bits));
    if (value == value) return fmt::format("{}", value);
    if (bits == kNanF32) return "nan";
  } else if (type == DType::f64) {
    const double value = std::bit_cast<double>(bits);
    if (value == value) return fmt::format("{}", value);
    if (bits == kNanF64) return "nan";
  }
  return fmt::format("{:#x}", bits);
}

std::string print_element(DType type, uint64_t bits) {
  switch (info(type).kind) {
    case DTypeKind::floating: return print_float(type, bits);
    case DTypeKind::signed_integer: {
      const uint32_t unused = 64 - info(type).bits;
      return fmt::format("{}", static_cast<int64_t>(bits << unused) >> unused);
    }
    default: return fmt::format("{}", bits);
  }
}

template <class T>
bool parse_whole(std::string_view token, T& value, int base = 10) {
  const auto [end, fault] = std::from_chars(token.data(), token.data() + token.size(), value, base);
  return fault == std::errc() && end == token.data() + token.size();
}

// strtod and strtof take more than print writes (hexadecimal, blanks), and need a terminated text.
bool is_decimal(std::string_view token) {
  if (token.starts_with('-')) token.remove_prefix(1);
  if (token.empty() || token.size() > 400) return false;
  for (const char c : token)
    if ((c < '0' || c > '9') && c != '.' && c != 'e' && c != '+' && c != '-') return false;
  return token[0] >= '0' && token[0] <= '9';
}

template <class T>
bool parse_float(std::string_view token, T& value, T (*read)(const char*, char**)) {
  if (token == "nan" || token == "inf" || token == "-inf") {
    constexpr T kInfinity = std::numeric_limits<T>::infinity();
    value = token == "nan" ? std::numeric_limits<T>::quiet_NaN() : token == "inf" ? kInfinity : -kInfinity;
    return true;
  }
  if (!is_decimal(token)) return false;
  const std::string text(token);
  char* end = nullptr;
  value = read(text.c_str(), &end);
  return end == text.c_str() + text.size();
}

bool parse_float_element(DType type, std::string_view token, std::vector<uint8_t>& bytes) {
  const uint32_t size = byte_size(type);
  uint64_t bits = 0;
  if (token.starts_with("0x"))
    return parse_whole(token.substr(2), bits, 16) && (size == 8 || bits >> (8 * size) == 0) &&
           store(bits, size, bytes);
  if (type == DType::f32) {
    float value = 0;
    if (!parse_float<float>(token, value, std::strtof)) return false;
    return store(token == "nan" ? kNanF32 : std::bit_cast<uint32_t>(value), size, bytes);
  }
  double value = 0;
  if (type != DType::f64 || !parse_double(token, value)) return false;
  return store(token == "nan" ? kNanF64 : std::bit_cast<uint64_t>(value), size, bytes);
}

bool parse_signed_element(DType type, std::string_view token, std::vector<uint8_t>& bytes) {
  int64_t value = 0;
  if (!parse_whole(token, value)) return false;
  const uint32_t unused = 64 - info(type).bits;
  const uint64_t bits = static_cast<uint64_t>(value);
  if (static_cast<int64_t>(bits << unused) >> unused != value) return false;
  return store(bits, byte_size(type), bytes);
}

}  // namespace

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
         c == '$' || c == '/' || c == '-';
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') (out += '\\') += c;
    else if (byte < 0x20 || byte == 0x7f) out += fmt::format("\\x{:02x}", byte);
    else out += c;
  }
  return out + "\"";
}

std::string value_token(std::string_view name) {
  bool plain = !name.empty();
  for (const char c : name) plain = plain && is_name_char(c);
  return "%" + (plain ? std::string(name) : quoted(name));
}

void print_elements(DType type, const std::vector<uint8_t>& bytes, std::string& out) {
  const uint32_t size = byte_size(type);
  for (size_t at = 0; at + size <= bytes.size(); at += size) {
    if (at > 0) out += ", ";
    out += print_element(type, load(bytes.data() + at, size));
  }
}

std::string print_double(double value) { return value == value ? fmt::format("{}", value) : "nan"; }

bool parse_element(DType type, std::string_view token, std::vector<uint8_t>& bytes) {
  switch (info(type).kind) {
    case DTypeKind::floating: return parse_float_element(type, token, bytes);
    case DTypeKind::signed_integer: return parse_signed_element(type, token, bytes);
    default: {
      uint64_t bits = 0;
      const uint32_t size = byte_size(type);
      return parse_whole(token, bits) && (size == 8 || bits >> (8 * size) == 0) && store(bits, size, bytes);
    }
  }
}

bool parse_double(std::string_view token, double& value) {
  return parse_float<double>(token, value, std::strtod);
}

}  // namespace weft::graph

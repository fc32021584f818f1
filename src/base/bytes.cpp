#include "base/bytes.hpp"

#include <bit>

namespace weft {

void ByteWriter::little_endian(uint64_t value, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) bytes_.push_back(static_cast<uint8_t>(value >> (8 * i)));
}

void ByteWriter::f32(float value) { u32(std::bit_cast<uint32_t>(value)); }
void ByteWriter::f64(double value) { u64(std::bit_cast<uint64_t>(value)); }

void ByteWriter::leb_u(uint64_t value) {
  while (value >= 0x80) {
    u8(static_cast<uint8_t>(value | 0x80));
    value >>= 7;
  }
  u8(static_cast<uint8_t>(value));
}

void ByteWriter::leb_s(int64_t value) {
  // Done when the rest is only copies of the sign bit, which is bit 6 of the last byte.
  while (value < -64 || value > 63) {
    u8(static_cast<uint8_t>(value | 0x80));
    value >>= 7;
  }
  u8(static_cast<uint8_t>(value & 0x7F));
}

void ByteWriter::text(std::string_view value) {
  for (char c : value) bytes_.push_back(static_cast<uint8_t>(c));
}

void ByteWriter::align(size_t alignment) {
  while (bytes_.size() % alignment != 0) bytes_.push_back(0);
}

namespace {

std::unexpected<Error> truncated() { return fail(ErrorKind::invalid_model, "unexpected end of the bytes"); }
std::unexpected<Error> bad_leb() { return fail(ErrorKind::invalid_model, "integer too long for its type"); }

}  // namespace

Result<uint64_t> ByteReader::little_endian(uint32_t count) {
  if (remaining() < count) return truncated();
  uint64_t value = 0;
  for (uint32_t i = 0; i < count; i++) value |= uint64_t{bytes_[position_ + i]} << (8 * i);
  position_ += count;
  return value;
}

Result<uint8_t> ByteReader::u8() {
  WEFT_ASSIGN(value, little_endian(1));
  return static_cast<uint8_t>(value);
}

Result<uint16_t> ByteReader::u16() {
  WEFT_ASSIGN(value, little_endian(2));
  return static_cast<uint16_t>(value);
}

Result<uint32_t> ByteReader::u32() {
  WEFT_ASSIGN(value, little_endian(4));
  return static_cast<uint32_t>(value);
}

Result<uint64_t> ByteReader::u64() { return little_endian(8); }

Result<float> ByteReader::f32() {
  WEFT_ASSIGN(value, little_endian(4));
  return std::bit_cast<float>(static_cast<uint32_t>(value));
}

Result<double> ByteReader::f64() {
  WEFT_ASSIGN(value, little_endian(8));
  return std::bit_cast<double>(value);
}

Result<uint64_t> ByteReader::leb(uint32_t bits, bool is_signed) {
  uint64_t value = 0;
  size_t position = position_;
  for (uint32_t shift = 0; shift < bits; shift += 7) {
    if (position == bytes_.size()) return truncated();
    const uint8_t byte = bytes_[position++];
    value |= uint64_t{byte & 0x7Fu} << shift;
    const uint32_t used = bits - shift;  // bits of this byte that belong to the value
    if (used < 7) {
      // The last byte that the type allows: no continuation, and what lies above the value repeats its sign.
      const uint32_t rest = byte >> (is_signed ? used - 1 : used);
      const uint32_t ones = (1u << (7 - used + (is_signed ? 1 : 0))) - 1;
      if ((byte & 0x80) != 0 || (rest != 0 && !(is_signed && rest == ones))) return bad_leb();
    }
    if ((byte & 0x80) == 0) {
      if (is_signed && (byte & 0x40) != 0 && shift + 7 < 64) value |= ~uint64_t{0} << (shift + 7);
      position_ = position;
      return value;
    }
  }
  return bad_leb();
}

Result<uint32_t> ByteReader::leb_u32() {
  WEFT_ASSIGN(value, leb(32, false));
  return static_cast<uint32_t>(value);
}

Result<uint64_t> ByteReader::leb_u64() { return leb(64, false); }

Result<int32_t> ByteReader::leb_s32() {
  WEFT_ASSIGN(value, leb(32, true));
  return static_cast<int32_t>(static_cast<uint32_t>(value));
}

Result<int64_t> ByteReader::leb_s64() {
  WEFT_ASSIGN(value, leb(64, true));
  return static_cast<int64_t>(value);
}

Result<std::span<const uint8_t>> ByteReader::bytes(uint64_t count) {
  if (remaining() < count) return truncated();
  const auto result = bytes_.subspan(position_, static_cast<size_t>(count));
  position_ += static_cast<size_t>(count);
  return result;
}

Result<std::string_view> ByteReader::text(uint64_t count) {
  WEFT_ASSIGN(span, bytes(count));
  return std::string_view(reinterpret_cast<const char*>(span.data()), span.size());
}

Result<void> ByteReader::skip(uint64_t count) {
  WEFT_TRY(bytes(count));
  return {};
}

}  // namespace weft

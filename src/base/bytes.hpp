// Little-endian bytes, in and out, with the LEB128 integers of protobuf and wasm. Every read is checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace weft {

/// Appends to a byte vector.
class ByteWriter {
 public:
  void u8(uint8_t value) { bytes_.push_back(value); }
  void u16(uint16_t value) { little_endian(value, 2); }
  void u32(uint32_t value) { little_endian(value, 4); }
  void u64(uint64_t value) { little_endian(value, 8); }
  /// IEEE bits, so that NaN payloads survive.
  void f32(float value);
  void f64(double value);
  /// Unsigned LEB128, in the fewest bytes.
  void leb_u(uint64_t value);
  /// Signed LEB128, in the fewest bytes.
  void leb_s(int64_t value);
  void bytes(std::span<const uint8_t> value) { bytes_.insert(bytes_.end(), value.begin(), value.end()); }
  void text(std::string_view value);
  /// Zeros until size() is a multiple of `alignment`.
  void align(size_t alignment);

  size_t size() const { return bytes_.size(); }
  const std::vector<uint8_t>& data() const { return bytes_; }
  std::vector<uint8_t> take() { return std::move(bytes_); }

 private:
  void little_endian(uint64_t value, uint32_t count);
  std::vector<uint8_t> bytes_;
};

/// Reads from bytes that the caller keeps alive. A read past the end, or an integer too long for its type,
/// fails with invalid_model and leaves the position where it was.
class ByteReader {
 public:
  explicit ByteReader(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  Result<uint8_t> u8();
  Result<uint16_t> u16();
  Result<uint32_t> u32();
  Result<uint64_t> u64();
  Result<float> f32();
  Result<double> f64();
  /// LEB128 as the wasm specification has it (5.2.2): at most ceil(bits / 7) bytes, unused bits as the
  /// value's sign.
  Result<uint32_t> leb_u32();
  Result<uint64_t> leb_u64();
  Result<int32_t> leb_s32();
  Result<int64_t> leb_s64();
  Result<std::span<const uint8_t>> bytes(uint64_t count);
  Result<std::string_view> text(uint64_t count);
  Result<void> skip(uint64_t count);

  size_t position() const { return position_; }
  size_t remaining() const { return bytes_.size() - position_; }
  bool at_end() const { return position_ == bytes_.size(); }

 private:
  Result<uint64_t> little_endian(uint32_t count);
  Result<uint64_t> leb(uint32_t bits, bool is_signed);
  std::span<const uint8_t> bytes_;
  size_t position_ = 0;
};

}  // namespace weft

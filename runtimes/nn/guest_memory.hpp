// The only way in which the core sees a guest's memory: every access is checked, in 64 bits, and nothing
// outlives the call.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "nn/types.hpp"

namespace weft::nn {

/// Pointers need no alignment, and integers are little-endian. What lies outside is invalid_argument, with a
/// text that begins with `what`. An empty range is inside as long as its pointer is not beyond the end.
class GuestMemory {
 public:
  explicit GuestMemory(std::span<uint8_t> bytes) : bytes_(bytes) {}

  Outcome<std::span<const uint8_t>> bytes(uint32_t pointer, uint64_t length, std::string_view what) const;
  Outcome<std::span<uint8_t>> writable(uint32_t pointer, uint64_t length, std::string_view what) const;
  Outcome<uint32_t> u32(uint32_t pointer, std::string_view what) const;
  /// `pointer` must have been found writable for 4 bytes.
  void write_u32(uint32_t pointer, uint32_t value) const;

 private:
  std::span<uint8_t> bytes_;
};

/// The little-endian integer in the first four bytes.
inline uint32_t read_u32(std::span<const uint8_t> bytes) {
  return uint32_t{bytes[0]} | uint32_t{bytes[1]} << 8 | uint32_t{bytes[2]} << 16 | uint32_t{bytes[3]} << 24;
}

}  // namespace weft::nn

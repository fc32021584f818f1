// SHA-256 (FIPS 180-4). What must be the same as outside, or is compared within; files of bundles are hashed
// by whoever writes them.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

namespace weft {

class Sha256 {
 public:
  void add(std::span<const uint8_t> bytes);
  /// In lower-case hexadecimal. The object is used up.
  std::string finish();

 private:
  void block(const uint8_t* bytes);
  std::array<uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<uint8_t, 64> rest_{};  ///< the first total_ % 64 bytes of a block
  uint64_t total_ = 0;
};

}  // namespace weft

#include "base/sha256.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace weft {
namespace {

std::string hash_of(std::string_view text) {
  Sha256 hash;
  hash.add({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
  return hash.finish();
}

// FIPS 180-2, appendix B, and NIST's examples.
TEST(Sha256, KnownMessages) {
  EXPECT_EQ(hash_of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hash_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hash_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(hash_of(std::string(1000000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, PartsAreTheWhole) {
  for (size_t size = 0; size < 200; ++size) {
    std::vector<uint8_t> bytes(size);
    for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(i * 37 + size);
    const std::string whole = hash_of({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    for (const size_t step : {1, 7, 63, 64, 65}) {
      Sha256 hash;
      for (size_t at = 0; at < size; at += step)
        hash.add(std::span(bytes).subspan(at, std::min(step, size - at)));
      EXPECT_EQ(hash.finish(), whole) << size << " bytes by " << step;
    }
  }
}

}  // namespace
}  // namespace weft

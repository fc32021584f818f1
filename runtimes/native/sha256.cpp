#include "native/sha256.hpp"

#include <openssl/evp.h>

namespace weft::native {

std::string sha256(std::span<const uint8_t> bytes) {
  uint8_t hash[32];
  EVP_Digest(bytes.data(), bytes.size(), hash, nullptr, EVP_sha256(), nullptr);
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const uint8_t byte : hash) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace weft::native

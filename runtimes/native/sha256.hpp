// Hashes of files.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace weft::native {

/// SHA-256, in lower-case hexadecimal.
std::string sha256(std::span<const uint8_t> bytes);

}  // namespace weft::native

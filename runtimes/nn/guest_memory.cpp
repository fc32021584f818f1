#include "nn/guest_memory.hpp"

#include <fmt/format.h>

#include "base/check.hpp"

namespace weft::nn {

Outcome<std::span<uint8_t>> GuestMemory::writable(uint32_t pointer, uint64_t length,
                                                  std::string_view what) const {
  const uint64_t size = bytes_.size();
  if (length > size || pointer > size - length) {
    return refuse(Errno::invalid_argument,
                  fmt::format("{}: {} bytes at {:#x} lie outside of the guest's memory of {} bytes", what,
                              length, pointer, size));
  }
  return bytes_.subspan(pointer, static_cast<size_t>(length));
}

Outcome<std::span<const uint8_t>> GuestMemory::bytes(uint32_t pointer, uint64_t length,
                                                     std::string_view what) const {
  return writable(pointer, length, what);
}

Outcome<uint32_t> GuestMemory::u32(uint32_t pointer, std::string_view what) const {
  const auto word = writable(pointer, 4, what);
  if (!word) return std::unexpected(word.error());
  return read_u32(*word);
}

void GuestMemory::write_u32(uint32_t pointer, uint32_t value) const {
  const auto word = writable(pointer, 4, "a result");
  WEFT_CHECK(word.has_value());
  for (uint32_t i = 0; i < 4; ++i) (*word)[i] = static_cast<uint8_t>(value >> (8 * i));
}

}  // namespace weft::nn

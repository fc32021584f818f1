// Bytes with whoever keeps them: a mapped file, or a vector.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "native/status.hpp"

namespace weft::native {

struct Bytes {
  std::span<const uint8_t> data;
  std::shared_ptr<const void> owner;

  std::string_view text() const { return {reinterpret_cast<const char*>(data.data()), data.size()}; }
};

Bytes keep(std::vector<uint8_t> bytes);

/// Fails with WEFT_NOT_FOUND and what the system says.
Outcome<Bytes> map_file(const std::string& path);

/// The contents of a WebAssembly module's custom section; empty where there is none.
std::span<const uint8_t> custom_section(std::span<const uint8_t> module, std::string_view name);

}  // namespace weft::native

// Modules that Wasmtime has compiled, in a folder: what was compiled once is not compiled again.
#pragma once

#include <span>
#include <string>

#include "native/wasmtime.hpp"

namespace weft::native {

/// What lies in the folder is run as it is, so nobody else may write there. A file holds the module that it
/// was compiled from, which must be the one that is asked for, byte for byte, and a checksum; Wasmtime
/// refuses what another version, another CPU or other settings made. What cannot be read or written is
/// compiled as without.
class ModuleCache {
 public:
  /// Makes the folder where it is not there. WEFT_INVALID_ARGUMENT: it is another user's, or others may write
  /// to it; WEFT_NOT_FOUND with what the system says.
  static Outcome<ModuleCache> open(const std::string& folder);

  /// Null: it is not there. `settings` tells engines apart.
  wasmtime_module_t* find(const Wasmtime& api, wasm_engine_t* engine, std::span<const uint8_t> code,
                          uint32_t settings) const;
  void keep(const Wasmtime& api, wasmtime_module_t* module, std::span<const uint8_t> code,
            uint32_t settings) const;

 private:
  explicit ModuleCache(std::string folder) : folder_(std::move(folder)) {}
  std::string path_of(std::span<const uint8_t> code, uint32_t settings) const;
  std::string folder_;
};

}  // namespace weft::native

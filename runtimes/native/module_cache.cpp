#include "native/module_cache.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "native/bytes.hpp"

namespace weft::native {
namespace {

/// A file: this, the module, what was compiled of it.
struct Head {
  char magic[8];
  uint64_t code_bytes, compiled_bytes, checksum;  // of what was compiled
};
constexpr char kMagic[] = "weft.mc1";
static_assert(sizeof(Head) == 32);

/// FNV-1a, 64 bits: against damage, not against anybody.
uint64_t checksum(std::span<const uint8_t> bytes, uint64_t hash = 0xcbf29ce484222325) {
  for (const uint8_t byte : bytes) hash = (hash ^ byte) * 0x100000001b3;
  return hash;
}

bool write_all(int file, std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return true;
}

template <class T>
std::span<const uint8_t> bytes_of(const T& value) {
  return {reinterpret_cast<const uint8_t*>(&value), sizeof value};
}

}  // namespace

Outcome<ModuleCache> ModuleCache::open(const std::string& folder) {
  const auto failed = [&](const char* what) {
    return refuse(WEFT_NOT_FOUND, std::string(what) + folder + ": " + std::strerror(errno));
  };
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    return failed("cannot make the folder of modules ");
  struct stat facts{};
  if (stat(folder.c_str(), &facts) != 0) return failed("cannot use the folder of modules ");
  if (!S_ISDIR(facts.st_mode))
    return refuse(WEFT_INVALID_ARGUMENT, folder + " is no folder for compiled modules");
  if (facts.st_uid != geteuid() || (facts.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return refuse(
        WEFT_INVALID_ARGUMENT,
        "others may write to " + folder + ", and what lies in a folder of compiled modules is run as it is");
  return ModuleCache(folder);
}

std::string ModuleCache::path_of(std::span<const uint8_t> code, uint32_t settings) const {
  char name[64];
  std::snprintf(name, sizeof name, "/%016llx-%s-%u.module",
                static_cast<unsigned long long>(checksum(code)),  // NOLINT(google-runtime-int): of printf
                wasmtime_version(), settings);
  return folder_ + name;
}

wasmtime_module_t* ModuleCache::find(const Wasmtime& api, wasm_engine_t* engine,
                                     std::span<const uint8_t> code, uint32_t settings) const {
  const auto file = map_file(path_of(code, settings));
  Head head;
  if (!file || file->data.size() < sizeof head) return nullptr;
  std::memcpy(&head, file->data.data(), sizeof head);
  const std::span<const uint8_t> rest = file->data.subspan(sizeof head);
  if (std::memcmp(head.magic, kMagic, sizeof head.magic) != 0 || head.code_bytes != code.size() ||
      rest.size() < code.size() || head.compiled_bytes != rest.size() - code.size() ||
      !std::ranges::equal(rest.first(code.size()), code))
    return nullptr;
  const std::span<const uint8_t> compiled = rest.subspan(code.size());
  if (checksum(compiled) != head.checksum) return nullptr;
  wasmtime_module_t* module = nullptr;
  if (auto* error = api.wasmtime_module_deserialize(engine, compiled.data(), compiled.size(), &module)) {
    api.wasmtime_error_delete(error);
    return nullptr;
  }
  return module;
}

void ModuleCache::keep(const Wasmtime& api, wasmtime_module_t* module, std::span<const uint8_t> code,
                       uint32_t settings) const {
  wasm_byte_vec_t bytes{};
  if (auto* error = api.wasmtime_module_serialize(module, &bytes)) {
    api.wasmtime_error_delete(error);
    return;
  }
  const std::span<const uint8_t> compiled(reinterpret_cast<const uint8_t*>(bytes.data), bytes.size);
  Head head{{}, code.size(), compiled.size(), checksum(compiled)};
  std::memcpy(head.magic, kMagic, sizeof head.magic);
  // Written aside (mkstemp: for nobody else) and renamed: readers see all of it or nothing.
  std::string aside = folder_ + "/new.XXXXXX";
  const int file = mkstemp(aside.data());
  if (file >= 0) {
    const bool written =
        write_all(file, bytes_of(head)) && write_all(file, code) && write_all(file, compiled);
    const bool closed = close(file) == 0;
    if (!written || !closed || rename(aside.c_str(), path_of(code, settings).c_str()) != 0)
      unlink(aside.c_str());
  }
  api.wasm_byte_vec_delete(&bytes);
}

}  // namespace weft::native

#include "native/bytes.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>

namespace weft::native {
namespace {

std::unexpected<Error> system_error(const std::string& path) {
  return refuse(WEFT_NOT_FOUND, "cannot read " + path + ": " + std::strerror(errno));
}

/// Reads what stands in front of a section: the format's unsigned LEB128 numbers, of at most 32 bits.
class Cursor {
 public:
  explicit Cursor(std::span<const uint8_t> bytes) : left_(bytes) {}

  bool at_end() const { return left_.empty(); }
  std::optional<uint8_t> byte() {
    if (left_.empty()) return std::nullopt;
    const uint8_t value = left_[0];
    left_ = left_.subspan(1);
    return value;
  }
  std::optional<uint32_t> number() {
    uint64_t value = 0;
    for (int shift = 0; shift < 35; shift += 7) {
      const std::optional<uint8_t> part = byte();
      if (!part) return std::nullopt;
      value |= uint64_t{*part & 0x7fu} << shift;
      if ((*part & 0x80) == 0)
        return value <= UINT32_MAX ? std::optional(static_cast<uint32_t>(value)) : std::nullopt;
    }
    return std::nullopt;
  }
  std::optional<std::span<const uint8_t>> take(uint64_t bytes) {
    if (bytes > left_.size()) return std::nullopt;
    const auto taken = left_.first(bytes);
    left_ = left_.subspan(bytes);
    return taken;
  }
  std::optional<std::span<const uint8_t>> vector() {
    const std::optional<uint32_t> size = number();
    return size ? take(*size) : std::nullopt;
  }
  std::span<const uint8_t> rest() const { return left_; }

 private:
  std::span<const uint8_t> left_;
};

}  // namespace

Bytes keep(std::vector<uint8_t> bytes) {
  auto owner = std::make_shared<const std::vector<uint8_t>>(std::move(bytes));
  return {*owner, owner};
}

Outcome<Bytes> map_file(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return system_error(path);
  struct stat facts{};
  if (fstat(file, &facts) != 0 || !S_ISREG(facts.st_mode)) {
    close(file);
    return refuse(WEFT_NOT_FOUND, path + " is not a file");
  }
  const auto size = static_cast<size_t>(facts.st_size);
  void* data = size == 0 ? nullptr : mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
  const int reason = errno;
  close(file);
  errno = reason;
  if (data == MAP_FAILED) return system_error(path);
  std::shared_ptr<const void> owner(data, [size](const void* mapped) {
    if (mapped != nullptr) munmap(const_cast<void*>(mapped), size);
  });
  return Bytes{{static_cast<const uint8_t*>(data), size}, std::move(owner)};
}

std::span<const uint8_t> custom_section(std::span<const uint8_t> module, std::string_view name) {
  constexpr size_t kHeader = 8;
  Cursor cursor(module.size() < kHeader ? module.first(0) : module.subspan(kHeader));
  while (!cursor.at_end()) {
    const std::optional<uint8_t> id = cursor.byte();
    const auto section = cursor.vector();
    if (!section) return {};
    if (*id != 0) continue;
    Cursor inside(*section);
    const auto theirs = inside.vector();
    if (theirs && std::string_view(reinterpret_cast<const char*>(theirs->data()), theirs->size()) == name)
      return inside.rest();
  }
  return {};
}

}  // namespace weft::native

// Random access to bytes that live outside the core: a model file, its external data. The core never holds a
// whole file.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/result.hpp"

namespace weft {

/// A read-only byte sequence of known size. The embedder implements it over a file, a mapped view or an
/// ArrayBuffer.
class Source {
 public:
  virtual ~Source() = default;
  virtual uint64_t size() const = 0;
  /// Fills `out` from `offset`. Fails with invalid_model when offset + out.size() > size().
  virtual Result<void> read(uint64_t offset, std::span<uint8_t> out) const = 0;
};

/// A Source over bytes that the caller keeps alive.
class MemorySource final : public Source {
 public:
  explicit MemorySource(std::span<const uint8_t> bytes) : bytes_(bytes) {}
  uint64_t size() const override { return bytes_.size(); }
  Result<void> read(uint64_t offset, std::span<uint8_t> out) const override;

 private:
  std::span<const uint8_t> bytes_;
};

/// A range of one of a model's blobs: blob 0 is the model file itself, the others are its external data
/// files.
struct BlobRange {
  uint32_t blob = 0;
  uint64_t offset = 0;
  uint64_t bytes = 0;
  friend bool operator==(const BlobRange&, const BlobRange&) = default;
};

/// The blobs of a model, by index.
using Blobs = std::vector<std::shared_ptr<const Source>>;

Result<std::vector<uint8_t>> read_range(const Blobs& blobs, const BlobRange& range);

}  // namespace weft

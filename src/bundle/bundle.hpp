// The files of a bundle (docs/bundle.md), as descriptions: bytes of weights never pass through the core.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/source.hpp"

namespace weft::bundle {

/// Bytes held here, or a range of the model's blobs that the caller copies.
using Piece = std::variant<std::vector<uint8_t>, BlobRange>;

struct BundleFile {
  std::string name;
  std::string variant;        ///< of the manifest; empty: of all variants
  std::vector<Piece> pieces;  ///< in order, without gaps
  uint64_t chunk_bytes = 0;  ///< hashed also in chunks of this size, the last one smaller; 0: only as a whole
};

struct Bundle {
  std::vector<BundleFile> files;
};

inline uint64_t size(const Piece& piece) {
  if (const auto* range = std::get_if<BlobRange>(&piece)) return range->bytes;
  return std::get<std::vector<uint8_t>>(piece).size();
}

inline uint64_t size(const BundleFile& file) {
  uint64_t total = 0;
  for (const Piece& piece : file.pieces) total += size(piece);
  return total;
}

/// All of a file. Fails where the blobs cannot be read.
Result<std::vector<uint8_t>> contents(const BundleFile& file, const Blobs& blobs);

inline BundleFile bytes_file(std::string name, std::vector<uint8_t> bytes, std::string variant = {}) {
  BundleFile file{std::move(name), std::move(variant), {}};
  file.pieces.emplace_back(std::move(bytes));
  return file;
}

inline BundleFile text_file(std::string name, const std::string& text) {
  return bytes_file(std::move(name), std::vector<uint8_t>(text.begin(), text.end()));
}

}  // namespace weft::bundle

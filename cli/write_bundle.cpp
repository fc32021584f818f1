#include "cli/write_bundle.hpp"

#include <algorithm>

#include "cli/files.hpp"

namespace weft::cli {
namespace fs = std::filesystem;
namespace {

/// Runs of weights are copied in pieces of this size.
constexpr uint64_t kCopyBytes = 1 << 20;

Result<void> copy_piece(const bundle::Piece& piece, const Blobs& blobs, const FolderWriter::Sink& sink) {
  if (const auto* bytes = std::get_if<std::vector<uint8_t>>(&piece)) return sink(*bytes);
  const BlobRange& range = std::get<BlobRange>(piece);
  for (uint64_t done = 0; done < range.bytes; done += kCopyBytes) {
    const BlobRange part{range.blob, range.offset + done, std::min(kCopyBytes, range.bytes - done)};
    WEFT_ASSIGN(bytes, read_range(blobs, part));
    WEFT_TRY(sink(bytes));
  }
  return {};
}

}  // namespace

Result<std::vector<bundle::HashedFile>> write_bundle(const compile::Compiled& compiled,
                                                     const fs::path& folder) {
  FolderWriter writer(folder);
  WEFT_TRY(writer.begin());
  std::vector<bundle::HashedFile> hashed;
  for (const bundle::BundleFile& file : compiled.bundle.files) {
    WEFT_ASSIGN(sha256, writer.write(file.name, [&](const FolderWriter::Sink& sink) -> Result<void> {
      for (const bundle::Piece& piece : file.pieces) WEFT_TRY(copy_piece(piece, compiled.blobs, sink));
      return {};
    }));
    hashed.push_back({file.name, file.variant, bundle::size(file), sha256});
  }
  const std::string manifest = bundle::manifest_with_files(compiled.manifest, hashed);
  WEFT_ASSIGN(ignored, writer.write("model.json", [&](const FolderWriter::Sink& sink) {
    return sink({reinterpret_cast<const uint8_t*>(manifest.data()), manifest.size()});
  }));
  (void)ignored;
  WEFT_TRY(writer.commit());
  return hashed;
}

}  // namespace weft::cli

#include "cli/write_bundle.hpp"

#include <fmt/format.h>

namespace weft::cli {
namespace {

/// The text holds them a third larger, and engines parse it as a whole.
constexpr uint64_t kMostEmbedded = 256 << 20;

/// What model.js loads: modules and weights.
Result<std::vector<bundle::EmbeddedFile>> read_loaded(const compile::Compiled& compiled) {
  std::vector<bundle::EmbeddedFile> embedded;
  uint64_t total = 0;
  for (const bundle::BundleFile& file : compiled.bundle.files) {
    if (file.variant.empty() && file.chunk_bytes == 0) continue;
    total += bundle::size(file);
    if (total > kMostEmbedded)
      return fail(ErrorKind::limit,
                  fmt::format("--embed: code and weights have more than {} MB: too large for a script",
                              kMostEmbedded >> 20));
    WEFT_ASSIGN(bytes, bundle::contents(file, compiled.blobs));
    embedded.push_back({file.name, std::move(bytes)});
  }
  return embedded;
}

}  // namespace

Result<std::vector<bundle::HashedFile>> write_bundle(const compile::Compiled& compiled,
                                                     const bundle::Scripts& scripts,
                                                     const std::string& folder, Host& host, bool embed) {
  std::vector<bundle::EmbeddedFile> embedded;
  if (embed) {
    WEFT_ASSIGN(read, read_loaded(compiled));
    embedded = std::move(read);
  }
  WEFT_ASSIGN(output, host.create_folder(folder));
  std::vector<bundle::HashedFile> hashed;
  bundle::Manifest manifest = compiled.manifest;
  const auto write = [&](const bundle::BundleFile& file) -> Result<void> {
    WEFT_ASSIGN(hashes, output->write(file, compiled.blobs));
    hashed.push_back({file.name, file.variant, bundle::size(file), hashes.sha256});
    if (file.chunk_bytes > 0) {
      manifest.weights_file_bytes = bundle::size(file);
      manifest.weights_chunks = std::move(hashes.chunks);
    }
    return {};
  };
  for (const bundle::BundleFile& file : compiled.bundle.files) WEFT_TRY(write(file));
  if (!scripts.runtime.empty()) WEFT_TRY(write(bundle::write_model_js(scripts, manifest, embedded)));
  WEFT_TRY(output->write(bundle::text_file("model.json", bundle::manifest_with_files(manifest, hashed)), {}));
  WEFT_TRY(output->commit());
  return hashed;
}

Result<std::vector<bundle::HashedFile>> write_files(const compile::Compiled& compiled,
                                                    const std::string& folder, Host& host) {
  WEFT_ASSIGN(output, host.create_folder(folder));
  std::vector<bundle::HashedFile> hashed;
  for (const bundle::BundleFile& file : compiled.bundle.files) {
    WEFT_ASSIGN(hashes, output->write(file, compiled.blobs));
    hashed.push_back({file.name, file.variant, bundle::size(file), hashes.sha256});
  }
  WEFT_TRY(output->commit());
  return hashed;
}

}  // namespace weft::cli

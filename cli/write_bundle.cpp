#include "cli/write_bundle.hpp"
namespace weft::cli {

Result<std::vector<bundle::HashedFile>> write_bundle(const compile::Compiled& compiled,
                                                     const bundle::Scripts& scripts, const std::string& folder,
                                                     Host& host) {
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
  if (!scripts.runtime.empty()) WEFT_TRY(write(bundle::write_model_js(scripts, manifest)));
  WEFT_TRY(output->write(bundle::text_file("model.json", bundle::manifest_with_files(manifest, hashed)), {}));
  WEFT_TRY(output->commit());
  return hashed;
}

}  // namespace weft::cli

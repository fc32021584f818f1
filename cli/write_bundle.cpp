#include "cli/write_bundle.hpp"

namespace weft::cli {

Result<std::vector<bundle::HashedFile>> write_bundle(const compile::Compiled& compiled,
                                                     const std::string& folder, Host& host) {
  WEFT_ASSIGN(output, host.create_folder(folder));
  std::vector<bundle::HashedFile> hashed;
  for (const bundle::BundleFile& file : compiled.bundle.files) {
    WEFT_ASSIGN(sha256, output->write(file, compiled.blobs));
    hashed.push_back({file.name, file.variant, bundle::size(file), sha256});
  }
  const std::string manifest = bundle::manifest_with_files(compiled.manifest, hashed);
  WEFT_ASSIGN(ignored, output->write(bundle::text_file("model.json", manifest), {}));
  (void)ignored;
  WEFT_TRY(output->commit());
  return hashed;
}

}  // namespace weft::cli

#include "cli/write_component.hpp"

#include <algorithm>

#include "base/sha256.hpp"
#include "cli/json.hpp"
#include "componentize/model.hpp"

namespace weft::cli {
namespace {

constexpr const char* kHostFile = "weft-component.wasm";
/// What runtimes/machine has.
constexpr std::string_view kFeatures[] = {bundle::kLoadFeature, bundle::kSymbolsFeature,
                                          bundle::kPlacesFeature};

Result<std::vector<uint8_t>> read_all(const Source& source) {
  std::vector<uint8_t> bytes(source.size());
  WEFT_TRY(source.read(0, bytes));
  return bytes;
}

Result<std::string> sha256_of(const Source& source) {
  std::vector<uint8_t> chunk;
  Sha256 hash;
  for (uint64_t at = 0; at < source.size(); at += chunk.size()) {
    chunk.resize(std::min<uint64_t>(source.size() - at, 1 << 20));
    WEFT_TRY(source.read(at, chunk));
    hash.add(chunk);
  }
  return hash.finish();
}

/// runtimes/component/model/imports.hpp.
Result<std::string> facts_of(const bundle::Manifest& manifest, const Source& source) {
  WEFT_ASSIGN(hash, sha256_of(source));
  auto facts = ordered_json::parse(bundle::manifest_section(manifest), nullptr, false);
  facts["source"] = {{"bytes", source.size()}, {"sha256", hash}};
  return json_text(facts);
}

const bundle::BundleFile* find_file(const bundle::Bundle& bundle, std::string_view name) {
  const auto found = std::ranges::find(bundle.files, name, &bundle::BundleFile::name);
  return found == bundle.files.end() ? nullptr : &*found;
}

}  // namespace

Result<std::vector<bundle::HashedFile>> write_component(const compile::Compiled& compiled,
                                                        const Source& source, const std::string& folder,
                                                        Host& host) {
  for (const std::string& feature : compiled.manifest.required_features)
    if (std::ranges::find(kFeatures, feature) == std::end(kFeatures))
      return fail(
          ErrorKind::unsupported,
          "the model needs \"" + feature + "\", which components do not have: wasi:nn has no such tensors");
  WEFT_ASSIGN(host_source, host.open_part(kHostFile));
  WEFT_ASSIGN(host_code, read_all(*host_source));
  const bundle::Variant& variant = compiled.manifest.variants.front();
  componentize::ModelParts parts;
  parts.module = find_file(compiled.bundle, variant.file)->pieces;
  parts.initial_pages = variant.initial_pages;
  parts.pages = variant.pages;
  if (const bundle::BundleFile* weights = find_file(compiled.bundle, "model.weights"))
    parts.weights = componentize::without_begin(weights->pieces,
                                                bundle::size(*weights) - compiled.manifest.weights_bytes);
  WEFT_ASSIGN(facts, facts_of(compiled.manifest, source));
  parts.facts = std::move(facts);
  componentize::Pieces host_pieces;
  host_pieces.emplace_back(std::move(host_code));
  WEFT_ASSIGN(component, componentize::model_component(std::move(parts), std::move(host_pieces)));

  WEFT_ASSIGN(output, host.create_folder(folder));
  const bundle::BundleFile file{"model.component.wasm", variant.name, std::move(component)};
  WEFT_ASSIGN(hashes, output->write(file, compiled.blobs));
  const std::vector<bundle::HashedFile> hashed = {
      {file.name, file.variant, bundle::size(file), hashes.sha256}};
  WEFT_TRY(output->write(
      bundle::text_file("model.json", bundle::manifest_with_files(compiled.manifest, hashed)), {}));
  WEFT_TRY(output->commit());
  return hashed;
}

}  // namespace weft::cli

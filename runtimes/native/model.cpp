#include "native/model.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "native/sha256.hpp"

namespace weft::native {
namespace {

/// Its data part: safetensors begin with the length of a header.
Outcome<std::span<const uint8_t>> data_part(std::span<const uint8_t> file, uint64_t expected,
                                            const std::string& where) {
  if (expected == 0) return std::span<const uint8_t>();
  uint64_t header = 0;
  for (size_t i = 0; i < 8 && i < file.size(); ++i) header |= uint64_t{file[i]} << (8 * i);
  if (file.size() < 8 || header > file.size() - 8 || file.size() - 8 - header != expected)
    return refuse(WEFT_BAD_BUNDLE, "the weights of " + where + " are damaged or another model's: " +
                                       std::to_string(file.size()) + " bytes do not hold a header and the " +
                                       std::to_string(expected) + " bytes of the manifest");
  return file.subspan(8 + header);
}

/// The whole of model.weights by the hashes of the manifest.
Outcome<void> check_hashes(std::span<const uint8_t> file, const Manifest& manifest,
                           const std::string& where) {
  if (manifest.weights_bytes == 0) return {};  // the file is not read
  for (size_t i = 0; i < manifest.chunk_hashes.size(); ++i) {
    const uint64_t begin = std::min<uint64_t>(i * manifest.chunk_bytes, file.size());
    const uint64_t bytes = std::min<uint64_t>(manifest.chunk_bytes, file.size() - begin);
    const std::string hash = sha256(file.subspan(begin, bytes));
    if (hash != manifest.chunk_hashes[i])
      return refuse(WEFT_BAD_BUNDLE, where + "/model.weights is not as it was compiled from byte " +
                                         std::to_string(begin) + " on (SHA-256 " + hash + ")");
  }
  return {};
}

/// A file that the manifest names lies in the bundle's folder.
bool is_plain(const std::string& name) {
  return !name.empty() && name != ".." && name.find('/') == std::string::npos;
}

/// The module's own manifest describes the same variants as model.json.
Outcome<void> check_pair(std::span<const uint8_t> module, std::string_view manifest,
                         const std::string& where) {
  const std::span<const uint8_t> section = custom_section(module, "weft");
  if (section.empty()) return {};
  const auto parsed = [](std::string_view text) { return nlohmann::json::parse(text, nullptr, false); };
  const auto own = parsed({reinterpret_cast<const char*>(section.data()), section.size()});
  if (own.is_object() &&
      own.value("variants", nlohmann::json()) == parsed(manifest).value("variants", nlohmann::json()))
    return {};
  return refuse(
      WEFT_BAD_BUNDLE,
      where + " and model.json come from different compilations: deploy all files of a bundle together");
}

}  // namespace

Outcome<std::shared_ptr<const Model>> Model::open(const std::string& folder, const std::string& wanted,
                                                  std::shared_ptr<Engine> engine) {
  const std::string path = folder + "/model.json";
  WEFT_NATIVE_ASSIGN(json, map_file(path));
  WEFT_NATIVE_ASSIGN(manifest, machine::read_manifest(json.text(), path));
  WEFT_NATIVE_ASSIGN(index, machine::choose_variant(manifest, wanted, path));
  const std::string& file = manifest.variants[index].file;
  if (!is_plain(file)) return refuse(WEFT_BAD_BUNDLE, "the manifest of " + path + " is damaged: file");
  WEFT_NATIVE_ASSIGN(module, map_file(folder + "/" + file));
  WEFT_NATIVE_TRY(check_pair(module.data, json.text(), folder + "/" + file));
  Bytes weights;
  if (manifest.weights_bytes > 0) {
    WEFT_NATIVE_ASSIGN(mapped, map_file(folder + "/model.weights"));
    weights = std::move(mapped);
  }
  return make(std::move(manifest), index, module, std::move(weights), folder, std::move(engine));
}

Outcome<std::shared_ptr<const Model>> Model::from_parts(Bytes module, Bytes weights, const std::string& where,
                                                        std::shared_ptr<Engine> engine) {
  const std::span<const uint8_t> section = custom_section(module.data, "weft"),
                                 name = custom_section(module.data, "weft.variant");
  if (section.empty())
    return refuse(WEFT_BAD_BUNDLE, where + " is no module of a weft bundle: it has no section \"weft\"");
  WEFT_NATIVE_ASSIGN(manifest, machine::read_manifest(
                                   {reinterpret_cast<const char*>(section.data()), section.size()}, where));
  WEFT_NATIVE_ASSIGN(index, machine::choose_variant(
                                manifest, {reinterpret_cast<const char*>(name.data()), name.size()}, where));
  return make(std::move(manifest), index, module, std::move(weights), where, std::move(engine));
}

Outcome<std::shared_ptr<const Model>> Model::make(Manifest manifest, size_t variant, const Bytes& module,
                                                  Bytes weights, const std::string& where,
                                                  std::shared_ptr<Engine> engine) {
  std::shared_ptr<Model> model(new Model(std::move(manifest), variant));
  model->weights_ = std::move(weights);
  WEFT_NATIVE_ASSIGN(data, data_part(model->weights_.data, model->manifest().weights_bytes, where));
  WEFT_NATIVE_TRY(check_hashes(model->weights_.data, model->manifest(), where));
  model->weights_data_ = data;
  auto compiled = engine->compile(module.data);
  if (!compiled)
    return refuse(compiled.error().status, "cannot compile " + where + ": " + compiled.error().message);
  model->module_ = std::move(*compiled);
  model->engine_ = std::move(engine);
  return model;
}

}  // namespace weft::native

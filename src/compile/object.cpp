#include "compile/object.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "bundle/c_header.hpp"
#include "targets/wasm/object_model.hpp"

namespace weft::compile {
namespace {

Result<void> check_callers_work(const bundle::Manifest& manifest) {
  std::string names;
  for (const plan::CustomInfo& custom : manifest.customs) names += (names.empty() ? "" : ", ") + custom.name;
  if (!names.empty())
    return fail(ErrorKind::unsupported, "an object cannot do what only a JavaScript caller does: " + names);
  if (!manifest.strings.empty()) return fail(ErrorKind::unsupported, "an object cannot take or give strings");
  return {};
}

wasm::ObjectTables tables_of(const PlacedVariant& variant, const bundle::Variant& described) {
  const plan::StaticData& data = variant.tables;
  WEFT_CHECK(data.segments.size() == 1, "tables are one segment");
  wasm::ObjectTables out;
  out.address = data.segments[0].first;
  out.bytes = data.segments[0].second;
  out.addresses = data.addresses;
  out.kernels.assign(data.calls.begin(), data.calls.end());
  out.context = data.context;
  for (const bundle::EntryInfo& entry : described.entries) {
    if (entry.name == "prepare") out.prepare = entry.records;
    if (entry.name == "run") out.run = entry.records;
    if (entry.name == "resize") out.resize = entry.records;
  }
  out.symbols = described.symbols;
  return out;
}

std::vector<wasm::ObjectAccessor> accessors_of(const bundle::CInterface& names,
                                               const bundle::Variant& variant) {
  std::vector<wasm::ObjectAccessor> out;
  const auto address = [](uint64_t at) { return static_cast<uint32_t>(at); };
  for (const bundle::CPort& port : names.inputs)
    out.push_back({port.symbol, address(variant.inputs[port.port])});
  for (const bundle::CPort& port : names.outputs) {
    out.push_back({port.symbol, address(variant.outputs[port.port])});
    if (!port.shape.empty())
      out.push_back({port.shape, variant.answers + static_cast<uint32_t>(sizeof(uint32_t)) * port.shape_at});
  }
  return out;
}

std::optional<uint32_t> reset_of(const bundle::Manifest& manifest) {
  for (size_t i = 0; i < manifest.inputs.size(); ++i)
    if (manifest.inputs[i].name == bundle::kResetInput)
      return static_cast<uint32_t>(manifest.variants.front().inputs[i]);
  return std::nullopt;
}

/// The data part of the weights' file.
std::vector<bundle::Piece> data_pieces(const bundle::WeightsFile& weights) {
  std::vector<bundle::Piece> pieces = weights.file.pieces;
  WEFT_CHECK(!pieces.empty() && bundle::size(pieces.front()) == weights.header_bytes, "a header, then data");
  pieces.erase(pieces.begin());
  return pieces;
}

}  // namespace

Result<ObjectFiles> object_files(const PlacedVariant& variant, const bundle::Manifest& manifest,
                                 const bundle::WeightsFile& weights, const ObjectOptions& options,
                                 bool debug_names) {
  WEFT_TRY(check_callers_work(manifest));
  const bool has_weights = !weights.tensors.empty();
  const bool outside = options.external_weights && has_weights;
  if (has_weights && !outside && weights.data_bytes > INT32_MAX)
    return fail(ErrorKind::limit, "the weights of an object have at most 2 GiB: leave them outside");
  const bool checks = plan::has_checks(variant.built.program);
  const bundle::Variant& described = manifest.variants.front();
  const bundle::CInterface names = bundle::c_interface(manifest, options.name);
  const std::vector<loops::Kernel> kernels = all_kernels(variant);
  wasm::ObjectModelInput input;
  input.name = names.name;
  input.kernels = kernels;
  input.features = variant.features;
  input.tables = tables_of(variant, described);
  input.debug_names = debug_names;
  input.jumps = plan::has_jumps(variant.built.program);
  for (const expr::Variable& symbol : manifest.symbols)
    input.dimensions.push_back({symbol.name, static_cast<uint32_t>(*symbol.range.min),
                                static_cast<uint32_t>(*symbol.range.max),
                                static_cast<uint32_t>(symbol.multiple_of)});
  if (checks) input.nodes = manifest.nodes;
  input.accessors = accessors_of(names, described);
  input.reset = reset_of(manifest);
  input.weights_bytes = has_weights ? weights.data_bytes : 0;
  if (outside) input.weights_at = weights.header_bytes;
  wasm::ObjectBytes object = wasm::emit_object_model(input);

  ObjectFiles out;
  out.code_bytes = object.head.size() + object.tail.size();
  bundle::BundleFile file = bundle::bytes_file(names.name + ".o", std::move(object.head), variant.name);
  if (has_weights && !outside)
    for (bundle::Piece& piece : data_pieces(weights)) file.pieces.push_back(std::move(piece));
  file.pieces.emplace_back(std::move(object.tail));
  out.files.push_back(std::move(file));
  out.files.push_back(
      bundle::text_file(names.name + ".h", bundle::c_header(manifest, names, {outside, checks})));
  if (outside) {
    out.files.push_back(weights.file);
    out.files.back().name = names.name + ".weights";
  }
  return out;
}

}  // namespace weft::compile

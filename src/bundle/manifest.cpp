#include "bundle/manifest.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/check.hpp"
#include "bundle/text.hpp"
#include "plan/lifetimes.hpp"

namespace weft::bundle {
namespace {

using nlohmann::ordered_json;

/// Symbols stand in a graph as "dim.name", or "size.name" where it computes them.
std::string without_prefix(const std::string& symbol) {
  for (const std::string_view prefix : {"dim.", "size."})
    if (symbol.starts_with(prefix)) return symbol.substr(prefix.size());
  return symbol;
}

using Steps = std::map<std::string, int64_t, std::less<>>;

/// What each symbol of the graph counts, as the inputs' extents have it.
Steps steps_of(const graph::Graph& g) {
  Steps steps;
  for (const graph::Port& port : g.definitions) steps.emplace(port.name, 1);
  for (const graph::Port& port : g.inputs)
    for (const expr::Expr& extent : g.values[port.value].type.shape)
      if (const auto symbol = graph::symbol_of(extent)) steps.emplace(symbol->symbol, symbol->step);
  return steps;
}

/// "seq", "4*h/8": of the dimensions as the user knows them.
std::string dim_text(const graph::Graph& g, const expr::Expr& extent, const Steps& steps) {
  std::map<std::string, expr::Expr, std::less<>> names;
  for (const auto& [symbol, step] : steps) {
    const std::string name = without_prefix(symbol);
    if (const auto own = graph::symbol_of(extent); own && own->symbol == symbol && own->step == step)
      return name;
    const auto known = g.symbols.find(symbol);  // a quotient by an extent needs to know that it is positive
    const expr::Interval range = known == g.symbols.end() ? expr::Interval() : known->second.range;
    names.emplace(symbol, expr::variable(step == 1 ? name : name + "/" + std::to_string(step), range));
  }
  std::string text = expr::print(expr::substitute(extent, names));
  std::erase(text, '"');
  return text;
}

Port make_port(const graph::Graph& g, const graph::Port& port, const Steps& steps) {
  const graph::Type& type = g.values[port.value].type;
  Port out{valid_utf8(port.name), type.dtype, {}};
  for (const expr::Expr& extent : type.shape)
    out.shape.push_back(static_cast<int64_t>(plan::greatest(extent)));
  out.is_string = port.is_string;
  if (graph::constant_shape(type.shape)) return out;
  for (const expr::Expr& extent : type.shape) out.dims.push_back(dim_text(g, extent, steps));
  return out;
}

ordered_json json_of(const expr::Variable& symbol) {
  ordered_json out = ordered_json::object();
  out["name"] = symbol.name;
  out["min"] = symbol.range.min.value_or(0);
  out["max"] = symbol.range.max.value_or(0);
  out["step"] = symbol.multiple_of;
  return out;
}

ordered_json json_of(const Port& port) {
  ordered_json out = ordered_json::object();
  out["name"] = valid_utf8(port.name);
  out["dtype"] = port.is_string ? "string" : std::string(to_string(port.dtype));
  out["shape"] = port.shape;
  if (!port.dims.empty()) out["dims"] = port.dims;
  if (port.picture) {
    static constexpr const char* kFits[] = {"fill", "cover", "contain"};
    out["picture"]["fit"] = kFits[static_cast<size_t>(port.picture->fit)];
    if (port.picture->side > 0) out["picture"]["side"] = port.picture->side;
    out["picture"]["pad"] = port.picture->pad;
  }
  if (port.sample_rate > 0) out["sample_rate"] = port.sample_rate;
  for (const std::string& label : port.labels) out["labels"].push_back(valid_utf8(label));
  return out;
}

ordered_json json_of(const EntryInfo& entry) {
  ordered_json out = ordered_json::object();
  out["name"] = valid_utf8(entry.name);
  out["records"] = entry.records;
  return out;
}

ordered_json json_of(const std::string& text) { return valid_utf8(text); }
ordered_json json_of(uint64_t value) { return value; }
ordered_json json_of(const std::array<uint64_t, 3>& triple) { return {triple[0], triple[1], triple[2]}; }

ordered_json json_of(const StatementInfo& statement) {
  ordered_json out = ordered_json::object();
  out["class"] = statement.work;
  if (!statement.kernel.empty()) out["kernel"] = valid_utf8(statement.kernel);
  if (!statement.kernel.empty()) out["function"] = statement.function;
  out["source"] = valid_utf8(statement.source);
  out["flops"] = statement.flops;
  out["bytes"] = statement.bytes;
  return out;
}

ordered_json json_of(const plan::CustomInfo::Operand& operand) {
  ordered_json out = ordered_json::object();
  out["dtype"] = std::string(to_string(operand.dtype));
  out["rank"] = operand.rank;
  return out;
}

ordered_json json_of(const plan::CustomInfo& custom);
ordered_json json_of(const Variant& variant);
ordered_json json_of(const HashedFile& file);

template <class T>
ordered_json list(const std::vector<T>& items) {
  ordered_json out = ordered_json::array();
  for (const T& item : items) out.push_back(json_of(item));
  return out;
}

ordered_json json_of(const plan::CustomInfo& custom) {
  ordered_json out = ordered_json::object();
  out["name"] = custom.name;
  out["arguments"] = list(custom.arguments);
  out["inputs"] = list(custom.inputs);
  out["output"] = json_of(custom.output);
  return out;
}

ordered_json json_of(const Variant& variant) {
  ordered_json memory = ordered_json::object();
  memory["pages"] = variant.pages;
  if (variant.places != 0) memory["initial"] = variant.initial_pages;
  memory["static"] = variant.memory.static_end;
  memory["weights"] = variant.memory.weights_bytes;
  memory["resident"] = variant.resident_bytes;
  memory["arena"] = variant.memory.arena_bytes;
  memory["run_arena"] = variant.run_arena_bytes;
  memory["peak_live"] = variant.memory.peak_live_bytes;
  ordered_json out = ordered_json::object();
  out["name"] = variant.name;
  out["file"] = variant.file;
  out["memory"] = std::move(memory);
  out["context"] = variant.context;
  out["entries"] = list(variant.entries);
  if (variant.symbols != 0) {
    out["symbols"] = variant.symbols;
    out["answers"] = variant.answers;
    if (variant.places != 0) out["places"] = variant.places;
  }
  out["inputs"] = list(variant.inputs);
  out["outputs"] = list(variant.outputs);
  out["weights"] = list(variant.weights);
  if (!variant.profile.empty()) out["profile"] = list(variant.profile);
  return out;
}

uint32_t digit(char hex) { return static_cast<uint32_t>(hex <= '9' ? hex - '0' : hex - 'a' + 10); }

/// Subresource Integrity's form of a hash (W3C SRI 3.1): base64 of what the hexadecimal digits stand for.
std::string integrity(const std::string& sha256) {
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i + 1 < sha256.size(); i += 2)
    bytes.push_back(static_cast<uint8_t>(digit(sha256[i]) << 4 | digit(sha256[i + 1])));
  return "sha256-" + base64(bytes);
}

ordered_json json_of(const HashedFile& file) {
  ordered_json out = ordered_json::object();
  out["name"] = file.name;
  if (!file.variant.empty()) out["variant"] = file.variant;
  out["bytes"] = file.bytes;
  out["sha256"] = file.sha256;
  out["integrity"] = integrity(file.sha256);
  return out;
}

ordered_json json_of(const Manifest& manifest) {
  ordered_json out = ordered_json::object();
  out["abi"]["major"] = kAbiMajor;
  out["abi"]["minor"] = kAbiMinor;
  out["required_features"] = list(manifest.required_features);
  out["name"] = valid_utf8(manifest.name);
  out["generator"] = manifest.generator;
  if (manifest.int64_numbers) out["int64"] = "number";
  if (!manifest.symbols.empty()) out["symbols"] = list(manifest.symbols);
  out["inputs"] = list(manifest.inputs);
  out["outputs"] = list(manifest.outputs);
  out["nodes"] = list(manifest.nodes);
  if (!manifest.strings.empty()) out["strings"] = list(manifest.strings);
  if (!manifest.customs.empty()) out["customs"] = list(manifest.customs);
  out["weights"]["bytes"] = manifest.weights_bytes;
  out["weights"]["tensors"] = manifest.weights_tensors;
  if (!manifest.weights_chunks.empty()) {
    out["weights"]["file_bytes"] = manifest.weights_file_bytes;
    out["weights"]["chunk_bytes"] = kWeightsChunkBytes;
    out["weights"]["sha256"] = manifest.weights_chunks;
  }
  out["variants"] = list(manifest.variants);
  return out;
}

std::vector<uint64_t> addresses(const plan::Program& program, const std::vector<plan::BufferId>& buffers) {
  std::vector<uint64_t> out;
  for (const plan::BufferId buffer : buffers) out.push_back(program.buffers[buffer].address);
  return out;
}

}  // namespace

Manifest make_manifest(const graph::Graph& g, const WeightsFile& weights, std::string generator) {
  Manifest out;
  out.name = g.name;
  out.generator = std::move(generator);
  const Steps steps = steps_of(g);
  for (const auto& [name, symbol] : g.symbols) {
    if (graph::is_defined(g, name)) continue;
    const auto known = steps.find(name);
    const int64_t step = known == steps.end() ? 1 : known->second;
    const auto extent = [step](const std::optional<int64_t>& count) { return count.value_or(0) * step; };
    out.symbols.push_back({without_prefix(name), {extent(symbol.range.min), extent(symbol.range.max)}, step});
  }
  // What only loops count with is nothing that a caller has to do with.
  const auto counts = [&](const auto& entry) { return graph::is_index(g, entry.first); };
  if (!std::ranges::all_of(g.symbols, counts)) out.required_features.push_back(kSymbolsFeature);
  if (!g.strings.empty()) out.required_features.push_back(kStringsFeature);
  for (const graph::Port& port : g.inputs) out.inputs.push_back(make_port(g, port, steps));
  for (const graph::Port& port : g.outputs) out.outputs.push_back(make_port(g, port, steps));
  out.weights_bytes = weights.data_bytes;
  out.weights_tensors = weights.tensors.size();
  return out;
}

Variant make_variant(std::string name, std::string file, const plan::Program& program,
                     const plan::MemoryPlan& memory, const plan::StaticData& tables,
                     const WeightsFile& file_of_weights,
                     const std::map<graph::ValueId, plan::BufferId>& weights,
                     const std::vector<plan::BufferId>& inputs, const std::vector<plan::BufferId>& outputs) {
  Variant out;
  out.name = std::move(name);
  out.file = std::move(file);
  out.pages = (memory.total_bytes + kPageBytes - 1) / kPageBytes;
  out.initial_pages = (memory.fixed_bytes + kPageBytes - 1) / kPageBytes;
  out.memory = memory;
  out.context = tables.context;
  WEFT_CHECK(tables.entry_records.size() == program.entries.size());
  for (size_t i = 0; i < program.entries.size(); ++i)
    out.entries.push_back({program.entries[i].name, tables.entry_records[i]});
  const auto counts = [&](const auto& entry) { return plan::is_index(program, entry.first); };
  if (!std::ranges::all_of(program.symbols, counts)) {
    // The caller knows the symbols that it chooses by their places: they come first.
    bool computed = false;
    for (const auto& entry : program.symbols) {
      const bool is_defined = plan::is_defined(program, entry.first);
      WEFT_CHECK(is_defined || !computed, entry.first);
      computed = is_defined;
    }
    out.entries.push_back({"resize", tables.resize});
    out.symbols = tables.symbols;
    out.answers = tables.answers;
    out.places = tables.places;
  }
  out.inputs = addresses(program, inputs);
  out.outputs = addresses(program, outputs);
  const std::vector<bool> loaded = plan::loaded_by_statements(program);
  for (const auto& [value, buffer] : weights) {
    if (loaded[buffer]) continue;
    const auto range = file_of_weights.tensors.find(value);
    WEFT_CHECK(range != file_of_weights.tensors.end(), program.buffers[buffer].name);
    WEFT_CHECK(range->second.bytes == program.buffers[buffer].bytes, program.buffers[buffer].name);
    out.weights.push_back({range->second.offset, program.buffers[buffer].address, range->second.bytes});
  }
  std::sort(out.weights.begin(), out.weights.end());
  return out;
}

std::string manifest_section(const Manifest& manifest) { return json_of(manifest).dump(); }

std::string manifest_with_files(const Manifest& manifest, std::span<const HashedFile> files) {
  ordered_json out = json_of(manifest);
  out["files"] = list(std::vector<HashedFile>(files.begin(), files.end()));
  return out.dump(2) + "\n";
}

}  // namespace weft::bundle

#include "machine/manifest.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace weft::machine {
namespace {

using nlohmann::json;

constexpr uint64_t kAbiMajor = 1;
constexpr std::string_view kFeatures[] = {"load", "symbols", "places"};
constexpr uint64_t kAny = UINT64_MAX;

/// Reads fields and remembers the first that is not as it must be; goes on with nothing in its place.
class Reader {
 public:
  std::string wrong;  ///< the field

  void check(bool holds, std::string_view field) {
    if (!holds && wrong.empty()) wrong = field;
  }
  const json& field(const json& object, const std::string& name) {
    static const json none;
    const auto found = object.is_object() ? object.find(name) : object.end();
    if (found == object.end()) return check(false, name), none;
    return *found;
  }
  bool has(const json& object, const char* name) const { return object.is_object() && object.contains(name); }
  uint64_t number(const json& value, uint64_t most, std::string_view name) {
    const bool fits = value.is_number_unsigned() && value.get<uint64_t>() <= most;
    check(fits, name);
    return fits ? value.get<uint64_t>() : 0;
  }
  uint64_t number(const json& object, const std::string& name, uint64_t most) {
    return number(field(object, name), most, name);
  }
  std::string text(const json& object, const std::string& name) {
    const json& value = field(object, name);
    check(value.is_string(), name);
    return value.is_string() ? value.get<std::string>() : std::string();
  }
  const json& list(const json& object, const std::string& name) {
    static const json none = json::array();
    const json& value = field(object, name);
    check(value.is_array(), name);
    return value.is_array() ? value : none;
  }
};

uint64_t elements(const std::vector<uint32_t>& shape) {
  uint64_t product = 1;
  for (const uint32_t extent : shape) {
    if (extent == 0) return 0;
    if (product > kAny / extent) return kAny;
    product *= extent;
  }
  return product;
}

std::vector<Dimension> read_dimensions(Reader& reader, const json& top) {
  std::vector<Dimension> dimensions;
  if (!reader.has(top, "symbols")) return dimensions;
  for (const json& item : reader.list(top, "symbols")) {
    Dimension dimension;
    dimension.name = reader.text(item, "name");
    dimension.min = static_cast<uint32_t>(reader.number(item, "min", UINT32_MAX));
    dimension.max = static_cast<uint32_t>(reader.number(item, "max", UINT32_MAX));
    dimension.step = static_cast<uint32_t>(reader.number(item, "step", UINT32_MAX));
    reader.check(dimension.step > 0 && dimension.min <= dimension.max, "symbols");
    dimensions.push_back(std::move(dimension));
  }
  return dimensions;
}

/// What an extent of an input is: a number, or a dimension.
std::optional<size_t> symbol_of(Reader& reader, const std::string& dim, uint32_t extent,
                                const std::vector<Dimension>& dimensions) {
  if (dim == std::to_string(extent)) return std::nullopt;
  const auto found = std::ranges::find(dimensions, dim, &Dimension::name);
  reader.check(found != dimensions.end(), "inputs.dims");
  if (found == dimensions.end()) return std::nullopt;
  return static_cast<size_t>(found - dimensions.begin());
}

std::vector<Port> read_ports(Reader& reader, const json& top, const char* field,
                             const std::vector<Dimension>* dimensions) {
  std::vector<Port> ports;
  for (const json& item : reader.list(top, field)) {
    Port port;
    port.name = reader.text(item, "name");
    const std::optional<DType> dtype = parse_dtype(reader.text(item, "dtype"));
    reader.check(dtype.has_value(), std::string(field) + ".dtype");
    port.dtype = dtype.value_or(DType::f32);
    for (const json& extent : reader.list(item, "shape"))
      port.shape.push_back(static_cast<uint32_t>(reader.number(extent, UINT32_MAX, "shape")));
    if (reader.has(item, "dims"))
      for (const json& dim : reader.list(item, "dims")) {
        reader.check(dim.is_string(), "dims");
        port.dims.push_back(dim.is_string() ? dim.get<std::string>() : "");
      }
    reader.check(!port.is_open() || port.dims.size() == port.shape.size(), "dims");
    if (dimensions != nullptr && port.is_open() && reader.wrong.empty())
      for (size_t i = 0; i < port.dims.size(); ++i)
        port.symbols.push_back(symbol_of(reader, port.dims[i], port.shape[i], *dimensions));
    ports.push_back(std::move(port));
  }
  return ports;
}

std::vector<uint32_t> read_addresses(Reader& reader, const json& variant, const char* field,
                                     const std::vector<Port>& ports, uint64_t memory) {
  std::vector<uint32_t> addresses;
  const json& list = reader.list(variant, field);
  reader.check(list.size() == ports.size(), field);
  if (list.size() != ports.size()) return addresses;
  for (size_t i = 0; i < ports.size(); ++i) {
    const uint64_t count = elements(ports[i].shape), size = byte_size(ports[i].dtype);
    const bool fits = count <= memory / size;
    reader.check(fits, field);
    addresses.push_back(
        static_cast<uint32_t>(reader.number(list[i], fits ? memory - count * size : 0, field)));
  }
  return addresses;
}

std::vector<Load> read_loads(Reader& reader, const json& variant, uint64_t weights, uint64_t memory) {
  std::vector<Load> loads;
  for (const json& item : reader.list(variant, "weights")) {
    reader.check(item.is_array() && item.size() == 3, "weights");
    if (!item.is_array() || item.size() != 3) continue;
    Load load;
    load.bytes = reader.number(item[2], std::min(memory, weights), "weights");
    load.address = reader.number(item[1], memory - load.bytes, "weights");
    load.offset = reader.number(item[0], weights - std::min(load.bytes, weights), "weights");
    loads.push_back(load);
  }
  return loads;
}

Variant read_variant(Reader& reader, const json& item, const Manifest& manifest) {
  Variant variant;
  variant.name = reader.text(item, "name");
  variant.file = reader.text(item, "file");
  const json& memory_facts = reader.field(item, "memory");
  variant.pages = reader.number(memory_facts, "pages", 65536);
  variant.initial_pages = reader.has(memory_facts, "initial")
                              ? reader.number(memory_facts, "initial", variant.pages)
                              : variant.pages;
  const uint64_t memory = variant.pages * kPageBytes;
  const auto place = [&](const char* name, uint64_t bytes) {
    reader.check(memory >= bytes, name);
    return static_cast<uint32_t>(reader.number(item, name, memory >= bytes ? memory - bytes : 0));
  };
  variant.context = place("context", 32);
  for (const json& entry : reader.list(item, "entries"))
    variant.entries.push_back(
        {reader.text(entry, "name"), static_cast<uint32_t>(reader.number(entry, "records", memory))});
  reader.check(std::ranges::find(variant.entries, "run", &Entry::name) != variant.entries.end(), "entries");
  uint64_t answer_words = 0;
  for (const Port& port : manifest.outputs) answer_words += port.shape.size();
  if (!manifest.dimensions.empty() || reader.has(item, "answers")) {
    variant.symbols = place("symbols", 4 * manifest.dimensions.size());
    variant.answers = place("answers", 4 * answer_words);
    if (reader.has(item, "places"))
      variant.places = place("places", 4 * (1 + manifest.inputs.size() + manifest.outputs.size()));
  }
  variant.inputs = read_addresses(reader, item, "inputs", manifest.inputs, memory);
  variant.outputs = read_addresses(reader, item, "outputs", manifest.outputs, memory);
  variant.weights = read_loads(reader, item, manifest.weights_bytes, memory);
  return variant;
}

/// What model.weights is checked by; older bundles and modules lack it.
void read_hashes(Reader& reader, const json& weights, Manifest& manifest) {
  if (!reader.has(weights, "sha256")) return;
  constexpr uint64_t kMostBytes = uint64_t{1} << 30;
  manifest.chunk_bytes = reader.number(weights, "chunk_bytes", kMostBytes);
  const uint64_t bytes = reader.number(weights, "file_bytes", kAny);
  reader.check(manifest.chunk_bytes > 0, "chunk_bytes");
  for (const json& hash : reader.list(weights, "sha256")) {
    reader.check(hash.is_string(), "sha256");
    manifest.chunk_hashes.push_back(hash.is_string() ? hash.get<std::string>() : "");
  }
  if (manifest.chunk_bytes > 0)
    reader.check(
        manifest.chunk_hashes.size() == bytes / manifest.chunk_bytes + (bytes % manifest.chunk_bytes != 0),
        "sha256");
}

/// What must be known before anything else is read.
Outcome<void> check_abi(Reader& reader, const json& top, const std::string& where) {
  const uint64_t major = reader.number(reader.field(top, "abi"), "major", kAny);
  if (reader.wrong.empty() && major != kAbiMajor)
    return refuse(WEFT_UNSUPPORTED,
                  where + " has bundle ABI " + std::to_string(major) +
                      ", this runtime reads 1: compile the model again, or take the runtime of its compiler");
  if (!reader.has(top, "required_features")) return {};
  for (const json& feature : reader.list(top, "required_features")) {
    const std::string name = feature.is_string() ? feature.get<std::string>() : feature.dump();
    if (std::ranges::find(kFeatures, name) == std::end(kFeatures))
      return refuse(WEFT_UNSUPPORTED, where + " needs \"" + name + "\", which this runtime does not have");
  }
  return {};
}

}  // namespace

Outcome<Manifest> read_manifest(std::string_view text, const std::string& where) {
  const json top = json::parse(text, nullptr, false);
  Reader reader;
  reader.check(top.is_object(), "it is no object");
  WEFT_MACHINE_TRY(check_abi(reader, top, where));
  Manifest manifest;
  manifest.name = reader.text(top, "name");
  for (const json& node : reader.list(top, "nodes"))
    manifest.nodes.push_back(node.is_string() ? node.get<std::string>() : "");
  manifest.weights_bytes = reader.number(reader.field(top, "weights"), "bytes", kAny);
  read_hashes(reader, reader.field(top, "weights"), manifest);
  manifest.dimensions = read_dimensions(reader, top);
  manifest.inputs = read_ports(reader, top, "inputs", &manifest.dimensions);
  manifest.outputs = read_ports(reader, top, "outputs", nullptr);
  const json& variants = reader.list(top, "variants");
  reader.check(!variants.empty(), "variants");
  for (const json& item : variants) manifest.variants.push_back(read_variant(reader, item, manifest));
  if (!reader.wrong.empty())
    return refuse(WEFT_BAD_BUNDLE, "the manifest of " + where + " is damaged: " + reader.wrong);
  return manifest;
}

}  // namespace weft::machine

// weft diff: what changed between two bundles, from their manifests and the headers and bytes of their
// weights.
#include <fmt/format.h>

#include <map>
#include <set>

#include "cli/commands.hpp"
#include "cli/json.hpp"

namespace weft::cli {
namespace {

constexpr int kDiffers = 1;
constexpr uint64_t kPieceBytes = 1 << 20;
constexpr uint64_t kLongestHeader = 100'000'000;  // of safetensors, as its readers hold

struct Change {
  std::string what, before, after;  ///< "" where there was, or is, none
};

struct TensorInfo {
  std::string type;  ///< "F32 [8, 3, 3, 3]"
  uint64_t begin = 0, end = 0;
};

/// An open model.weights.
struct Weights {
  std::shared_ptr<const Source> file;
  uint64_t data_start = 0;
  std::map<std::string, TensorInfo> tensors;
};

std::unexpected<Error> damaged(const std::string& path) {
  return fail(ErrorKind::invalid_model, path + " is damaged");
}

bool is_named(const ordered_json& json) {
  return json.is_object() && json.contains("name") && json["name"].is_string();
}

/// Of safetensors: {"dtype": "F32", "shape": […], "data_offsets": [begin, end]}.
bool is_tensor(const ordered_json& json, uint64_t data_bytes) {
  if (!json.is_object() || !json.contains("dtype") || !json["dtype"].is_string() || !json.contains("shape") ||
      !json.contains("data_offsets"))
    return false;
  const ordered_json& offsets = json["data_offsets"];
  if (!offsets.is_array() || offsets.size() != 2) return false;
  if (!offsets[0].is_number_unsigned() || !offsets[1].is_number_unsigned()) return false;
  const auto begin = offsets[0].get<uint64_t>(), end = offsets[1].get<uint64_t>();
  return begin <= end && end <= data_bytes;
}

Result<ordered_json> read_json(const Source& file, uint64_t offset, uint64_t bytes, const std::string& path) {
  std::vector<uint8_t> text(bytes);
  WEFT_TRY(file.read(offset, text));
  ordered_json json = parse_json(text);
  if (!json.is_object()) return damaged(path);
  return json;
}

Result<ordered_json> read_manifest(const std::string& folder, Host& host) {
  const std::string path = folder + "/model.json";
  WEFT_ASSIGN(file, host.open(path));
  return read_json(*file, 0, file->size(), path);
}

Result<Weights> read_weights(const std::string& folder, Host& host) {
  const std::string path = folder + "/model.weights";
  Weights weights;
  WEFT_ASSIGN(file, host.open(path));
  weights.file = file;
  uint8_t size[8];
  WEFT_TRY(file->read(0, size));
  uint64_t bytes = 0;
  for (int i = 8; i-- > 0;) bytes = bytes << 8 | size[i];
  if (bytes > kLongestHeader || bytes > file->size() - 8) return damaged(path);
  WEFT_ASSIGN(header, read_json(*file, 8, bytes, path));
  weights.data_start = 8 + bytes;
  for (const auto& [name, tensor] : header.items()) {
    if (name == "__metadata__") continue;
    if (!is_tensor(tensor, file->size() - weights.data_start)) return damaged(path);
    weights.tensors[name] = {tensor["dtype"].get<std::string>() + " " + tensor["shape"].dump(),
                             tensor["data_offsets"][0].get<uint64_t>(),
                             tensor["data_offsets"][1].get<uint64_t>()};
  }
  return weights;
}

Result<bool> same_bytes(const Weights& a, const TensorInfo& x, const Weights& b, const TensorInfo& y) {
  const uint64_t bytes = x.end - x.begin;
  if (bytes != y.end - y.begin) return false;
  std::vector<uint8_t> left, right;
  for (uint64_t done = 0; done < bytes; done += kPieceBytes) {
    left.resize(std::min(kPieceBytes, bytes - done));
    right.resize(left.size());
    WEFT_TRY(a.file->read(a.data_start + x.begin + done, left));
    WEFT_TRY(b.file->read(b.data_start + y.begin + done, right));
    if (left != right) return false;
  }
  return true;
}

/// Flat: "variants.simd128.memory.arena" -> "4534656". Lists of named things go by their names.
void flatten(const ordered_json& json, const std::string& prefix, std::map<std::string, std::string>& out) {
  const auto key = [&](const std::string& name) { return prefix.empty() ? name : prefix + "." + name; };
  if (json.is_object()) {
    for (const auto& [name, value] : json.items()) flatten(value, key(name), out);
  } else if (json.is_array() && !json.empty() && std::ranges::all_of(json, is_named)) {
    for (const ordered_json& item : json) flatten(item, key(item["name"].get<std::string>()), out);
  } else {
    out[prefix] = json.is_string() ? json.get<std::string>() : json.dump();
  }
}

/// What only says where things lie: any change of the code changes it.
bool is_detail(const std::string& key) {
  static const char* const kDetails[] = {"nodes",    ".context", ".records", ".entries", ".static",
                                         ".weights", ".inputs",  ".outputs", ".profile", ".sha256"};
  if (key.starts_with("inputs") || key.starts_with("outputs") || key.starts_with("weights."))
    return key.ends_with(".name");
  if (key.starts_with("files.")) return !key.ends_with(".sha256") && !key.ends_with(".bytes");
  return std::ranges::any_of(kDetails, [&](const char* detail) {
    const std::string_view part = detail;
    return part[0] == '.' ? key.find(part) != std::string::npos && !key.ends_with("memory.weights")
                          : key.starts_with(part);
  });
}

template <class Map, class F>
void for_each_key(const Map& a, const Map& b, F&& f) {
  std::set<std::string> keys;
  for (const auto& [key, value] : a) keys.insert(key);
  for (const auto& [key, value] : b) keys.insert(key);
  for (const std::string& key : keys) f(key, a.find(key), b.find(key));
}

std::vector<Change> manifest_changes(const ordered_json& a, const ordered_json& b) {
  std::map<std::string, std::string> left, right;
  flatten(a, "", left);
  flatten(b, "", right);
  std::vector<Change> changes;
  const auto resized = [&](const std::string& key) {  // a hash says no more than another size does
    if (!key.ends_with(".sha256")) return false;
    const std::string bytes = key.substr(0, key.size() - 6) + "bytes";
    return left.contains(bytes) && right.contains(bytes) && left.at(bytes) != right.at(bytes);
  };
  for_each_key(left, right, [&](const std::string& key, const auto& x, const auto& y) {
    const std::string before = x == left.end() ? "" : x->second, after = y == right.end() ? "" : y->second;
    if (before != after && !is_detail(key) && !resized(key)) changes.push_back({key, before, after});
  });
  return changes;
}

Result<std::vector<Change>> weight_changes(const Weights& a, const Weights& b) {
  std::vector<Change> changes;
  Result<void> good;
  for_each_key(a.tensors, b.tensors, [&](const std::string& name, const auto& x, const auto& y) {
    if (!good) return;
    const std::string before = x == a.tensors.end() ? "" : x->second.type,
                      after = y == b.tensors.end() ? "" : y->second.type;
    if (before != after) return changes.push_back({name, before, after});
    const Result<bool> same = same_bytes(a, x->second, b, y->second);
    if (!same) good = std::unexpected(same.error());
    else if (!*same) changes.push_back({name, before, after + ", other values"});
  });
  WEFT_TRY(good);
  return changes;
}

std::string shown(const std::string& value) {
  constexpr size_t kLongest = 40;
  return value.empty() ? "-" : value.size() > kLongest ? value.substr(0, kLongest - 1) + "…" : value;
}

std::string describe(const char* title, const std::vector<Change>& changes) {
  if (changes.empty()) return {};
  std::string text = fmt::format("{}\n", title);
  for (const Change& change : changes)
    text += fmt::format("  {:<44} {} -> {}\n", change.what, shown(change.before), shown(change.after));
  return text;
}

ordered_json as_json(const std::vector<Change>& changes) {
  ordered_json list = ordered_json::array();
  for (const Change& c : changes)
    list.push_back({{"what", c.what}, {"before", c.before}, {"after", c.after}});
  return list;
}

}  // namespace

Result<int> run_diff(const Options& options, Host& host) {
  const std::string &left = options.positionals[0], &right = options.positionals[1];
  WEFT_ASSIGN(a, read_manifest(left, host));
  WEFT_ASSIGN(b, read_manifest(right, host));
  WEFT_ASSIGN(x, read_weights(left, host));
  WEFT_ASSIGN(y, read_weights(right, host));
  const std::vector<Change> manifest = manifest_changes(a, b);
  WEFT_ASSIGN(weights, weight_changes(x, y));
  const bool same = manifest.empty() && weights.empty();
  if (options.has("json")) {
    const ordered_json json = {
        {"same", same}, {"manifest", as_json(manifest)}, {"weights", as_json(weights)}};
    host.print(json_text(json, 2) + "\n");
  } else {
    host.print(same ? "the bundles are the same\n"
                    : describe("manifest", manifest) + describe("weights", weights));
  }
  return same ? 0 : kDiffers;
}

}  // namespace weft::cli

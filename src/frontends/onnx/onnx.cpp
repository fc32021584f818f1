#include "frontends/onnx/onnx.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "frontends/onnx/importer.hpp"
#include "frontends/onnx/inputs.hpp"

namespace weft::onnx {
namespace {

/// Each but the last narrows a dimension.
constexpr size_t kMaxRounds = 256;

std::string qualified(const std::string& domain, const std::string& op) {
  return domain.empty() ? op : domain + "." + op;
}

/// The operators that no rule covers. Walks every node: of the graph, of graphs in its nodes, of functions.
class UnknownFinder {
 public:
  explicit UnknownFinder(const ModelProto& model) : model_(model) {}

  std::vector<Unsupported> run() {
    visit(model_.graph, model_.opsets);
    for (const FunctionProto& function : model_.functions) visit(function.body, function.opsets);
    return std::move(found_);
  }

 private:
  void visit(const GraphProto& graph, const std::map<std::string, int64_t>& opsets) {
    for (const NodeProto& node : graph.nodes) {
      for (const AttributeProto& attribute : node.attributes)
        if (attribute.g) visit(*attribute.g, opsets);
      const auto opset = opsets.find(node.domain);
      const int64_t version = opset == opsets.end() ? 0 : opset->second;
      if (version > 0 && find_operator(node.domain, node.op_type, version) != nullptr) continue;
      if (find_function(model_, node) == nullptr) add(node, version);
    }
  }

  void add(const NodeProto& node, int64_t version) {
    const auto [it, is_new] = index_.emplace(qualified(node.domain, node.op_type), found_.size());
    if (is_new) found_.push_back({node.domain, node.op_type, version, 0, {}, {}});
    Unsupported& entry = found_[it->second];
    ++entry.count;
    entry.nodes.push_back(display_name(node));
  }

  const ModelProto& model_;
  std::vector<Unsupported> found_;
  std::map<std::string, size_t> index_;
};

constexpr size_t kNamed = 3;     // nodes of one entry in a message
constexpr size_t kEntries = 50;  // entries in a message

std::string list(const std::vector<Unsupported>& found) {
  std::vector<std::string> lines;
  for (const Unsupported& entry : found) {
    if (lines.size() == kEntries) {
      lines.push_back(fmt::format("… and {} more, which weft inspect --json lists", found.size() - kEntries));
      break;
    }
    const size_t named = std::min(entry.nodes.size(), kNamed);
    lines.push_back(fmt::format("{} (opset {}) x {}: \"{}\"{}", qualified(entry.domain, entry.op),
                                entry.version, entry.count,
                                fmt::join(entry.nodes.begin(), entry.nodes.begin() + named, "\", \""),
                                entry.nodes.size() > named ? ", …" : ""));
    if (!entry.reason.empty()) lines.back() += ": " + entry.reason;
  }
  return fmt::format("{}", fmt::join(lines, "; "));
}

Error unsupported_error(const std::vector<Unsupported>& found) {
  const std::string first = found.front().nodes.front();
  std::vector<Unsupported> unknown, refused;
  uint64_t refused_nodes = 0;
  for (const Unsupported& entry : found) {
    (entry.reason.empty() ? unknown : refused).push_back(entry);
    if (!entry.reason.empty()) refused_nodes += entry.count;
  }
  if (unknown.empty() && refused_nodes == 1) {
    const Unsupported& only = refused.front();
    return {ErrorKind::unsupported,
            fmt::format("{} (opset {}): {}", qualified(only.domain, only.op), only.version, only.reason),
            first};
  }
  std::string message = "the model ";
  if (!unknown.empty())
    message += fmt::format("uses {} {} that weft does not know: {}", unknown.size(),
                           unknown.size() == 1 ? "operator" : "operators", list(unknown));
  if (!refused.empty())
    message += fmt::format("{}has {} {} that weft refuses: {}", unknown.empty() ? "" : "; it ", refused_nodes,
                           refused_nodes == 1 ? "node" : "nodes", list(refused));
  return {ErrorKind::unsupported, std::move(message), first};
}

/// The import, and what stood in its way: all of it where the inputs are resolved.
struct Attempt {
  Result<Import> result;
  std::vector<Unsupported> unsupported;
};

Attempt attempt(const ModelProto& model, const Blobs& blobs, const ReadOptions& options) {
  std::vector<Unsupported> unsupported = UnknownFinder(model).run();
  Dimensions dimensions;
  for (size_t round = 1;; ++round) {
    Importer importer(model, blobs, options, dimensions);
    auto result = importer.run();
    const Result<bool> narrowed = dimensions.narrow(importer.needed());
    if (narrowed && *narrowed && round < kMaxRounds) continue;
    unsupported.insert(unsupported.end(), importer.refused().begin(), importer.refused().end());
    if (!unsupported.empty()) result = std::unexpected<Error>(unsupported_error(unsupported));
    if (!narrowed) result = std::unexpected<Error>(narrowed.error());
    else if (!result && result.error().kind == ErrorKind::invalid_model)
      result = std::unexpected<Error>(dimensions.explained(result.error()));
    return {std::move(result), std::move(unsupported)};
  }
}

/// Those of graphs in nodes too.
template <class Counts>
void count_operators(const GraphProto& graph, Counts& counts) {
  for (const NodeProto& node : graph.nodes) {
    ++counts[qualified(node.domain, node.op_type)];
    for (const AttributeProto& attribute : node.attributes)
      if (attribute.g) count_operators(*attribute.g, counts);
  }
}

Metadata metadata_of(const ModelProto& model) {
  return {model.producer_name, model.producer_version, model.ir_version, model.opsets};
}

Result<ModelProto> read_file(const Blobs& blobs) {
  if (blobs.empty() || !blobs[0]) return fail(ErrorKind::not_found, "no model file was given");
  return read_model(*blobs[0]);
}

}  // namespace

Result<Import> read_onnx(const Blobs& blobs, const ReadOptions& options) {
  WEFT_ASSIGN(model, read_file(blobs));
  Result<Import> result = attempt(model, blobs, options).result;
  if (result) result->metadata = metadata_of(model);
  return result;
}

Result<std::vector<Unsupported>> find_unsupported(const Blobs& blobs, const ReadOptions& options) {
  WEFT_ASSIGN(model, read_file(blobs));
  return attempt(model, blobs, options).unsupported;
}

Result<Summary> summarize_onnx(const Blobs& blobs, const ReadOptions& options) {
  WEFT_ASSIGN(model, read_file(blobs));
  Summary summary;
  summary.metadata = metadata_of(model);
  std::set<std::string_view> initialized;
  for (const TensorProto& tensor : model.graph.initializers) initialized.insert(tensor.name);
  for (const ValueInfoProto& input : model.graph.inputs)
    if (!initialized.contains(input.name)) summary.inputs.push_back({input.name, describe(input)});
  for (const ValueInfoProto& output : model.graph.outputs)
    summary.outputs.push_back({output.name, describe(output)});
  count_operators(model.graph, summary.operators);
  for (const FunctionProto& function : model.functions) count_operators(function.body, summary.operators);
  summary.unsupported = attempt(model, blobs, options).unsupported;
  return summary;
}

}  // namespace weft::onnx

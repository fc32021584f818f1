#include "frontends/onnx/onnx.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "frontends/onnx/importer.hpp"
#include "frontends/onnx/inputs.hpp"

namespace weft::onnx {
namespace {

std::string qualified(const std::string& domain, const std::string& op) {
  return domain.empty() ? op : domain + "." + op;
}

/// Walks every node: of the graph, of graphs in its nodes, of functions.
class UnsupportedFinder {
 public:
  explicit UnsupportedFinder(const ModelProto& model) : model_(model) {}

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
    if (is_new) found_.push_back({node.domain, node.op_type, version, 0, {}});
    Unsupported& entry = found_[it->second];
    ++entry.count;
    if (entry.nodes.size() < 3) entry.nodes.push_back(display_name(node));
  }

  const ModelProto& model_;
  std::vector<Unsupported> found_;
  std::map<std::string, size_t> index_;
};

std::vector<Unsupported> find_unsupported(const ModelProto& model) { return UnsupportedFinder(model).run(); }

Error unsupported_error(const std::vector<Unsupported>& found) {
  std::vector<std::string> lines;
  for (const Unsupported& entry : found) {
    const std::string more = entry.count > entry.nodes.size() ? ", …" : "";
    lines.push_back(fmt::format("{} (opset {}) x {}: \"{}\"{}", qualified(entry.domain, entry.op),
                                entry.version, entry.count, fmt::join(entry.nodes, "\", \""), more));
  }
  return {ErrorKind::unsupported,
          fmt::format("the model uses {} {} that weft does not know: {}", found.size(),
                      found.size() == 1 ? "operator" : "operators", fmt::join(lines, "; ")),
          found.front().nodes.front()};
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
  const std::vector<Unsupported> unsupported = find_unsupported(model);
  if (!unsupported.empty()) return std::unexpected<Error>(unsupported_error(unsupported));
  Importer importer(model, blobs, options);
  auto result = importer.run();
  if (result) result->metadata = metadata_of(model);
  return result;
}

Result<std::vector<Unsupported>> find_unsupported(const Blobs& blobs) {
  WEFT_ASSIGN(model, read_file(blobs));
  return find_unsupported(model);
}

Result<Summary> summarize_onnx(const Blobs& blobs) {
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
  summary.unsupported = find_unsupported(model);
  return summary;
}

}  // namespace weft::onnx

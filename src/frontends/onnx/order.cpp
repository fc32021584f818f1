// The order in which nodes are converted. Files are nearly always sorted already; then this keeps their
// order.
#include <fmt/format.h>

#include <algorithm>

#include "frontends/onnx/importer.hpp"

namespace weft::onnx {
namespace {

using Producers = std::map<std::string_view, size_t>;

Result<Producers> find_producers(const GraphProto& graph) {
  Producers producers;
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    for (const std::string& output : graph.nodes[n].outputs) {
      if (output.empty()) continue;
      const auto [it, is_new] = producers.emplace(output, n);
      if (!is_new)
        return fail(ErrorKind::invalid_model,
                    fmt::format("the value \"{}\" is produced by \"{}\" already", output,
                                display_name(graph.nodes[it->second])),
                    display_name(graph.nodes[n]));
    }
  }
  return producers;
}

/// The values that need no producer. Fails when a node produces one of them too.
Result<std::set<std::string_view>> find_given(const GraphProto& graph, const Producers& producers) {
  std::set<std::string_view> given;
  for (const ValueInfoProto& input : graph.inputs)
    if (!given.insert(input.name).second)
      return fail(ErrorKind::invalid_model, fmt::format("two inputs are called \"{}\"", input.name),
                  input.name);
  std::set<std::string_view> initializers;
  for (const TensorProto& tensor : graph.initializers) {
    given.insert(tensor.name);
    if (!initializers.insert(tensor.name).second)
      return fail(ErrorKind::invalid_model, fmt::format("two initializers are called \"{}\"", tensor.name),
                  tensor.name);
  }
  for (const std::string_view name : given)
    if (const auto it = producers.find(name); it != producers.end())
      return fail(ErrorKind::invalid_model,
                  fmt::format("its output \"{}\" is an input or an initializer of the graph", name),
                  display_name(graph.nodes[it->second]));
  return given;
}

/// Every node of `blocked` waits for another one of them: walk back until a node comes twice.
Error cycle_error(const GraphProto& graph, const Producers& producers, const std::vector<size_t>& waits) {
  size_t at = 0;
  while (waits[at] == 0) ++at;
  std::vector<size_t> path;
  std::vector<bool> seen(graph.nodes.size());
  while (!seen[at]) {
    seen[at] = true;
    path.push_back(at);
    for (const std::string& input : graph.nodes[at].inputs) {
      const auto it = producers.find(input);
      if (it == producers.end() || waits[it->second] == 0) continue;
      at = it->second;
      break;
    }
  }
  path.erase(path.begin(), std::find(path.begin(), path.end(), at));
  std::reverse(path.begin(), path.end());
  std::string names;
  for (size_t i = 0; i < std::min<size_t>(path.size(), 8); ++i)
    names += fmt::format("\"{}\" -> ", display_name(graph.nodes[path[i]]));
  if (path.size() > 8) names += fmt::format("({} more) -> ", path.size() - 8);
  names += fmt::format("\"{}\"", display_name(graph.nodes[path[0]]));
  return {ErrorKind::invalid_model, "the graph has a cycle: " + names, display_name(graph.nodes[path[0]])};
}

/// The names that a graph takes from around it.
void add_captures(const GraphProto& graph, std::set<std::string_view>& captures) {
  std::set<std::string_view> own;
  for (const ValueInfoProto& input : graph.inputs) own.insert(input.name);
  for (const TensorProto& tensor : graph.initializers) own.insert(tensor.name);
  for (const NodeProto& node : graph.nodes) own.insert(node.outputs.begin(), node.outputs.end());
  std::set<std::string_view> read;
  for (const NodeProto& node : graph.nodes) {
    read.insert(node.inputs.begin(), node.inputs.end());
    for (const AttributeProto& attribute : node.attributes)
      if (attribute.g) add_captures(*attribute.g, read);
  }
  for (const ValueInfoProto& output : graph.outputs) read.insert(output.name);
  for (const std::string_view name : read)
    if (!own.contains(name)) captures.insert(name);
}

/// What a node waits for: its inputs, and what its graphs take from around them.
std::vector<std::string_view> operands(const NodeProto& node) {
  std::vector<std::string_view> names(node.inputs.begin(), node.inputs.end());
  std::set<std::string_view> captures;
  for (const AttributeProto& attribute : node.attributes)
    if (attribute.g) add_captures(*attribute.g, captures);
  names.insert(names.end(), captures.begin(), captures.end());
  return names;
}

}  // namespace

Result<std::vector<size_t>> topological_order(const GraphProto& graph,
                                              const std::function<bool(std::string_view)>& is_outside) {
  WEFT_ASSIGN(producers, find_producers(graph));
  WEFT_ASSIGN(given, find_given(graph, producers));
  std::vector<size_t> waits(graph.nodes.size());
  std::vector<std::vector<size_t>> readers(graph.nodes.size());
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    for (const std::string_view input : operands(graph.nodes[n])) {
      if (input.empty() || given.contains(input)) continue;
      const auto it = producers.find(input);
      if (it == producers.end() && is_outside(input)) continue;
      if (it == producers.end())
        return fail(ErrorKind::invalid_model, fmt::format("it reads \"{}\", which nothing produces", input),
                    display_name(graph.nodes[n]));
      readers[it->second].push_back(n);
      ++waits[n];
    }
  }
  std::set<size_t> ready;
  for (size_t n = 0; n < waits.size(); ++n)
    if (waits[n] == 0) ready.insert(n);
  std::vector<size_t> order;
  while (!ready.empty()) {
    const size_t n = *ready.begin();
    ready.erase(ready.begin());
    order.push_back(n);
    for (const size_t reader : readers[n])
      if (--waits[reader] == 0) ready.insert(reader);
  }
  if (order.size() != waits.size()) return std::unexpected<Error>(cycle_error(graph, producers, waits));
  return order;
}

}  // namespace weft::onnx

// Appending to a graph.
#include "base/check.hpp"
#include "graph/graph.hpp"

namespace weft::graph {
namespace {

/// `name`, or `name.2`, `name.3`, … when it is taken.
std::string unique_name(Graph& g, const std::string& name) {
  if (g.names.size() != g.values.size()) {  // a pass built the values itself
    g.names.clear();
    for (const Value& v : g.values) g.names.insert(v.name);
  }
  if (!g.names.contains(name)) return name;
  // The suffixes grow with the graph, so that many equal names do not try each other's.
  for (size_t i = g.values.size();; ++i) {
    std::string candidate = name + "." + std::to_string(i);
    if (!g.names.contains(candidate)) return candidate;
  }
}

}  // namespace

ValueId add_value(Graph& g, std::string name, Type type) {
  name = unique_name(g, name.empty() ? "value" : name);
  g.names.insert(name);
  g.values.push_back({std::move(name), std::move(type)});
  return static_cast<ValueId>(g.values.size() - 1);
}

ValueId add_input(Graph& g, std::string name, Type type) {
  const ValueId id = add_value(g, name, std::move(type));
  g.inputs.push_back({std::move(name), id});
  return id;
}

ValueId add_constant(Graph& g, std::string name, Type type, ConstantData data) {
  const ValueId id = add_value(g, std::move(name), std::move(type));
  g.constants.emplace(id, std::move(data));
  return id;
}

Result<ValueId> add_node(Graph& g, Op op, std::vector<ValueId> inputs, Attributes attributes,
                         std::string name, std::string source) {
  std::vector<Type> operands;
  operands.reserve(inputs.size());
  for (const ValueId input : inputs) {
    WEFT_CHECK(input < g.values.size(), "an operand that is no value");
    operands.push_back(g.values[input].type);
  }
  Result<Type> type = infer_type(op, operands, attributes);
  if (!type) return fail(type.error().kind, std::move(type.error().message), std::move(source));
  const ValueId output =
      add_value(g, name.empty() ? std::string(info(op).name) : std::move(name), std::move(*type));
  g.nodes.push_back({op, std::move(attributes), std::move(inputs), output, std::move(source)});
  return output;
}

}  // namespace weft::graph

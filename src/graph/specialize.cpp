#include "base/check.hpp"
#include "graph/graph.hpp"

namespace weft::graph {

std::optional<SymbolExtent> symbol_of(const expr::Expr& extent) {
  const expr::Linear l = expr::linear(extent);
  if (l.constant != 0 || l.terms.size() != 1 || l.terms[0].atom.kind() != expr::Kind::variable)
    return std::nullopt;
  return SymbolExtent{l.terms[0].atom.node().variable.name, l.terms[0].coefficient};
}

bool depends_on_symbols(const Graph& g, const Node& node) {
  const auto varies = [](const Shape& shape) { return !constant_shape(shape); };
  if (g.symbols.empty()) return false;
  bool found = varies(g.values[node.output].type.shape);
  std::visit(
      [&](const auto& attributes) {
        attributes.fields(attributes, [&](std::string_view, const auto& member) {
          if constexpr (std::is_same_v<std::remove_cvref_t<decltype(member)>, Shape>)
            found = found || varies(member);
        });
      },
      node.attributes);
  return found;
}

Graph specialize(Graph g, const std::map<std::string, int64_t, std::less<>>& values) {
  std::map<std::string, expr::Expr, std::less<>> bindings;
  for (const auto& [name, symbol] : g.symbols) {
    const auto value = values.find(name);
    WEFT_CHECK(value != values.end(), "no value for the symbol " + name);
    bindings.emplace(name, expr::Expr(value->second));
  }
  const auto replace = [&](Shape& shape) {
    for (expr::Expr& e : shape) e = expr::substitute(e, bindings);
  };
  for (Value& value : g.values) replace(value.type.shape);
  for (Node& node : g.nodes)
    std::visit(
        [&](auto& attributes) {
          attributes.fields(attributes, [&](std::string_view, auto& member) {
            if constexpr (std::is_same_v<std::remove_cvref_t<decltype(member)>, Shape>) replace(member);
          });
        },
        node.attributes);
  g.symbols.clear();
  return g;
}

}  // namespace weft::graph

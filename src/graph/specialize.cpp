#include <algorithm>

#include "base/check.hpp"
#include "graph/graph.hpp"

namespace weft::graph {

std::optional<SymbolExtent> symbol_of(const expr::Expr& extent) {
  const expr::Linear l = expr::linear(extent);
  if (l.constant != 0 || l.terms.size() != 1 || l.terms[0].atom.kind() != expr::Kind::variable)
    return std::nullopt;
  return SymbolExtent{l.terms[0].atom.node().variable.name, l.terms[0].coefficient};
}

std::set<std::string> symbols_of(const Graph& g, const Node& node) {
  std::set<std::string> found;
  if (g.symbols.empty()) return found;
  const auto add = [&](const Shape& shape) {
    for (const expr::Expr& e : shape)
      if (!e.as_constant()) found.merge(expr::variables(e));
  };
  add(g.values[node.output].type.shape);
  std::visit(
      [&](const auto& attributes) {
        attributes.fields(attributes, [&](std::string_view, const auto& member) {
          if constexpr (std::is_same_v<std::remove_cvref_t<decltype(member)>, Shape>) add(member);
        });
      },
      node.attributes);
  return found;
}

bool is_defined(const Graph& g, std::string_view symbol) {
  return is_index(g, symbol) || std::ranges::find(g.definitions, symbol, &Port::name) != g.definitions.end();
}

std::vector<ValueId> results(const Graph& g) {
  std::vector<ValueId> values;
  for (const Port& port : g.outputs) values.push_back(port.value);
  for (const Port& port : g.definitions) values.push_back(port.value);
  for (const Check& check : g.checks) values.push_back(check.value);
  for (const Loop& loop : g.loops) {
    for (const Carried& carried : loop.carried) values.push_back(carried.next);
    if (loop.condition != kNoValue) values.push_back(loop.condition);
  }
  return values;
}

Shape specialize(Shape shape, const SymbolValues& values) {
  std::map<std::string, expr::Expr, std::less<>> bindings;
  for (const auto& [name, value] : values) bindings.emplace(name, expr::Expr(value));
  for (expr::Expr& e : shape)
    if (!e.as_constant()) e = expr::substitute(e, bindings);
  return shape;
}

void specialize(Attributes& attributes, const SymbolValues& values) {
  std::visit(
      [&](auto& a) {
        a.fields(a, [&](std::string_view, auto& member) {
          if constexpr (std::is_same_v<std::remove_cvref_t<decltype(member)>, Shape>)
            member = specialize(std::move(member), values);
        });
      },
      attributes);
}

namespace {

expr::Expr specialized(const expr::Expr& e, const SymbolValues& values) {
  return specialize(Shape{e}, values).front();
}

}  // namespace

Graph specialize(Graph g, const SymbolValues& values) {
  for (const auto& [name, symbol] : g.symbols)
    WEFT_CHECK(values.contains(name) || is_defined(g, name), "no value for the symbol " + name);
  for (Value& value : g.values) value.type.shape = specialize(std::move(value.type.shape), values);
  for (Node& node : g.nodes) specialize(node.attributes, values);
  for (Check& check : g.checks) {
    check.min = specialized(check.min, values);
    check.max = specialized(check.max, values);
  }
  for (Loop& loop : g.loops) loop.trips = specialize(Shape{loop.trips}, values)[0];
  std::erase_if(g.symbols, [&](const auto& entry) { return values.contains(entry.first); });
  std::erase_if(g.definitions, [&](const Port& port) { return values.contains(port.name); });
  return g;
}

}  // namespace weft::graph

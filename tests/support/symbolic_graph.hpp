// A random graph over a symbol: every extent that was kMarked becomes the symbol, what is computed from it
// follows by the shape rules. A node that fits no more becomes an input.
#pragma once

#include <algorithm>
#include <optional>

#include "graph/graph.hpp"

namespace weft::testing {

inline constexpr int64_t kMarked = 17, kGreatest = 40;

class SymbolicGraph {
 public:
  explicit SymbolicGraph(const graph::Graph& from) : from_(from) {
    to_.name = from.name;
    to_.symbols.emplace("dim.n", expr::Variable{"dim.n", {kMarked, kGreatest}, 1});
  }

  /// Nothing when no value depends on the symbol.
  std::optional<graph::Graph> make() {
    for (const graph::Port& port : from_.inputs) input(port.value);
    for (const graph::Node& node : from_.nodes) convert(node);
    for (const graph::Port& port : from_.outputs)
      if (made_.contains(port.value)) to_.outputs.push_back({port.name, made_.at(port.value)});
    const auto is_symbolic = [&](const graph::Node& node) { return graph::depends_on_symbols(to_, node); };
    // A caller gives the symbol its value by the shape of an input.
    const auto gives = [&](const graph::Port& port) {
      return !graph::constant_shape(to_.values[port.value].type.shape);
    };
    if (to_.outputs.empty() || std::ranges::none_of(to_.nodes, is_symbolic) ||
        std::ranges::none_of(to_.inputs, gives))
      return std::nullopt;
    return std::move(to_);
  }

 private:
  static expr::Expr symbol() { return expr::variable("dim.n", {kMarked, kGreatest}); }
  static graph::Shape marked(const graph::Shape& shape) {
    graph::Shape result;
    for (const expr::Expr& extent : shape) result.push_back(extent.is_constant(kMarked) ? symbol() : extent);
    return result;
  }
  void input(graph::ValueId value) {
    const graph::Value& v = from_.values[value];
    made_[value] = graph::add_input(to_, v.name, {v.type.dtype, marked(v.type.shape)});
  }
  graph::ValueId operand(const graph::Node& node, size_t index) {
    const graph::ValueId value = node.inputs[index];
    if (made_.contains(value)) return made_.at(value);
    const graph::Value& v = from_.values[value];
    // Positions, divisors and exponents have to stay what they are.
    const bool stays =
        !is_float(v.type.dtype) || node.op == graph::Op::gather || node.op == graph::Op::scatter;
    if (from_.is_constant(value) && stays)
      made_[value] = graph::add_constant(to_, v.name, v.type, from_.constants.at(value));
    else input(value);
    return made_.at(value);
  }
  /// An extent of an attribute: as an operand has it, or the symbol.
  expr::Expr extent(const expr::Expr& given, const std::vector<graph::Type>& operands) const {
    const auto number = given.as_constant();
    if (!number) return given;
    for (const graph::Type& type : operands)
      for (const expr::Expr& e : type.shape)
        if (!e.as_constant() &&
            graph::specialize(graph::Shape{e}, {{"dim.n", kMarked}})[0].is_constant(*number))
          return e;
    return *number > 0 && *number % kMarked == 0 ? symbol() * (*number / kMarked) : given;
  }
  void convert(const graph::Node& node) {
    using graph::Op;
    std::vector<graph::ValueId> inputs;
    for (size_t i = 0; i < node.inputs.size(); ++i) inputs.push_back(operand(node, i));
    std::vector<graph::Type> types;
    for (const graph::ValueId value : inputs) types.push_back(to_.values[value].type);
    graph::Attributes attributes = node.attributes;
    const bool is_fixed = node.op == Op::resize || node.op == Op::winograd_output || node.op == Op::extents;
    std::visit(
        [&](auto& members) {
          members.fields(members, [&](std::string_view name, auto& member) {
            if constexpr (std::is_same_v<std::remove_cvref_t<decltype(member)>, graph::Shape>)
              for (expr::Expr& e : member)
                if (!is_fixed && name != "starts") e = extent(e, types);
          });
        },
        attributes);
    const auto type = graph::infer_type(node.op, types, attributes);
    // Frontends write out what a resize of open extents does.
    const auto is_open = [](const graph::Type& operand) { return !graph::constant_shape(operand.shape); };
    const bool fits = type && !(is_fixed && (is_open(*type) || std::ranges::any_of(types, is_open)));
    if (!fits) return input(node.output);
    const auto made = graph::add_node(to_, node.op, std::move(inputs), std::move(attributes),
                                      from_.values[node.output].name, node.source);
    if (made) made_[node.output] = *made;
    else input(node.output);
  }

  const graph::Graph& from_;
  graph::Graph to_;
  std::map<graph::ValueId, graph::ValueId> made_;
};

}  // namespace weft::testing

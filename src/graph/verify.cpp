// What must hold for every graph, after every pass.
#include <fmt/format.h>

#include <set>

#include "graph/ops.hpp"
#include "graph/text.hpp"
#include "graph/types.hpp"
#include "graph/verify_loops.hpp"

namespace weft::graph {
namespace {

// Expressions nest as deeply as their texts do; the parser of expressions bounds that at 200.
constexpr int kMaxNesting = 1000;

std::unexpected<Error> broken(std::string message, std::string node = {}) {
  return fail(ErrorKind::invalid_model, std::move(message), std::move(node));
}

/// What is wrong with an expression's variables; empty when they are the graph's symbols.
std::string variables_fault(const Graph& g, const expr::Expr& e, int depth = 0) {
  const expr::Node& n = e.node();
  if (depth > kMaxNesting) return "an expression is nested too deeply";
  if (n.kind == expr::Kind::variable) {
    const auto symbol = g.symbols.find(n.variable.name);
    if (symbol == g.symbols.end()) return fmt::format("{} is no symbol of the graph", expr::print(e));
    if (symbol->second != n.variable)
      return fmt::format("the range of {} is not its symbol's", expr::print(e));
  }
  std::string fault;
  for (size_t i = 0; fault.empty() && i < n.terms.size(); ++i)
    fault = variables_fault(g, n.terms[i].atom, depth + 1);
  for (size_t i = 0; fault.empty() && i < n.operands.size(); ++i)
    fault = variables_fault(g, n.operands[i], depth + 1);
  return fault;
}

std::string variables_fault(const Graph& g, const Shape& shape) {
  std::string fault;
  for (size_t i = 0; fault.empty() && i < shape.size(); ++i) fault = variables_fault(g, shape[i]);
  return fault;
}

std::string variables_fault(const Graph& g, const Attributes& attributes) {
  std::string fault;
  const auto look = [&](std::string_view, const auto& member) {
    if constexpr (std::is_same_v<std::remove_cvref_t<decltype(member)>, Shape>)
      if (fault.empty()) fault = variables_fault(g, member);
  };
  std::visit([&](const auto& a) { a.fields(a, look); }, attributes);
  return fault;
}

class Verifier {
 public:
  explicit Verifier(const Graph& g) : g_(g), defined_(g.values.size(), false) {}

  Result<void> run() {
    WEFT_TRY(symbols());
    WEFT_TRY(strings());
    WEFT_TRY(values());
    WEFT_TRY(inputs());
    for (const auto& [id, data] : g_.constants) WEFT_TRY(constant(id, data));
    for (const Node& n : g_.nodes) WEFT_TRY(node(n));
    WEFT_TRY(definitions());
    WEFT_TRY(checks());
    WEFT_TRY(outputs());
    return verify_loops(g_);
  }

 private:
  std::string name(ValueId id) const { return value_token(g_.values[id].name); }

  Result<void> symbols() const {
    for (const auto& [name, v] : g_.symbols) {
      if (name != v.name) return broken(fmt::format("the symbol `{}` is filed as `{}`", v.name, name));
      if (!v.range.min || *v.range.min < 0 || !v.range.max || *v.range.max > kMaxExtent ||
          *v.range.min > *v.range.max)
        return broken(fmt::format("the range of the symbol `{}` is not within [0, 2^40]", name));
      if (v.multiple_of < 1 || v.multiple_of > kMaxAmount)
        return broken(fmt::format("the symbol `{}` is a multiple of {}", name, v.multiple_of));
    }
    return {};
  }

  /// The empty string, then others; ports of strings have ids.
  Result<void> strings() const {
    std::set<std::string_view> seen;
    for (const std::string& text : g_.strings)
      if (!seen.insert(text).second) return broken("two strings of the graph are equal", text);
    if (!g_.strings.empty() && !g_.strings[0].empty()) return broken("the first string is not the empty one");
    for (const std::vector<Port>* ports : {&g_.inputs, &g_.outputs})
      for (const Port& port : *ports) {
        if (!port.is_string || port.value >= g_.values.size()) continue;
        if (g_.strings.empty()) return broken("there are strings, but not the empty one", port.name);
        if (g_.values[port.value].type.dtype != DType::i32)
          return broken("strings that are no i32", port.name);
      }
    return {};
  }

  Result<void> values() const {
    std::set<std::string_view> names;
    for (const Value& v : g_.values) {
      if (!names.insert(v.name).second) return broken("two values have this name", v.name);
      std::string fault = variables_fault(g_, v.type.shape);
      if (fault.empty()) fault = shape_fault(v.type.shape);
      if (!fault.empty()) return broken(to_string(v.type) + ": " + fault, v.name);
    }
    return {};
  }

  Result<void> define(ValueId id, std::string_view what) {
    if (id >= g_.values.size())
      return broken(fmt::format("{} defines value {} of {}", what, id, g_.values.size()));
    if (defined_[id])
      return broken(fmt::format("{} is defined again by {}", name(id), what), g_.values[id].name);
    defined_[id] = true;
    return {};
  }

  Result<void> inputs() {
    std::set<std::string_view> names;
    for (const Port& port : g_.inputs) {
      if (!names.insert(port.name).second) return broken("two inputs have this name", port.name);
      WEFT_TRY(define(port.value, "an input"));
    }
    return {};
  }

  Result<void> outputs() const {
    std::set<std::string_view> names;
    for (const Port& port : g_.outputs) {
      if (!names.insert(port.name).second) return broken("two outputs have this name", port.name);
      if (port.value >= g_.values.size() || !defined_[port.value])
        return broken("the output is a value that nothing defines", port.name);
    }
    return {};
  }

  /// What a symbol stands for is known before anything depends on it.
  Result<void> definitions() const {
    std::set<std::string_view> open;
    for (const Port& port : g_.definitions) {
      if (!g_.symbols.contains(port.name) || !open.insert(port.name).second)
        return broken("not a symbol, or defined twice", port.name);
      if (port.value >= g_.values.size() || !defined_[port.value])
        return broken("the symbol is a value that nothing defines", port.name);
      if (g_.values[port.value].type != Type{DType::i32, {}})
        return broken("the symbol's value is not an i32", port.name);
      if (g_.is_constant(port.value)) open.erase(port.name);
    }
    for (const Node& n : g_.nodes) {
      for (const std::string& name : symbols_of(g_, n))
        if (open.contains(name))
          return broken("depends on a symbol that is defined later: " + name, n.source);
      for (const Port& port : g_.definitions)
        if (port.value == n.output) open.erase(port.name);
    }
    return {};
  }

  Result<void> checks() const {
    for (const Check& check : g_.checks) {
      if (check.value >= g_.values.size() || !defined_[check.value])
        return broken("a check of a value that nothing defines", check.source);
      if (g_.values[check.value].type != Type{DType::i64, {}})
        return broken("a check of a value that is not an i64", check.source);
    }
    return {};
  }

  Result<void> constant(ValueId id, const ConstantData& data) {
    WEFT_TRY(define(id, "a constant"));
    const Value& v = g_.values[id];
    const auto shape = constant_shape(v.type.shape);
    if (!shape)
      return broken(fmt::format("the constant's shape {} is not constant", to_string(v.type.shape)), v.name);
    uint64_t bytes = byte_size(v.type.dtype);
    for (const int64_t extent : *shape) bytes *= static_cast<uint64_t>(extent);
    const auto* range = std::get_if<BlobRange>(&data);
    const auto* held = std::get_if<std::vector<uint8_t>>(&data);
    const uint64_t given = range ? range->bytes : held->size();
    if (given != bytes)
      return broken(fmt::format("the constant {} needs {} bytes and has {}", to_string(v.type), bytes, given),
                    v.name);
    if (range && range->offset + bytes < bytes)
      return broken("the constant's range of its blob overflows", v.name);
    if (held && v.type.dtype == DType::boolean)
      for (const uint8_t byte : *held)
        if (byte > 1) return broken(fmt::format("the constant holds {} as a boolean", byte), v.name);
    return {};
  }

  Result<void> operand(const Node& n, ValueId id) const {
    if (id >= g_.values.size())
      return broken(fmt::format("{} reads value {} of {}", info(n.op).name, id, g_.values.size()), n.source);
    if (defined_[id]) return {};
    for (const Node& other : g_.nodes)
      if (other.output == id)
        return broken(
            fmt::format("{} reads {}, which is defined later: the nodes form a cycle or are out of order",
                        info(n.op).name, name(id)),
            n.source);
    return broken(fmt::format("{} reads {}, which nothing defines", info(n.op).name, name(id)), n.source);
  }

  Result<void> node(const Node& n) {
    std::vector<Type> operands;
    for (const ValueId id : n.inputs) {
      WEFT_TRY(operand(n, id));
      operands.push_back(g_.values[id].type);
    }
    if (const std::string fault = variables_fault(g_, n.attributes); !fault.empty())
      return broken(fault, n.source);
    Result<Type> type = infer_type(n.op, operands, n.attributes);
    if (!type) return broken(type.error().message, n.source);
    WEFT_TRY(define(n.output, "a node"));
    const Type& stated = g_.values[n.output].type;
    if (stated.dtype != type->dtype || !same_shape(stated.shape, type->shape))
      return broken(fmt::format("{} is {}, but {} gives {}", name(n.output), to_string(stated),
                                info(n.op).name, to_string(*type)),
                    n.source);
    if (n.group < -1) return broken(fmt::format("{} is in group {}", name(n.output), n.group), n.source);
    return {};
  }

  const Graph& g_;
  std::vector<bool> defined_;
};

}  // namespace

Result<void> verify(const Graph& g) { return Verifier(g).run(); }

}  // namespace weft::graph

// The text form, as graph.hpp describes it.
#include <fmt/format.h>

#include <algorithm>

#include "graph/names.hpp"
#include "graph/text.hpp"
#include "graph/types.hpp"

namespace weft::graph {
namespace {

std::string text_of(bool value) { return value ? "true" : "false"; }
std::string text_of(const std::string& value) { return quoted(value); }
std::string text_of(int64_t value) { return std::to_string(value); }
std::string text_of(double value) { return print_double(value); }
std::string text_of(DType value) { return std::string(to_string(value)); }
std::string text_of(const expr::Expr& value) { return expr::print(value); }
template <class Enum>
  requires std::is_enum_v<Enum>
std::string text_of(Enum value) {
  return std::string(name_of(value));
}
template <class T>
std::string text_of(const std::vector<T>& list) {
  std::string out = "[";
  for (size_t i = 0; i < list.size(); ++i) {
    if (i > 0) out += ", ";
    out += text_of(list[i]);
  }
  return out + "]";
}

/// " {strides = [1, 1], …}", nothing for a struct without fields.
std::string text_of(const Attributes& attributes) {
  std::string out;
  std::visit(
      [&](const auto& a) {
        a.fields(a, [&](std::string_view name, const auto& member) {
          out += out.empty() ? " {" : ", ";
          (out += name) += " = " + text_of(member);
        });
      },
      attributes);
  return out.empty() ? out : out + "}";
}

std::string symbol_line(const expr::Variable& v) {
  return fmt::format("  symbol {} in [{}, {}] multiple of {}\n", expr::print(expr::variable(v.name)),
                     v.range.min ? std::to_string(*v.range.min) : "-inf",
                     v.range.max ? std::to_string(*v.range.max) : "inf", v.multiple_of);
}

class Printer {
 public:
  explicit Printer(const Graph& g) : g_(g) {}

  std::string run() {
    out_ = "graph " + quoted(g_.name) + " {\n";
    for (const auto& [name, variable] : g_.symbols) out_ += symbol_line(variable);
    strings();
    for (const Port& port : g_.inputs) input(port);
    for (const auto& [id, data] : g_.constants) constant(id, data);
    for (const Node& n : g_.nodes) {
      enter(n.loop);
      node(n);
    }
    enter(kNoLoop);
    for (const Port& port : g_.outputs)
      out_ += "  output " + quoted(port.name) + " = " + token(port.value) +
              (port.is_string ? " strings\n" : "\n");
    for (const Port& port : g_.definitions)
      out_ += "  define " + expr::print(expr::variable(port.name)) + " = " + token(port.value) + "\n";
    for (const Check& check : g_.checks)
      out_ += fmt::format("  check {} in [{}, {}] {} @ {}\n", token(check.value), expr::print(check.min),
                          expr::print(check.max), quoted(check.what), quoted(check.source));
    return out_ + "}\n";
  }

 private:
  // A broken graph prints too: into the message that says what is broken.
  std::string token(ValueId id) const {
    return id < g_.values.size() ? value_token(g_.values[id].name) : "%<none>";
  }
  std::string type(ValueId id) const {
    return id < g_.values.size() ? to_string(g_.values[id].type) : "<none>";
  }

  void input(const Port& port) {
    out_ += "  " + token(port.value) + " = input " + quoted(port.name) + " : " + type(port.value) +
            (port.is_string ? " strings\n" : "\n");
  }

  void strings() {
    if (g_.strings.empty()) return;
    out_ += "  strings {";
    for (size_t i = 0; i < g_.strings.size(); ++i) out_ += (i > 0 ? ", " : "") + quoted(g_.strings[i]);
    out_ += "}\n";
  }

  void constant(ValueId id, const ConstantData& data) {
    const std::string name = id < g_.values.size() ? g_.values[id].name : "";
    out_ += "  " + token(id) + " = constant " + quoted(name) + " : " + type(id) + " = ";
    if (const auto* range = std::get_if<BlobRange>(&data)) {
      out_ += fmt::format("blob {} @ {}", range->blob, range->offset);
    } else if (id < g_.values.size()) {
      out_ += '{';
      print_elements(g_.values[id].type.dtype, *std::get_if<std::vector<uint8_t>>(&data), out_);
      out_ += '}';
    }
    out_ += '\n';
  }

  std::string indent() const { return std::string(2 * open_.size() + 2, ' '); }

  /// Ends and begins loops, so that the innermost one is this.
  void enter(int32_t loop) {
    std::vector<int32_t> chain;
    for (int32_t l = loop;
         l >= 0 && static_cast<size_t>(l) < g_.loops.size() && chain.size() < g_.loops.size();
         l = g_.loops[static_cast<size_t>(l)].parent)
      chain.insert(chain.begin(), l);
    size_t common = 0;
    while (common < std::min(chain.size(), open_.size()) && chain[common] == open_[common]) ++common;
    while (open_.size() > common) leave();
    for (size_t i = common; i < chain.size(); ++i) {
      const Loop& begun = g_.loops[static_cast<size_t>(chain[i])];
      out_ += indent() + "loop " + expr::print(expr::variable(begun.index)) + " [" +
              expr::print(begun.trips) + "] {\n";
      open_.push_back(chain[i]);
    }
  }

  void leave() {
    const Loop& ended = g_.loops[static_cast<size_t>(open_.back())];
    for (const Carried& carried : ended.carried)
      out_ += indent() + "next " + token(carried.state) + " = " + token(carried.next) + "\n";
    if (ended.condition != kNoValue) out_ += indent() + "while " + token(ended.condition) + "\n";
    open_.pop_back();
    out_ += indent() + "}\n";
  }

  void node(const Node& n) {
    out_ += indent() + token(n.output) + " = " + std::string(info(n.op).name) + "(";
    for (size_t i = 0; i < n.inputs.size(); ++i) out_ += (i > 0 ? ", " : "") + token(n.inputs[i]);
    out_ += ")" + text_of(n.attributes) + " : " + type(n.output);
    if (!n.source.empty()) out_ += " @ " + quoted(n.source);
    if (n.group >= 0) out_ += " group " + std::to_string(n.group);
    out_ += '\n';
  }

  const Graph& g_;
  std::string out_;
  std::vector<int32_t> open_;  ///< loops, the outermost first
};

}  // namespace

std::string print(const Graph& g) { return Printer(g).run(); }

}  // namespace weft::graph

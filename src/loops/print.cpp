// The text form. Whatever the parser cannot infer is printed: types of leaves, lanes of broadcasts, targets
// of casts.
#include <fmt/format.h>

#include <cmath>
#include <map>
#include <utility>

#include "base/check.hpp"
#include "loops/lane.hpp"
#include "loops/text.hpp"

namespace weft::loops {
namespace {

bool is_identifier(std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  for (size_t i = 0; i < name.size(); ++i) {
    const bool dot = name[i] == '.' && i > 0 && i + 1 < name.size() && is_word(name[i + 1]);
    if (!is_word(name[i]) && !dot) return false;
  }
  return true;
}

std::string print_float(DType type, uint64_t bits) {
  const double value = lane_float(type, bits);
  if (value != value) return bits == float_lane(type, value) ? "nan" : fmt::format("bits {:#x}", bits);
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  return type == DType::f64 ? fmt::format("{}", value) : fmt::format("{}", static_cast<float>(value));
}

std::string print_bits(DType type, uint64_t bits) {
  if (is_float(type)) return print_float(type, bits);
  if (is_signed(type)) return fmt::format("{}", lane_integer(type, bits));
  return fmt::format("{}", bits);
}

class Printer {
 public:
  /// With `shares`, each value is printed once, and named by a number wherever it is used.
  explicit Printer(const std::vector<std::string>& names, bool shares = false)
      : names_(names), shares_(shares) {}

  std::string take() { return out_ + definitions_; }

  void value(const ValueNode& v) {
    if (!shares_) return tree(v);
    auto known = numbers_.find(&v);
    if (known == numbers_.end()) {
      std::string outer = std::exchange(out_, {});
      tree(v);
      const auto [number, added] = number_of_.emplace(out_, number_of_.size());
      if (added) definitions_ += fmt::format("#{} = {}\n", number->second, out_);
      out_ = std::move(outer);
      known = numbers_.emplace(&v, number->second).first;
    }
    out_ += fmt::format("#{}", known->second);
  }

  void tree(const ValueNode& v) {
    switch (v.op) {
      case ValueOp::constant:
        out_ += "constant " + to_string(v.type) + " " + print_bits(v.type.dtype, v.bits);
        return;
      case ValueOp::index: return index(v);
      case ValueOp::local: out_ += "local " + to_string(v.type) + " " + quoted_name(v.name); return;
      case ValueOp::access:
      case ValueOp::load: return memory(v);
      case ValueOp::cast:
      case ValueOp::bitcast: return prefixed(v, std::string(to_string(v.type.dtype)));
      case ValueOp::broadcast: return prefixed(v, std::to_string(v.type.lanes));
      case ValueOp::extract: return prefixed(v, std::to_string(v.bits));
      default: return call(v);
    }
  }

  void statement(const Statement& s, int depth) {
    out_.append(static_cast<size_t>(2 * depth), ' ');
    std::visit([&](const auto& node) { print_node(node, depth); }, s.node);
    out_ += '\n';
  }

  void kernel(const Kernel& k) {
    out_ += "kernel " + quoted(k.name) + " {\n";
    for (const auto& [name, symbol] : k.symbols)
      out_ += "  symbol " + name + " in " + range_text(symbol) + "\n";
    for (const Buffer& b : k.buffers) buffer(b);
    for (const Statement& s : k.body) statement(s, 1);
    out_ += "}\n";
  }

 private:
  std::string buffer_name(uint32_t buffer) const {
    return buffer < names_.size() ? quoted_name(names_[buffer]) : fmt::format("\"#{}\"", buffer);
  }

  void buffer(const Buffer& b) {
    out_ += fmt::format("  buffer {}: {}[{}] {}", quoted_name(b.name), to_string(b.dtype),
                        expr::print(b.elements), kSpaceNames[static_cast<size_t>(b.space)]);
    if (b.slack != 0) out_ += fmt::format(" slack {}", b.slack);
    out_ += '\n';
  }

  void index(const ValueNode& v) {
    out_ += "index " + to_string(v.type) + " (" + expr::print(v.indices[0]);
    if (v.type.lanes > 1) out_ += ", " + expr::print(v.indices[1]);
    out_ += ")";
  }

  void memory(const ValueNode& v) {
    out_ += fmt::format("{}{} {} {}[", info(v.op).name, v.predicate ? "_if" : "", to_string(v.type),
                        buffer_name(v.buffer));
    for (size_t i = 0; i < v.indices.size(); ++i) {
      if (i) out_ += ", ";
      out_ += expr::print(v.indices[i]);
    }
    out_ += ']';
    if (!v.predicate) return;
    out_ += " when " + expr::print(*v.predicate) + " else ";
    value(*v.operands[0]);
  }

  void prefixed(const ValueNode& v, const std::string& detail) {
    out_ += fmt::format("{} {} (", info(v.op).name, detail);
    value(*v.operands[0]);
    out_ += ')';
  }

  void call(const ValueNode& v) {
    out_ += info(v.op).name;
    out_ += '(';
    for (size_t i = 0; i < v.operands.size(); ++i) {
      if (i) out_ += ", ";
      value(*v.operands[i]);
    }
    out_ += ')';
  }

  void block(const Block& statements, int depth) {
    out_ += "{\n";
    for (const Statement& s : statements) statement(s, depth + 1);
    out_.append(static_cast<size_t>(2 * depth), ' ');
    out_ += '}';
  }

  void print_node(const For& loop, int depth) {
    out_ += fmt::format("for {} in 0..{} ", loop.variable, expr::print(loop.extent));
    if (loop.kind != ForKind::serial) out_ += fmt::format("{} ", kForNames[static_cast<size_t>(loop.kind)]);
    block(*loop.body, depth);
  }

  void print_node(const Store& store, int) {
    out_ += buffer_name(store.buffer) + "[" + expr::print(store.index) + "] = ";
    value(*store.value);
  }

  void print_node(const Let& let, int) {
    out_ += "let " + quoted_name(let.name) + " = ";
    value(*let.value);
  }

  void print_node(const LetIndex& let, int) {
    out_ += "index " + let.variable.name + " in " + range_text(let.variable) + " = ";
    value(*let.value);
  }

  void print_node(const If& node, int depth) {
    out_ += "if " + expr::print(node.condition) + " ";
    block(*node.then_block, depth);
    if (!node.else_block) return;
    out_ += " else ";
    block(*node.else_block, depth);
  }

  const std::vector<std::string>& names_;
  bool shares_;
  std::map<const ValueNode*, size_t> numbers_;
  std::map<std::string, size_t> number_of_;  ///< by a value's text, in which its parts are numbers
  std::string out_, definitions_;
};

}  // namespace

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20) out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    else out += c;
  }
  return out + "\"";
}

std::string quoted_name(std::string_view name) {
  if (!is_identifier(name)) return quoted(name);
  for (const std::string_view keyword : kStatementWords)
    if (name == keyword) return quoted(name);
  return std::string(name);
}

std::string range_text(const expr::Variable& v) {
  std::string text = v.range.min ? fmt::format("[{}, ", *v.range.min) : "[-inf, ";
  text += v.range.max ? fmt::format("{}]", *v.range.max) : "inf]";
  if (v.multiple_of != 1) text += fmt::format(" step {}", v.multiple_of);
  return text;
}

std::vector<std::string> buffer_names(const Kernel& kernel) {
  std::vector<std::string> names;
  names.reserve(kernel.buffers.size());
  for (const Buffer& b : kernel.buffers) names.push_back(b.name);
  return names;
}

std::string print(const Kernel& kernel) {
  const std::vector<std::string> names = buffer_names(kernel);
  Printer printer(names);
  printer.kernel(kernel);
  return printer.take();
}

std::string shared_text(const Kernel& kernel) {
  const std::vector<std::string> names = buffer_names(kernel);
  Printer printer(names, true);
  printer.kernel(kernel);
  return printer.take();
}

std::string print(const Statement& statement, const std::vector<std::string>& names) {
  Printer printer(names);
  printer.statement(statement, 0);
  return printer.take();
}

std::string print(const Value& value, const std::vector<std::string>& names) {
  if (!value) return "nothing";
  Printer printer(names);
  printer.value(*value);
  return printer.take();
}

}  // namespace weft::loops

#include "targets/wgsl/print_index.hpp"

#include <fmt/format.h>

#include "base/check.hpp"

namespace weft::wgsl {
namespace {

using expr::Expr;
using expr::Kind;

bool never_negative(const Expr& e) {
  const auto least = expr::bounds(e).min;
  return least && *least >= 0;
}

class Printer {
 public:
  explicit Printer(const IndexName& name) : name_(name) {}

  std::string index(const Expr& e) const {
    const expr::Node& node = e.node();
    switch (node.kind) {
      case Kind::constant: return literal(node.value);
      case Kind::variable: return name_(node.variable.name);
      case Kind::sum: return sum(node);
      case Kind::product: return joined(node, " * ");
      // WGSL divides towards zero.
      case Kind::floor_div: return divided(node, "/", "floor_div");
      case Kind::mod: return divided(node, "%", "floor_mod");
      case Kind::min: return call("min", node);
      case Kind::max: return call("max", node);
      case Kind::select:
        return fmt::format("select({}, {}, {})", index(node.operands[2]), index(node.operands[1]),
                           condition(node.operands[0]));
      default: return fmt::format("select(0i, 1i, {})", condition(e));
    }
  }

  std::string condition(const Expr& e) const {
    const expr::Node& node = e.node();
    switch (node.kind) {
      case Kind::less: return joined(node, " < ");
      case Kind::less_equal: return joined(node, " <= ");
      case Kind::equal: return joined(node, " == ");
      case Kind::logical_and:
        return fmt::format("({} && {})", condition(node.operands[0]), condition(node.operands[1]));
      case Kind::logical_or:
        return fmt::format("({} || {})", condition(node.operands[0]), condition(node.operands[1]));
      case Kind::logical_not: return fmt::format("!{}", condition(node.operands[0]));
      default: return fmt::format("({} != 0)", index(e));
    }
  }

 private:
  static std::string literal(int64_t value) {
    WEFT_CHECK(value > INT32_MIN && value <= INT32_MAX, "an index that no i32 holds");
    return value < 0 ? fmt::format("({})", value) : std::to_string(value);
  }

  std::string sum(const expr::Node& node) const {
    std::string text;
    for (const expr::Term& term : node.terms) {
      if (!text.empty()) text += " + ";
      if (term.coefficient != 1) text += literal(term.coefficient) + " * ";
      text += index(term.atom);
    }
    if (node.value != 0) text += " + " + literal(node.value);
    return "(" + text + ")";
  }

  std::string joined(const expr::Node& node, std::string_view separator) const {
    std::string text;
    for (const Expr& operand : node.operands) {
      if (!text.empty()) text += separator;
      text += index(operand);
    }
    return "(" + text + ")";
  }

  std::string divided(const expr::Node& node, std::string_view sign, std::string_view helper) const {
    if (!never_negative(node.operands[0])) return call(helper, node);
    return fmt::format("({} {} {})", index(node.operands[0]), sign, index(node.operands[1]));
  }

  std::string call(std::string_view function, const expr::Node& node) const {
    return fmt::format("{}({}, {})", function, index(node.operands[0]), index(node.operands[1]));
  }

  const IndexName& name_;
};

}  // namespace

std::string print_index(const Expr& e, const IndexName& name) { return Printer(name).index(e); }
std::string print_condition(const Expr& e, const IndexName& name) { return Printer(name).condition(e); }

}  // namespace weft::wgsl

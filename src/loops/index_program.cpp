#include "loops/index_program.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace weft::loops {

using expr::Kind;

uint32_t IndexProgram::add(const expr::Expr& e, const Slots& slots) {
  const expr::Node& source = e.node();
  Node node{source.kind, source.value, 0, {}, {}};
  if (source.kind == Kind::variable) {
    const auto slot = slots.find(source.variable.name);
    WEFT_CHECK(slot != slots.end(), source.variable.name);
    node.slot = slot->second;
  }
  for (const expr::Term& t : source.terms) {
    const uint32_t atom = add(t.atom, slots);
    node.terms.push_back({t.coefficient, atom});
  }
  for (const expr::Expr& operand : source.operands) node.operands.push_back(add(operand, slots));
  nodes_.push_back(std::move(node));
  return static_cast<uint32_t>(nodes_.size() - 1);
}

int64_t IndexProgram::run(uint32_t number, const std::vector<int64_t>& values) const {
  const Node& node = nodes_[number];
  switch (node.kind) {
    case Kind::constant: return node.value;
    case Kind::variable: return values[node.slot];
    case Kind::sum: {
      int64_t sum = node.value;
      for (const Term& t : node.terms) sum += t.coefficient * run(t.node, values);
      return sum;
    }
    case Kind::product: {
      int64_t result = 1;
      for (const uint32_t operand : node.operands) result *= run(operand, values);
      return result;
    }
    default: return run_operation(node, values);
  }
}

int64_t IndexProgram::run_operation(const Node& node, const std::vector<int64_t>& values) const {
  const int64_t a = run(node.operands[0], values);
  if (node.kind == Kind::logical_not) return a == 0;
  if (node.kind == Kind::select) return run(node.operands[a != 0 ? 1 : 2], values);
  // The conditions before a division may be what keeps its divisor positive.
  if (node.kind == Kind::logical_and && a == 0) return 0;
  if (node.kind == Kind::logical_or && a != 0) return 1;
  const int64_t b = run(node.operands[1], values);
  switch (node.kind) {
    case Kind::floor_div: WEFT_CHECK(b > 0, "a divisor of an index"); return a / b - (a % b < 0);
    case Kind::mod: WEFT_CHECK(b > 0, "a divisor of an index"); return a % b + (a % b < 0 ? b : 0);
    case Kind::min: return std::min(a, b);
    case Kind::max: return std::max(a, b);
    case Kind::less: return a < b;
    case Kind::less_equal: return a <= b;
    case Kind::equal: return a == b;
    case Kind::logical_and:
    case Kind::logical_or: return b != 0;
    default: WEFT_UNREACHABLE("kind of an index expression");
  }
}

}  // namespace weft::loops

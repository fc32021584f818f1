#include <vector>

#include "expr/integer.hpp"
#include "expr/node.hpp"

namespace weft::expr {
namespace {

void collect(const Node& n, std::set<std::string>& names) {
  if (n.kind == Kind::variable) names.insert(n.variable.name);
  for (const Term& t : n.terms) collect(t.atom.node(), names);
  for (const Expr& e : n.operands) collect(e.node(), names);
}

bool uses_name(const Node& n, std::string_view name) {
  if (n.kind == Kind::variable) return n.variable.name == name;
  for (const Term& t : n.terms)
    if (uses_name(t.atom.node(), name)) return true;
  for (const Expr& e : n.operands)
    if (uses_name(e.node(), name)) return true;
  return false;
}

bool is_variable(const Expr& e, std::string_view name) {
  return e.kind() == Kind::variable && e.node().variable.name == name;
}

/// The other factors of an atom that holds the variable as a factor once; nullopt when it holds it otherwise.
std::optional<Expr> cofactor(const Expr& atom, std::string_view name) {
  bool found = false;
  std::vector<Expr> others;
  for (const Expr& f : factors(atom)) {
    if (!found && is_variable(f, name)) found = true;
    else if (uses_name(f.node(), name)) return std::nullopt;
    else others.push_back(f);
  }
  if (!found) return std::nullopt;
  if (others.empty()) return Expr(1);
  return make_product(std::move(others));
}

Expr rebuild(Kind kind, const std::vector<Expr>& op) {
  switch (kind) {
    case Kind::product: return product(op);
    case Kind::floor_div: return floor_div(op[0], op[1]);
    case Kind::mod: return mod(op[0], op[1]);
    case Kind::min: return min(op[0], op[1]);
    case Kind::max: return max(op[0], op[1]);
    case Kind::less: return less(op[0], op[1]);
    case Kind::less_equal: return less_equal(op[0], op[1]);
    case Kind::equal: return equal(op[0], op[1]);
    case Kind::logical_and: return logical_and(op[0], op[1]);
    case Kind::logical_or: return logical_or(op[0], op[1]);
    case Kind::logical_not: return logical_not(op[0]);
    case Kind::select: return select(op[0], op[1], op[2]);
    case Kind::constant:
    case Kind::variable:
    case Kind::sum: break;
  }
  WEFT_UNREACHABLE("a kind without operands");
}

}  // namespace

std::set<std::string> variables(const Expr& e) {
  std::set<std::string> names;
  collect(e.node(), names);
  return names;
}

bool uses(const Expr& e, std::string_view name) { return uses_name(e.node(), name); }

std::optional<Split> split_linear(const Expr& e, std::string_view name) {
  const Linear l = linear(e);
  Linear coefficient, rest{l.constant, {}};
  for (const Term& t : l.terms) {
    if (!uses_name(t.atom.node(), name)) {
      rest.terms.push_back(t);
      continue;
    }
    const auto other = cofactor(t.atom, name);
    if (!other) return std::nullopt;
    add_scaled(coefficient, *other, t.coefficient);
  }
  return Split{make_sum(std::move(coefficient)), make_sum(std::move(rest))};
}

Expr substitute(const Expr& e, const std::map<std::string, Expr, std::less<>>& bindings) {
  const Node& n = e.node();
  if (n.kind == Kind::variable) {
    const auto at = bindings.find(n.variable.name);
    return at == bindings.end() ? e : at->second;
  }
  bool changed = false;
  if (n.kind == Kind::sum) {
    Linear l{n.value, {}};
    for (const Term& t : n.terms) {
      const Expr atom = substitute(t.atom, bindings);
      changed |= &atom.node() != &t.atom.node();
      add_scaled(l, atom, t.coefficient);
    }
    return changed ? make_sum(std::move(l)) : e;
  }
  std::vector<Expr> operands;
  operands.reserve(n.operands.size());
  for (const Expr& op : n.operands) {
    operands.push_back(substitute(op, bindings));
    changed |= &operands.back().node() != &op.node();
  }
  return changed ? rebuild(n.kind, operands) : e;
}

}  // namespace weft::expr

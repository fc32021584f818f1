#include "loops/facts.hpp"

#include <string>

namespace weft::loops {
namespace {

using expr::Expr;
using expr::Kind;

constexpr int kMaxFactsInAProof = 5;
constexpr int kMaxAttempts = 400;

bool bounded_below(const Expr& e) {
  const auto least = expr::bounds(e).min;
  return least && *least >= 0;
}

// The factors with which subtracting `fact` from `goal` cancels one of the fact's terms.
std::vector<Expr> cancelling_factors(const Expr& goal, const Expr& fact) {
  std::vector<Expr> factors;
  const expr::Linear g = expr::linear(goal), f = expr::linear(fact);
  for (const expr::Term& t : f.terms) {
    for (const expr::Term& u : g.terms)
      if (u.coefficient % t.coefficient == 0 && u.coefficient / t.coefficient > 0 && u.atom == t.atom)
        factors.push_back(Expr(u.coefficient / t.coefficient));
    if (t.atom.kind() != Kind::variable || (t.coefficient != 1 && t.coefficient != -1)) continue;
    const auto split = expr::split_linear(goal, t.atom.node().variable.name);
    if (!split || split->coefficient.as_constant()) continue;
    const Expr factor = t.coefficient == 1 ? split->coefficient : -split->coefficient;
    if (bounded_below(factor)) factors.push_back(factor);
  }
  return factors;
}

}  // namespace

void Facts::assume_condition(const Expr& condition, bool negated) {
  const auto& operands = condition.node().operands;
  switch (condition.kind()) {
    case Kind::less:
      if (negated) assume(operands[0] - operands[1]);
      else assume(operands[1] - operands[0] - Expr(1));
      return;
    case Kind::less_equal:
      if (negated) assume(operands[0] - operands[1] - Expr(1));
      else assume(operands[1] - operands[0]);
      return;
    case Kind::equal:
      if (negated) return;
      assume(operands[1] - operands[0]);
      assume(operands[0] - operands[1]);
      return;
    case Kind::logical_and:
    case Kind::logical_or:
      if ((condition.kind() == Kind::logical_or) != negated) return;
      for (const Expr& e : operands) assume_condition(e, negated);
      return;
    case Kind::logical_not: assume_condition(operands[0], !negated); return;
    default: return;
  }
}

bool Facts::proves(const Expr& goal) const {
  if (bounded_below(goal)) return true;
  if (expr::always(expr::less_equal(Expr(0), goal))) return true;
  int budget = kMaxAttempts;
  return search(goal, 0, budget);
}

bool Facts::search(const Expr& goal, int depth, int& budget) const {
  if (bounded_below(goal)) return true;
  if (depth == kMaxFactsInAProof) return false;
  // The innermost scope's facts come last and are the likeliest to help.
  for (size_t i = known_.size(); i-- > 0;) {
    for (const Expr& factor : cancelling_factors(goal, known_[i])) {
      if (--budget < 0) return false;
      if (search(goal - factor * known_[i], depth + 1, budget)) return true;
    }
  }
  return depth > 0 && expr::always(expr::less_equal(Expr(0), goal));
}

}  // namespace weft::loops

#include "loops/facts.hpp"

#include <algorithm>
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

bool has_constant_divisor(const Expr& e) {
  return (e.kind() == Kind::floor_div || e.kind() == Kind::mod) && e.node().operands[1].as_constant();
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
  if (search(goal, 0, budget)) return true;
  std::vector<std::pair<Expr, Expr>> names;
  const Expr narrow = narrowed(goal, names);
  return !names.empty() && search(narrow, 0, budget = kMaxAttempts);
}

expr::Interval Facts::range(const Expr& e) const {
  expr::Interval range = expr::bounds(e);
  for (const Expr& fact : known_) {
    // fact >= 0, so e - fact <= e <= e + fact.
    const auto least = expr::bounds(e - fact).min, most = expr::bounds(e + fact).max;
    if (least && (!range.min || *least > *range.min)) range.min = least;
    if (most && (!range.max || *most < *range.max)) range.max = most;
  }
  return range;
}

Expr Facts::narrowed(const Expr& e, std::vector<std::pair<Expr, Expr>>& names) const {
  if (has_constant_divisor(e)) {
    const Expr& dividend = e.node().operands[0];
    const Expr& divisor = e.node().operands[1];
    Expr inner = narrowed(dividend, names);
    const auto named = std::ranges::find(names, dividend, &std::pair<Expr, Expr>::first);
    const expr::Interval all = expr::bounds(inner), now = range(dividend);
    if (named != names.end()) {
      inner = named->second;
    } else if (now.min && now.max && *now.min <= *now.max &&
               (now.min > all.min || !all.max || *now.max < *all.max)) {
      inner = expr::variable("narrowed." + std::to_string(names.size()), now);
      names.emplace_back(dividend, inner);
    }
    return e.kind() == Kind::mod ? expr::mod(inner, divisor) : expr::floor_div(inner, divisor);
  }
  if (e.kind() != Kind::sum) return e;
  const expr::Linear parts = expr::linear(e);
  Expr sum(parts.constant);
  for (const expr::Term& term : parts.terms) sum = sum + Expr(term.coefficient) * narrowed(term.atom, names);
  return sum;
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

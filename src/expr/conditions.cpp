// Comparisons, logic, select.
//
// a < b and a <= b are one question, d >= 0 for d = b - a - 1 or b - a. Its one form: the constant rounded
// down to a multiple of what divides the terms and that factor removed; terms with negative coefficients on
// the left, the others with the constant on the right, as `left < right`; `constant <= right` where nothing
// is left. d that is at most 0 asks for d == 0.
#include <algorithm>

#include "expr/integer.hpp"
#include "expr/node.hpp"

namespace weft::expr {
namespace {

Expr is_zero(Linear d);

/// What divides every term, whatever the variables.
int64_t terms_divisor(const Linear& d) {
  int64_t g = 0;
  for (const Term& t : d.terms)
    g = std::gcd(g, try_mul(t.coefficient, t.atom.node().divisor).value_or(t.coefficient));
  return g;
}

void divide(Linear& d, int64_t g) {
  for (Term& t : d.terms) t.coefficient /= g;
  d.constant = floor_div_int(d.constant, g);
}

/// The terms of one sign, taken positive.
Linear side(const Linear& d, int64_t sign) {
  Linear l;
  for (const Term& t : d.terms)
    if ((t.coefficient > 0) == (sign > 0)) l.terms.push_back({t.coefficient * sign, t.atom});
  return l;
}

// d >= 0
Expr is_not_negative(Linear d) {
  if (d.terms.empty()) return Expr(d.constant >= 0 ? 1 : 0);
  const int64_t step = terms_divisor(d);
  d.constant = mul_int(floor_div_int(d.constant, step), step);
  divide(d, coefficient_gcd(d));
  const Interval range = tight_bounds(d);
  if (range.min && *range.min >= 0) return Expr(1);
  if (range.max && *range.max < 0) return Expr(0);
  if (range.max && *range.max == 0) return is_zero(std::move(d));
  Linear left = side(d, -1), right = side(d, 1);
  right.constant = d.constant;
  if (left.terms.empty()) {
    right.constant = 0;
    return make_node(Kind::less_equal, {Expr(-d.constant), make_sum(std::move(right))});
  }
  right.constant = add_int(right.constant, 1);
  const Expr low = make_sum(std::move(left));
  return make_node(Kind::less, {low, make_sum(std::move(right))});
}

// d == 0
Expr is_zero(Linear d) {
  if (d.terms.empty()) return Expr(d.constant == 0 ? 1 : 0);
  if (d.constant % terms_divisor(d) != 0) return Expr(0);
  divide(d, coefficient_gcd(d));
  const Interval range = tight_bounds(d);
  if ((range.min && *range.min > 0) || (range.max && *range.max < 0)) return Expr(0);
  if (range == point(0)) return Expr(1);
  if (d.terms[0].coefficient < 0) scale(d, -1);
  if (d.terms.size() == 1 && d.terms[0].coefficient == 1 && is_boolean(d.terms[0].atom.kind()))
    return d.constant == 0 ? logical_not(d.terms[0].atom) : d.terms[0].atom;
  Linear left = side(d, 1), right = side(d, -1);
  right.constant = -d.constant;
  const Expr a = make_sum(std::move(left));
  return make_node(Kind::equal, {a, make_sum(std::move(right))});
}

void flatten(Kind kind, const Expr& e, std::vector<Expr>& out) {
  // As a boolean it may turn out to be of this kind: 2 * (p || q) is p || q.
  const Expr b = to_boolean(e);
  if (b.kind() != kind) return out.push_back(b);
  flatten(kind, b.node().operands[0], out);
  flatten(kind, b.node().operands[1], out);
}

// `absorbing` decides the whole: 0 for and, 1 for or.
Expr combine(Kind kind, const Expr& a, const Expr& b, int64_t absorbing) {
  std::vector<Expr> all, kept;
  flatten(kind, a, all);
  flatten(kind, b, all);
  for (const Expr& e : all) {
    if (e.is_constant(absorbing)) return e;
    if (!e.as_constant()) kept.push_back(e);
  }
  std::sort(kept.begin(), kept.end(), [](const Expr& x, const Expr& y) { return compare(x, y) < 0; });
  kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
  if (kept.empty()) return Expr(1 - absorbing);
  if (kept.size() == 1) return kept[0];
  for (const Expr& e : kept) {
    const Expr opposite = logical_not(e);
    if (std::find(kept.begin(), kept.end(), opposite) != kept.end()) return Expr(absorbing);
  }
  Expr r = kept[0];
  for (size_t i = 1; i < kept.size(); ++i) r = make_node(kind, {r, kept[i]});
  return r;
}

}  // namespace

Expr less(const Expr& a, const Expr& b) {
  Linear d = difference(b, a);
  d.constant = add_int(d.constant, -1);
  return is_not_negative(std::move(d));
}

Expr less_equal(const Expr& a, const Expr& b) { return is_not_negative(difference(b, a)); }

Expr equal(const Expr& a, const Expr& b) { return is_zero(difference(b, a)); }

Expr to_boolean(const Expr& e) {
  if (is_boolean(e.kind())) return e;
  if (const auto c = e.as_constant()) return Expr(*c != 0 ? 1 : 0);
  const Expr zero = equal(e, Expr(0));
  return logical_not(zero);
}

Expr logical_and(const Expr& a, const Expr& b) { return combine(Kind::logical_and, a, b, 0); }

Expr logical_or(const Expr& a, const Expr& b) { return combine(Kind::logical_or, a, b, 1); }

Expr logical_not(const Expr& a) {
  const auto& op = a.node().operands;
  switch (a.kind()) {
    case Kind::constant: return Expr(a.is_constant(0) ? 1 : 0);
    case Kind::less: return less_equal(op[1], op[0]);
    case Kind::less_equal: return less(op[1], op[0]);
    case Kind::logical_not: return op[0];
    case Kind::logical_and:
    case Kind::logical_or: return make_node(Kind::logical_not, {a});
    case Kind::equal: break;
    default: return equal(a, Expr(0));
  }
  // Where d is on one side of 0, d != 0 is a comparison.
  Linear d = difference(op[0], op[1]);
  const Interval range = tight_bounds(d);
  if (range.min && *range.min >= 0) {
    d.constant = add_int(d.constant, -1);
    return is_not_negative(std::move(d));
  }
  if (range.max && *range.max <= 0) {
    scale(d, -1);
    d.constant = add_int(d.constant, -1);
    return is_not_negative(std::move(d));
  }
  return make_node(Kind::logical_not, {a});
}

Expr select(const Expr& condition, const Expr& a, const Expr& b) {
  const Expr c = to_boolean(condition);
  if (const auto v = c.as_constant()) return *v != 0 ? a : b;
  if (c.kind() == Kind::logical_not) return select(c.node().operands[0], b, a);
  // An arm that asks the same again is the arm that it takes there.
  if (a.kind() == Kind::select && a.node().operands[0] == c) return select(c, a.node().operands[1], b);
  if (b.kind() == Kind::select && b.node().operands[0] == c) return select(c, a, b.node().operands[2]);
  if (a == b) return a;
  if (a.is_constant(1) && b.is_constant(0)) return c;
  if (a.is_constant(0) && b.is_constant(1)) return logical_not(c);
  return make_node(Kind::select, {c, a, b});
}

}  // namespace weft::expr

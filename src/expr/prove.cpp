// Bounds that see through min, max, select and divisions, and the conditions that they decide.
#include "expr/integer.hpp"
#include "expr/node.hpp"

namespace weft::expr {
namespace {

// l with one term's atom replaced by e.
Linear replaced(const Linear& l, size_t term, const Expr& e) {
  Linear r = l;
  const int64_t k = r.terms[term].coefficient;
  r.terms.erase(r.terms.begin() + static_cast<std::ptrdiff_t>(term));
  add_scaled(r, e, k);
  return r;
}

// k * min(a, b) is one of k * a and k * b: the lesser for k > 0, else the greater.
Interval through_extremum(const Linear& l, size_t term, int depth) {
  const Term& t = l.terms[term];
  const Interval a = tight_bounds(replaced(l, term, t.atom.node().operands[0]), depth);
  const Interval b = tight_bounds(replaced(l, term, t.atom.node().operands[1]), depth);
  Interval r = hull(a, b);
  if ((t.atom.kind() == Kind::min) == (t.coefficient > 0)) {
    r.max = !a.max ? b.max : !b.max ? a.max : std::min(*a.max, *b.max);
  } else {
    r.min = !a.min ? b.min : !b.min ? a.min : std::max(*a.min, *b.min);
  }
  return r;
}

Interval through_select(const Linear& l, size_t term, int depth) {
  const auto& op = l.terms[term].atom.node().operands;
  return hull(tight_bounds(replaced(l, term, op[1]), depth), tight_bounds(replaced(l, term, op[2]), depth));
}

// d * floor_div(x, d) is x less something in [0, d): bounds d * l, divides.
Interval through_floor_div(const Linear& l, size_t term, int depth) {
  const Term& t = l.terms[term];
  const Expr& x = t.atom.node().operands[0];
  const int64_t d = *t.atom.node().operands[1].as_constant();
  constexpr int64_t kLimit = int64_t{1} << 20;
  if (d > kLimit || linear(x).terms.size() > 16) return {};
  for (const Term& u : l.terms)
    if (u.coefficient > kLimit * kLimit || u.coefficient < -kLimit * kLimit) return {};
  if (l.constant > kLimit * kLimit || l.constant < -kLimit * kLimit) return {};
  Linear r = l;
  r.terms.erase(r.terms.begin() + static_cast<std::ptrdiff_t>(term));
  scale(r, d);
  add_scaled(r, x, t.coefficient);
  const Interval slack = scale({-(d - 1), 0}, t.coefficient);
  const Interval b = add(tight_bounds(r, depth), slack);
  Interval out;
  if (b.min) out.min = ceil_div_int(*b.min, d);
  if (b.max) out.max = floor_div_int(*b.max, d);
  return out;
}

// mod(x, b) is in [0, b - 1].
Interval through_mod(const Linear& l, size_t term, int depth) {
  const Term& t = l.terms[term];
  const Interval zero = tight_bounds(replaced(l, term, Expr(0)), depth);
  const Interval most = tight_bounds(replaced(l, term, t.atom.node().operands[1] - Expr(1)), depth);
  if (t.coefficient > 0) return {zero.min, most.max};
  return {most.min, zero.max};
}

}  // namespace

Interval tight_bounds(const Linear& l, int depth) {
  Interval r = linear_bounds(l);
  if (depth == 0 || l.terms.size() < 2) return r;
  for (size_t i = 0; i < l.terms.size(); ++i) {
    const Node& n = l.terms[i].atom.node();
    switch (n.kind) {
      case Kind::min:
      case Kind::max: r = intersect(r, through_extremum(l, i, depth - 1)); break;
      case Kind::select: r = intersect(r, through_select(l, i, depth - 1)); break;
      case Kind::floor_div:
        if (n.operands[1].as_constant()) r = intersect(r, through_floor_div(l, i, depth - 1));
        break;
      case Kind::mod:
        if (!n.operands[1].as_constant()) r = intersect(r, through_mod(l, i, depth - 1));
        break;
      default: break;
    }
  }
  return r;
}

namespace {

std::optional<bool> prove_comparison(const Expr& e) {
  const Node& n = e.node();
  Linear d = difference(n.operands[1], n.operands[0]);
  if (n.kind == Kind::less) d.constant = add_int(d.constant, -1);
  const Interval range = tight_bounds(d, 4);
  if (n.kind == Kind::equal) {
    if (range == point(0)) return true;
    if ((range.min && *range.min > 0) || (range.max && *range.max < 0)) return false;
    return std::nullopt;
  }
  if (range.min && *range.min >= 0) return true;
  if (range.max && *range.max < 0) return false;
  return std::nullopt;
}

}  // namespace

std::optional<bool> prove(const Expr& e) {
  const Node& n = e.node();
  switch (n.kind) {
    case Kind::constant: return n.value != 0;
    case Kind::less:
    case Kind::less_equal:
    case Kind::equal: return prove_comparison(e);
    case Kind::logical_not: {
      const auto inner = prove(n.operands[0]);
      if (!inner) return std::nullopt;
      return !*inner;
    }
    case Kind::logical_and:
    case Kind::logical_or: {
      const bool decisive = n.kind == Kind::logical_or;
      const auto a = prove(n.operands[0]);
      if (a == decisive) return decisive;
      const auto b = prove(n.operands[1]);
      if (b == decisive) return decisive;
      if (a && b) return !decisive;
      return std::nullopt;
    }
    default: break;
  }
  const Interval range = tight_bounds(linear(e));
  if ((range.min && *range.min > 0) || (range.max && *range.max < 0)) return true;
  if (range == point(0)) return false;
  return std::nullopt;
}

}  // namespace weft::expr

// min and max: decided by the bounds of the difference; a chain of them is kept sorted, constants last,
// without duplicates.
#include <algorithm>

#include "expr/integer.hpp"
#include "expr/node.hpp"

namespace weft::expr {
namespace {

// k * min(a, b) + c is min(k * a + c, k * b + c) for k > 0.
void flatten(Kind kind, const Expr& e, std::vector<Expr>& out) {
  const Node& n = e.node();
  if (n.kind == kind) {
    flatten(kind, n.operands[0], out);
    flatten(kind, n.operands[1], out);
  } else if (n.terms.size() == 1 && n.terms[0].coefficient > 0 && n.terms[0].atom.kind() == kind) {
    for (const Expr& op : n.terms[0].atom.node().operands) {
      const Expr scaled = op * Expr(n.terms[0].coefficient) + Expr(n.value);
      flatten(kind, scaled, out);
    }
  } else {
    out.push_back(e);
  }
}

/// The one of a and b that the result always is, when bounds tell.
const Expr* winner(Kind kind, const Expr& a, const Expr& b) {
  const Interval d = tight_bounds(difference(b, a), 1);
  if (d.min && *d.min >= 0) return kind == Kind::min ? &a : &b;
  if (d.max && *d.max <= 0) return kind == Kind::min ? &b : &a;
  return nullptr;
}

// Adds `e` to what is already undecided among itself.
void insert(Kind kind, const Expr& e, std::vector<Expr>& kept) {
  for (size_t i = 0; i < kept.size();) {
    const Expr* w = winner(kind, kept[i], e);
    if (w == &kept[i]) return;
    if (w) kept.erase(kept.begin() + static_cast<std::ptrdiff_t>(i));
    else ++i;
  }
  kept.push_back(e);
}

bool constants_last(const Expr& a, const Expr& b) {
  const bool x = a.kind() == Kind::constant, y = b.kind() == Kind::constant;
  if (x != y) return y;
  return compare(a, b) < 0;
}

int64_t common_factor(const std::vector<Expr>& all) {
  int64_t g = 0;
  for (const Expr& e : all) {
    const Linear l = linear(e);
    g = std::gcd(std::gcd(g, l.constant), coefficient_gcd(l));
  }
  return g;
}

Expr divided(const Expr& e, int64_t g) {
  Linear l = linear(e);
  l.constant /= g;
  for (Term& t : l.terms) t.coefficient /= g;
  return make_sum(std::move(l));
}

Expr extremum(Kind kind, const Expr& a, const Expr& b) {
  const auto x = a.as_constant(), y = b.as_constant();
  if (x && y) return Expr(kind == Kind::min ? std::min(*x, *y) : std::max(*x, *y));
  std::vector<Expr> all, kept;
  flatten(kind, a, all);
  flatten(kind, b, all);
  for (const Expr& e : all) insert(kind, e, kept);
  if (kept.size() == 1) return kept[0];
  if (const int64_t g = common_factor(kept); g > 1) {
    Expr r = divided(kept[0], g);
    for (size_t i = 1; i < kept.size(); ++i) r = extremum(kind, r, divided(kept[i], g));
    return r * Expr(g);
  }
  std::sort(kept.begin(), kept.end(), constants_last);
  Expr r = kept[0];
  for (size_t i = 1; i < kept.size(); ++i) r = make_node(kind, {r, kept[i]});
  return r;
}

}  // namespace

Expr min(const Expr& a, const Expr& b) { return extremum(Kind::min, a, b); }
Expr max(const Expr& a, const Expr& b) { return extremum(Kind::max, a, b); }

}  // namespace weft::expr

// Bounds of sums of products. Term by term, h*w - h - w + 1 has none for h, w >= 2. With each factor written
// from one of its ends, h = 2 + h' with h' >= 0, it is 1 + h' + w' + h'*w': at least 1. (Handelman's and
// Bernstein's forms use the same substitution.)
#include <vector>

#include "expr/integer.hpp"
#include "expr/node.hpp"

namespace weft::expr {
namespace {

constexpr size_t kMaxDegree = 4, kMaxMonomials = 64;

/// coefficient * product of the distances of factors from their ends.
struct Monomial {
  int64_t coefficient;
  std::vector<Expr> distances;
};

/// e = end + sign * distance with distance >= 0; without an end, the distance is e itself and may be
/// negative.
struct Shift {
  int64_t end = 0, sign = 1;
};

Shift shift_of(const Expr& e, bool from_below) {
  const Interval& b = e.node().bounds;
  if (b.min && (from_below || !b.max)) return {*b.min, 1};
  if (b.max) return {*b.max, -1};
  return {};
}

Interval distance_bounds(const Expr& e) {
  const Interval& b = e.node().bounds;
  if (!b.min && !b.max) return {};
  if (!b.min || !b.max) return {0, std::nullopt};
  int64_t width = 0;
  if (__builtin_sub_overflow(*b.max, *b.min, &width)) return {0, std::nullopt};
  return {0, width};
}

bool same_factors(const std::vector<Expr>& a, const std::vector<Expr>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i)
    if (compare(a[i], b[i]) != 0) return false;
  return true;
}

bool accumulate(std::vector<Monomial>& all, Monomial m) {
  for (Monomial& old : all) {
    if (!same_factors(old.distances, m.distances)) continue;
    const auto c = try_add(old.coefficient, m.coefficient);
    if (!c) return false;
    old.coefficient = *c;
    return true;
  }
  all.push_back(std::move(m));
  return all.size() <= kMaxMonomials;
}

// Multiplies one term out; false when it overflows or grows too large.
bool expand(std::vector<Monomial>& all, const Term& t, bool from_below) {
  const auto parts = factors(t.atom);
  if (parts.size() > kMaxDegree) return false;
  for (uint32_t chosen = 0; chosen < (1u << parts.size()); ++chosen) {
    Monomial m{t.coefficient, {}};
    for (size_t i = 0; i < parts.size() && m.coefficient != 0; ++i) {
      const Shift s = shift_of(parts[i], from_below);
      const bool distance = (chosen >> i & 1) != 0;
      const auto c = try_mul(m.coefficient, distance ? s.sign : s.end);
      if (!c) return false;
      m.coefficient = *c;
      if (distance) m.distances.push_back(parts[i]);
    }
    if (m.coefficient != 0 && !accumulate(all, std::move(m))) return false;
  }
  return true;
}

Interval monomial_bounds(const Monomial& m) {
  Interval r = point(1);
  for (const Expr& e : m.distances) {
    const Interval d = distance_bounds(e);
    if (!d.min) return {};
    const auto most = r.max && d.max ? try_mul(*r.max, *d.max) : std::nullopt;
    r = {0, most};
  }
  return scale(r, m.coefficient);
}

Interval shifted_bounds(int64_t constant, std::span<const Term> terms, bool from_below) {
  std::vector<Monomial> all;
  for (const Term& t : terms)
    if (!expand(all, t, from_below)) return {};
  Interval r = point(constant);
  for (const Monomial& m : all)
    if (m.coefficient != 0) r = add(r, monomial_bounds(m));
  return r;
}

}  // namespace

Interval product_sum_bounds(int64_t constant, std::span<const Term> terms) {
  return intersect(shifted_bounds(constant, terms, true), shifted_bounds(constant, terms, false));
}

}  // namespace weft::expr

// Rules between the terms of a sum, for the divisions that splitting and fusing of indices leave behind:
//   c * floor_div(x, d)                                   -> c/d * x            d divides c and x
//   k*b * floor_div(x, b) + k * mod(x, b)                 -> k * x
//   k * x - k*b * floor_div(x, b)                         -> k * mod(x, b)
//   k*b * mod(floor_div(x, b), c) + k * mod(x, b)         -> k * mod(x, b*c)
// Each replaces divisions by smaller expressions, so they end.
#include "expr/integer.hpp"
#include "expr/node.hpp"

namespace weft::expr {
namespace {

// l contains k * each term.
bool contains(const Linear& l, const std::vector<Term>& terms, int64_t k) {
  for (const Term& t : terms) {
    const auto c = try_mul(t.coefficient, k);
    if (!c || coefficient_of(l, t.atom) != *c) return false;
  }
  return !terms.empty();
}

/// The place of a factor floor_div(x, d) with d dividing x and the coefficient.
std::optional<size_t> exact_factor(const Term& t) {
  const auto all = factors(t.atom);
  for (size_t i = 0; i < all.size(); ++i) {
    if (all[i].kind() != Kind::floor_div) continue;
    const auto& op = all[i].node().operands;
    const auto d = op[1].as_constant();
    if (d && t.coefficient % *d == 0 && known_divisor(op[0]) % *d == 0) return i;
  }
  return std::nullopt;
}

bool apply_exact(Linear& l) {
  for (size_t i = 0; i < l.terms.size(); ++i) {
    const auto at = exact_factor(l.terms[i]);
    if (!at) continue;
    const Term t = l.terms[i];
    std::vector<Expr> others(factors(t.atom).begin(), factors(t.atom).end());
    const Expr quotient = others[*at];
    const Expr &x = quotient.node().operands[0], &d = quotient.node().operands[1];
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(*at));
    const Expr whole = others.empty() ? x : x * make_product(std::move(others));
    add_term(l, t.atom, -t.coefficient);
    add_scaled(l, whole, t.coefficient / *d.as_constant());
    return true;
  }
  return false;
}

// Whether some term could be k * b times a division of `kind`.
bool may_hold_multiple(const Linear& l, const Expr& b, int64_t k, Kind kind) {
  const auto d = b.as_constant();
  const auto want = d ? try_mul(*d, k) : std::nullopt;
  for (const Term& t : l.terms) {
    if (d) {
      if (t.atom.kind() == kind && want == t.coefficient) return true;
      continue;
    }
    for (const Expr& f : factors(t.atom))
      if (t.atom.kind() == Kind::product && f.kind() == kind) return true;
  }
  return false;
}

bool apply_quotient_and_rest(Linear& l) {
  for (size_t i = 0; i < l.terms.size(); ++i) {
    const Term t = l.terms[i];
    if (t.atom.kind() != Kind::mod) continue;
    const Expr &x = t.atom.node().operands[0], &b = t.atom.node().operands[1];
    if (!may_hold_multiple(l, b, t.coefficient, Kind::floor_div)) continue;
    const Expr p = floor_div(x, b) * b;
    if (!contains(l, linear(p).terms, t.coefficient)) continue;
    add_term(l, t.atom, -t.coefficient);
    add_scaled(l, p, -t.coefficient);
    add_scaled(l, x, t.coefficient);
    return true;
  }
  return false;
}

bool rest_from_quotient(Linear& l, const Expr& quotient) {
  const Expr &x = quotient.node().operands[0], &b = quotient.node().operands[1];
  const Linear numerator = linear(x);
  if (numerator.terms.empty()) return false;
  const int64_t c = coefficient_of(l, numerator.terms[0].atom);
  if (c == 0 || c % numerator.terms[0].coefficient != 0) return false;
  const int64_t k = c / numerator.terms[0].coefficient;
  if (!contains(l, numerator.terms, k)) return false;
  const Expr p = quotient * b;
  if (!contains(l, linear(p).terms, -k)) return false;
  const Expr rest = mod(x, b);
  add_scaled(l, p, k);
  add_scaled(l, x, -k);
  add_scaled(l, rest, k);
  return true;
}

bool apply_difference(Linear& l) {
  for (const Term& t : l.terms) {
    for (const Expr& f : factors(t.atom)) {
      if (f.kind() != Kind::floor_div) continue;
      if (f.node().operands[1].as_constant().has_value() != (t.atom.kind() != Kind::product)) continue;
      const Expr quotient = f;
      if (rest_from_quotient(l, quotient)) return true;
    }
  }
  return false;
}

// With low = t.coefficient * mod(x, b), one high = t.coefficient * b * mod(z, c).
bool join_mods(Linear& l, const Term& low, const Expr& high) {
  const Expr &b = low.atom.node().operands[1], &z = high.node().operands[0], &c = high.node().operands[1];
  const Expr p = high * b;
  if (!contains(l, linear(p).terms, low.coefficient)) return false;
  // mod(b * z + r, b * c) = b * mod(z, c) + r for r in [0, b). It is shorter only when b * z and r = mod(x,
  // b) join.
  const Expr x = z * b + low.atom;
  if (coefficient_of(linear(x), low.atom) != 0) return false;
  const Expr both = b * c;
  if (!is_divisor(both)) return false;
  const Expr joined = mod(x, both);
  const Expr low_atom = low.atom;
  const int64_t k = low.coefficient;
  add_scaled(l, p, -k);
  add_scaled(l, low_atom, -k);
  add_scaled(l, joined, k);
  return true;
}

bool apply_join(Linear& l) {
  for (size_t i = 0; i < l.terms.size(); ++i) {
    const Term low = l.terms[i];
    if (low.atom.kind() != Kind::mod) continue;
    const Expr& b = low.atom.node().operands[1];
    if (!may_hold_multiple(l, b, low.coefficient, Kind::mod)) continue;
    for (const Term& t : l.terms)
      for (const Expr& f : factors(t.atom)) {
        if (f.kind() != Kind::mod) continue;
        const Expr high = f;
        if (compare(high, low.atom) != 0 && join_mods(l, low, high)) return true;
      }
  }
  return false;
}

bool has_division(const Linear& l) {
  for (const Term& t : l.terms)
    for (const Expr& f : factors(t.atom))
      if (f.kind() == Kind::floor_div || f.kind() == Kind::mod) return true;
  return false;
}

bool apply_one(Linear& l) {
  if (apply_exact(l)) return true;
  if (l.terms.size() < 2) return false;
  return apply_quotient_and_rest(l) || apply_join(l) || apply_difference(l);
}

}  // namespace

bool recombine(Linear& l) {
  bool changed = false;
  // The rules end by themselves; the bound keeps a mistake in one from hanging the compiler.
  for (int round = 0; round < 1000; ++round) {
    if (!has_division(l) || !apply_one(l)) return changed;
    changed = true;
  }
  WEFT_UNREACHABLE("recombination of divisions does not end");
}

}  // namespace weft::expr

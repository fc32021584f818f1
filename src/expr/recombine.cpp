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

bool apply_exact(Linear& l) {
  for (const Term& t : l.terms) {
    if (t.atom.kind() != Kind::floor_div) continue;
    const Expr a = t.atom.node().operands[0];
    const auto d = t.atom.node().operands[1].as_constant();
    if (!d || t.coefficient % *d != 0 || known_divisor(a) % *d != 0) continue;
    const int64_t c = t.coefficient;
    add_term(l, Expr(t.atom), -c);
    add_scaled(l, a, c / *d);
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
  // mod(b * z + r, b * c) = b * mod(z, c) + r for r in [0, b). It is shorter only when b * z and r = mod(x, b) join.
  const Expr x = z * b + low.atom;
  if (coefficient_of(linear(x), low.atom) != 0) return false;
  const Expr both = b * c;
  if (!is_positive(both)) return false;
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

}  // namespace

void recombine(Linear& l) {
  // The rules end by themselves; the bound keeps a mistake in one from hanging the compiler.
  for (int round = 0; round < 1000; ++round) {
    if (apply_exact(l)) continue;
    if (l.terms.size() < 2) return;
    if (apply_quotient_and_rest(l)) continue;
    if (apply_join(l)) continue;
    if (!apply_difference(l)) return;
  }
  WEFT_UNREACHABLE("recombination of divisions does not end");
}

}  // namespace weft::expr

// floor_div and mod by a constant d.
//
// Both first split a = d * q + r exactly, where q takes every term that d divides (by its coefficient or by
// what is known of the atom), coefficients of r are below d in magnitude and its constant is in [0, d). Then
// floor_div(a, d) = q + floor_div(r, d) and mod(a, d) = mod(r, d), for the same r: this is what lets d *
// floor_div(a, d) + mod(a, d) recombine to a.
#include <vector>

#include "expr/integer.hpp"
#include "expr/node.hpp"

namespace weft::expr {
namespace {

struct Division {
  Linear quotient, rest;
};

bool divides(int64_t d, const Term& t) {
  return t.atom.node().divisor % (d / std::gcd(t.coefficient, d)) == 0;
}

// acc += coefficient * atom / d, which is exact.
void add_exact(Linear& acc, const Term& t, int64_t d) {
  const int64_t g = std::gcd(t.coefficient, d);
  if (g == d) return add_term(acc, t.atom, t.coefficient / d);
  add_scaled(acc, floor_div(t.atom, Expr(d / g)), t.coefficient / g);
}

Division split(Linear a, int64_t d) {
  Division s;
  do {
    s.quotient.constant = add_int(s.quotient.constant, floor_div_int(a.constant, d));
    s.rest = {mod_int(a.constant, d), {}};
    for (const Term& t : a.terms) {
      if (divides(d, t)) {
        add_exact(s.quotient, t, d);
        continue;
      }
      add_term(s.quotient, t.atom, t.coefficient / d);
      s.rest.terms.push_back({t.coefficient % d, t.atom});
    }
    a = s.rest;
    // With smaller coefficients the terms of the rest may combine, and what they give may be divisible again.
  } while (recombine(a));
  return s;
}

/// The k with k * d <= value < (k + 1) * d for all values within the bounds.
std::optional<int64_t> only_bucket(const Interval& b, int64_t d) {
  if (!b.min || !b.max) return std::nullopt;
  const int64_t k = floor_div_int(*b.min, d);
  if (k != floor_div_int(*b.max, d)) return std::nullopt;
  return k;
}

// r = g * major + minor with minor in [0, g'), g' dividing d and every value of g * major: then
// floor_div(r, d) = floor_div(major, d / g) and mod(r, d) = g * mod(major, d / g) + minor.
struct Factored {
  int64_t g;
  Linear major, minor;
};

// g is g' where all coefficients of the major part are multiples of it. Where only what is known of an atom
// makes it one, g is 1: dividing would need a new floor_div atom.
std::optional<Factored> factor_by(const Linear& r, int64_t g) {
  Factored f{g, {}, {}};
  f.minor.constant = mod_int(r.constant, g);
  for (const Term& t : r.terms) {
    if (!divides(g, t)) {
      f.minor.terms.push_back(t);
      continue;
    }
    f.major.terms.push_back(t);
    if (t.coefficient % g != 0) f.g = 1;
  }
  if (f.major.terms.empty()) return std::nullopt;
  if (f.g == 1 && f.minor.terms.empty() && f.minor.constant == 0) return std::nullopt;
  const auto k = only_bucket(linear_bounds(f.minor), g);
  if (!k) return std::nullopt;
  f.minor.constant -= *k * g;
  f.major.constant = (r.constant - f.minor.constant) / f.g;
  for (Term& t : f.major.terms) t.coefficient /= f.g;
  return f;
}

std::optional<Factored> factor(const Linear& r, int64_t d) {
  // The largest factor first: the most is pulled out of the division.
  int64_t last = d;
  for (;;) {
    int64_t g = 1;
    for (const Term& t : r.terms) {
      const int64_t c = std::gcd(mul_int(std::gcd(t.coefficient, d), std::gcd(t.atom.node().divisor, d)), d);
      if (c < last) g = std::max(g, c);
    }
    if (g == 1) return std::nullopt;
    if (auto f = factor_by(r, g)) return f;
    last = g;
  }
}

// Rules for a rest that is one division atom (plus a constant, for floor_div of floor_div).
std::optional<Expr> floor_div_of_division(const Linear& r, int64_t d) {
  if (r.terms.size() != 1 || r.terms[0].coefficient != 1) return std::nullopt;
  const Expr& atom = r.terms[0].atom;
  if (atom.kind() == Kind::floor_div) {
    const Expr &x = atom.node().operands[0], &m = atom.node().operands[1];
    if (const auto c = m.as_constant(); c && (!try_mul(*c, d) || !try_mul(*c, r.constant)))
      return std::nullopt;
    // (floor(x / m) + c) / d = floor((x + c * m) / (m * d))
    const Expr numerator = x + m * Expr(r.constant);
    return floor_div(numerator, m * Expr(d));
  }
  if (atom.kind() == Kind::mod && r.constant == 0) {
    const Expr &x = atom.node().operands[0], &m = atom.node().operands[1];
    const auto c = m.as_constant();
    if (!c || *c % d != 0) return std::nullopt;
    // floor((x mod d * n) / d) = floor(x / d) mod n
    return mod(floor_div(x, Expr(d)), Expr(*c / d));
  }
  return std::nullopt;
}

// c * mod(x, m) is c * x modulo d when d divides c * m.
Linear without_inner_mod(const Expr& a, int64_t d) {
  Linear l = linear(a);
  for (size_t i = 0; i < l.terms.size();) {
    const Term t = l.terms[i];
    if (t.atom.kind() == Kind::mod) {
      const auto& op = t.atom.node().operands;
      if (const auto m = op[1].as_constant(); m && *m % (d / std::gcd(t.coefficient, d)) == 0) {
        add_term(l, t.atom, -t.coefficient);
        add_scaled(l, op[0], t.coefficient);
        i = 0;
        continue;
      }
    }
    ++i;
  }
  return l;
}

Expr floor_div_constant(const Expr& a, int64_t d) {
  if (const auto c = a.as_constant()) return Expr(floor_div_int(*c, d));
  if (d == 1) return a;
  if (const auto k = only_bucket(bounds(a), d)) return Expr(*k);
  // Where d divides an atom, splitting would ask for this same quotient again.
  if (a.kind() != Kind::sum && known_divisor(a) % d == 0) {
    if (auto e = floor_div_of_division(linear(a), d)) return *e;
    return make_node(Kind::floor_div, {a, Expr(d)});
  }
  Division s = split(linear(a), d);
  if (const auto k = only_bucket(linear_bounds(s.rest), d)) {
    s.quotient.constant = add_int(s.quotient.constant, *k);
    return make_sum(std::move(s.quotient));
  }
  Expr rest;
  if (auto f = factor(s.rest, d)) {
    rest = floor_div(make_sum(std::move(f->major)), Expr(d / f->g));
  } else if (auto e = floor_div_of_division(s.rest, d)) {
    rest = *e;
  } else {
    rest = make_node(Kind::floor_div, {make_sum(std::move(s.rest)), Expr(d)});
  }
  add_scaled(s.quotient, rest, 1);
  return make_sum(std::move(s.quotient));
}

Expr mod_constant(const Expr& a, int64_t d) {
  if (const auto c = a.as_constant()) return Expr(mod_int(*c, d));
  if (known_divisor(a) % d == 0) return Expr(0);
  if (const auto k = only_bucket(bounds(a), d)) return a - Expr(mul_int(*k, d));
  Linear r = split(without_inner_mod(a, d), d).rest;
  if (const auto k = only_bucket(linear_bounds(r), d)) {
    r.constant -= *k * d;
    return make_sum(std::move(r));
  }
  if (auto f = factor(r, d)) {
    const Expr major = mod(make_sum(std::move(f->major)), Expr(d / f->g));
    add_scaled(f->minor, major, f->g);
    return make_sum(std::move(f->minor));
  }
  return make_node(Kind::mod, {make_sum(std::move(r)), Expr(d)});
}

void check_divisor(const Expr& b) {
  WEFT_CHECK(is_divisor(b), "no divisor, or perhaps a negative one: " + print(b));
}

}  // namespace

bool is_divisor(const Expr& e) {
  const Interval range = bounds(e);
  return range.min && *range.min >= 0 && !e.is_constant(0);
}

Expr floor_div(const Expr& a, const Expr& b) {
  check_divisor(b);
  if (const auto d = b.as_constant()) return floor_div_constant(a, *d);
  return floor_div_symbolic(a, b);
}

Expr ceil_div(const Expr& a, const Expr& b) {
  const Expr up = a + (b - Expr(1));
  return floor_div(up, b);
}

Expr mod(const Expr& a, const Expr& b) {
  check_divisor(b);
  if (const auto d = b.as_constant()) return mod_constant(a, *d);
  return mod_symbolic(a, b);
}

}  // namespace weft::expr

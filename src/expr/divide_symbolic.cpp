// floor_div and mod by an expression b > 0: polynomial division where it is exact, then bounds.
#include <vector>

#include "expr/integer.hpp"
#include "expr/node.hpp"

namespace weft::expr {
namespace {

// The quotient of monomials t / lead; atoms in order, as in every product.
std::optional<Linear> divide_term(const Term& t, const Term& lead) {
  if (t.coefficient % lead.coefficient != 0) return std::nullopt;
  std::vector<Expr> left;
  const auto have = factors(t.atom), need = factors(lead.atom);
  size_t j = 0;
  for (const Expr& f : have) {
    if (j < need.size() && compare(f, need[j]) == 0) ++j;
    else left.push_back(f);
  }
  if (j != need.size()) return std::nullopt;
  const int64_t c = t.coefficient / lead.coefficient;
  if (left.empty()) return Linear{c, {}};
  return Linear{0, {{c, make_product(std::move(left))}}};
}

bool contains(const Linear& l, const std::vector<Term>& terms) {
  for (const Term& t : terms)
    if (coefficient_of(l, t.atom) != t.coefficient) return false;
  return true;
}

struct Division {
  Linear quotient, rest;
};

// Takes out of a every q * b whose terms all occur in a.
Division split(const Expr& a, const Expr& b) {
  Division s{{}, linear(a)};
  const Linear divisor = linear(b);
  // The term with the most factors divides the fewest.
  const Term* lead = &divisor.terms[0];
  for (const Term& t : divisor.terms)
    if (factors(t.atom).size() > factors(lead->atom).size()) lead = &t;
  for (size_t i = 0; i < s.rest.terms.size();) {
    const auto q = divide_term(s.rest.terms[i], *lead);
    if (!q) {
      ++i;
      continue;
    }
    const Expr quotient = make_sum(*q);
    const Expr multiple = quotient * b;
    if (!contains(s.rest, linear(multiple).terms)) {
      ++i;
      continue;
    }
    add_scaled(s.rest, multiple, -1);
    add_scaled(s.quotient, quotient, 1);
    i = 0;
  }
  return s;
}

/// The k with k * b <= r < (k + 1) * b always, for k of 0 and -1.
std::optional<int64_t> only_bucket(const Linear& r, const Expr& b) {
  if (r.terms.empty() && r.constant == 0) return 0;
  const Interval range = tight_bounds(r);
  Linear room = linear(b);
  if (range.min && *range.min >= 0) {
    add_scaled(room, from_linear(r), -1);
    const auto least = tight_bounds(room).min;
    if (least && *least >= 1) return 0;
  } else if (range.max && *range.max < 0) {
    add_scaled(room, from_linear(r), 1);
    const auto least = tight_bounds(room).min;
    if (least && *least >= 0) return -1;
  }
  return std::nullopt;
}

struct Fraction {
  Expr a, b;
  Expr factor;  ///< what was cancelled: mod(a, b) is factor * mod of what is left
};

// An atom that divides every term of a and b, known to be positive.
std::optional<Expr> common_atom(const Linear& a, const Linear& b) {
  if (a.constant != 0 || b.constant != 0 || a.terms.empty()) return std::nullopt;
  for (const Expr& f : factors(b.terms[0].atom)) {
    const auto low = bounds(f).min;
    if (!low || *low < 1) continue;
    auto in_all = [&](const Linear& l) {
      for (const Term& t : l.terms)
        if (!divide_term({1, t.atom}, {1, f})) return false;
      return true;
    };
    if (in_all(a) && in_all(b)) return f;
  }
  return std::nullopt;
}

Expr divide_all(const Linear& l, const Expr& atom) {
  Linear r;
  for (const Term& t : l.terms) add_scaled(r, make_sum(*divide_term(t, {1, atom})), 1);
  return make_sum(std::move(r));
}

Expr divide_constant(Linear l, int64_t g) {
  l.constant = floor_div_int(l.constant, g);
  for (Term& t : l.terms) t.coefficient /= g;
  return make_sum(std::move(l));
}

std::optional<Fraction> cancel(const Expr& a, const Expr& b) {
  const Linear x = linear(a), y = linear(b);
  if (const auto f = common_atom(x, y)) return Fraction{divide_all(x, *f), divide_all(y, *f), *f};
  const int64_t g = std::gcd(std::gcd(coefficient_gcd(x), coefficient_gcd(y)), y.constant);
  if (g > 1) return Fraction{divide_constant(x, g), divide_constant(y, g), Expr(g)};
  return std::nullopt;
}

// m * b for floor_div(x, m) / b, which is floor_div(x, m * b); a product of sums may no longer be known to be
// positive.
std::optional<Expr> nested_divisor(const Expr& e, const Expr& b) {
  if (e.kind() != Kind::floor_div) return std::nullopt;
  const Expr d = e.node().operands[1] * b;
  if (!is_divisor(d)) return std::nullopt;
  return d;
}

}  // namespace

Expr floor_div_symbolic(const Expr& a, const Expr& b) {
  Division s = split(a, b);
  if (const auto k = only_bucket(s.rest, b)) {
    s.quotient.constant = add_int(s.quotient.constant, *k);
    return make_sum(std::move(s.quotient));
  }
  const bool changed = recombine(s.rest);
  const Expr rest = make_sum(std::move(s.rest));
  Expr r;
  if (changed) {
    r = floor_div(rest, b);
  } else if (const auto f = cancel(rest, b)) {
    r = floor_div(f->a, f->b);
  } else if (const auto d = nested_divisor(rest, b)) {
    r = floor_div(rest.node().operands[0], *d);
  } else {
    r = make_node(Kind::floor_div, {rest, b});
  }
  add_scaled(s.quotient, r, 1);
  return make_sum(std::move(s.quotient));
}

Expr mod_symbolic(const Expr& a, const Expr& b) {
  Division s = split(a, b);
  if (const auto k = only_bucket(s.rest, b)) {
    add_scaled(s.rest, b, -*k);
    return make_sum(std::move(s.rest));
  }
  const bool changed = recombine(s.rest);
  const Expr rest = make_sum(std::move(s.rest));
  if (changed) return mod(rest, b);
  if (const auto f = cancel(rest, b)) {
    // mod(f * x + c, f * y) = f * mod(x, y) + c with c in [0, f), which only a constant f leaves.
    const Expr inner = mod(f->a, f->b) * f->factor;
    const auto g = f->factor.as_constant();
    return g ? inner + Expr(mod_int(linear(rest).constant, *g)) : inner;
  }
  return make_node(Kind::mod, {rest, b});
}

}  // namespace weft::expr

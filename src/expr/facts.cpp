// Bounds and divisors, computed once as a node is made.
#include "expr/integer.hpp"
#include "expr/node.hpp"

namespace weft::expr {
namespace {

// Each bound of a product of intervals is a product of ends; an end that is missing or overflows leaves it
// open.
Interval multiply(const Interval& a, const Interval& b) {
  if (a == point(0) || b == point(0)) return point(0);
  if (a.min && a.max && b.min && b.max) {
    const std::optional<int64_t> p[4] = {try_mul(*a.min, *b.min), try_mul(*a.min, *b.max),
                                         try_mul(*a.max, *b.min), try_mul(*a.max, *b.max)};
    if (!p[0] || !p[1] || !p[2] || !p[3]) return {};
    return {std::min(std::min(*p[0], *p[1]), std::min(*p[2], *p[3])),
            std::max(std::max(*p[0], *p[1]), std::max(*p[2], *p[3]))};
  }
  Interval r;
  if (a.min && b.min && *a.min >= 0 && *b.min >= 0) {
    r.min = try_mul(*a.min, *b.min);
    if (a.max && b.max) r.max = try_mul(*a.max, *b.max);
  }
  return r;
}

/// Of a divisor, where the quotient has a value.
Interval at_least_one(Interval b) {
  b.min = std::max<int64_t>(b.min.value_or(1), 1);
  return b;
}

Interval divide(const Interval& a, const Interval& b) {
  if (!b.min || *b.min < 1) return {};
  Interval r;
  // a / b grows with a; over b it goes towards 0 (or -1) as b grows.
  if (a.min) {
    if (*a.min >= 0) r.min = b.max ? floor_div_int(*a.min, *b.max) : 0;
    else r.min = floor_div_int(*a.min, *b.min);
  }
  if (a.max) {
    if (*a.max >= 0) r.max = floor_div_int(*a.max, *b.min);
    else r.max = b.max ? floor_div_int(*a.max, *b.max) : -1;
  }
  return r;
}

Interval remainder(const Interval& a, const Interval& b) {
  Interval r{0, std::nullopt};
  if (b.max) r.max = *b.max - 1;
  if (a.min && *a.min >= 0 && a.max && (!r.max || *a.max < *r.max)) r.max = a.max;
  return r;
}

// Shrinks to the multiples of the divisor.
Interval round_to(const Interval& a, int64_t divisor) {
  if (divisor <= 1) return a;
  Interval r;
  if (a.min) r.min = try_mul(ceil_div_int(*a.min, divisor), divisor);
  if (a.max) r.max = try_mul(floor_div_int(*a.max, divisor), divisor);
  return r;
}

int64_t magnitude(int64_t v) { return v == INT64_MIN ? 1 : v < 0 ? -v : v; }

int64_t sum_divisor(const Node& n) {
  int64_t d = magnitude(n.value);
  for (const Term& t : n.terms) {
    const int64_t c = magnitude(t.coefficient);
    d = std::gcd(d, try_mul(c, t.atom.node().divisor).value_or(c));
    if (d == 1) break;
  }
  return d;
}

int64_t product_divisor(const Node& n) {
  int64_t d = 1;
  for (const Expr& e : n.operands) d = try_mul(d, e.node().divisor).value_or(d);
  return d;
}

int64_t quotient_divisor(const Node& a, const Node& b) {
  if (b.kind != Kind::constant || a.divisor % b.value != 0) return 1;
  return a.divisor / b.value;
}

Interval product_bounds(const Node& n) {
  Interval r = point(1);
  for (const Expr& e : n.operands) r = multiply(r, e.node().bounds);
  return r;
}

Interval minimum(const Interval& a, const Interval& b) {
  Interval r = hull(a, b);
  r.max = !a.max ? b.max : !b.max ? a.max : std::min(*a.max, *b.max);
  return r;
}

Interval maximum(const Interval& a, const Interval& b) {
  Interval r = hull(a, b);
  r.min = !a.min ? b.min : !b.min ? a.min : std::max(*a.min, *b.min);
  return r;
}

Interval sum_bounds(int64_t constant, std::span<const Term> terms) {
  Interval r = point(constant);
  bool products = false;
  for (const Term& t : terms) {
    r = add(r, scale(t.atom.node().bounds, t.coefficient));
    products |= t.atom.kind() == Kind::product;
  }
  if (products && terms.size() > 1) r = intersect(r, product_sum_bounds(constant, terms));
  return r;
}

}  // namespace

void compute_facts(Node& n) {
  auto of = [&](size_t i) -> const Node& { return n.operands[i].node(); };
  switch (n.kind) {
    case Kind::constant:
      n.bounds = point(n.value);
      n.divisor = magnitude(n.value);
      return;
    case Kind::variable:
      n.divisor = n.variable.multiple_of;
      n.bounds = n.variable.range;
      break;
    case Kind::sum:
      n.bounds = sum_bounds(n.value, n.terms);
      n.divisor = sum_divisor(n);
      break;
    case Kind::product:
      n.bounds = product_bounds(n);
      n.divisor = product_divisor(n);
      break;
    case Kind::floor_div:
      n.bounds = divide(of(0).bounds, at_least_one(of(1).bounds));
      n.divisor = quotient_divisor(of(0), of(1));
      break;
    case Kind::mod:
      n.bounds = remainder(of(0).bounds, at_least_one(of(1).bounds));
      n.divisor = std::gcd(of(0).divisor, of(1).divisor);
      break;
    case Kind::min:
      n.bounds = minimum(of(0).bounds, of(1).bounds);
      n.divisor = std::gcd(of(0).divisor, of(1).divisor);
      break;
    case Kind::max:
      n.bounds = maximum(of(0).bounds, of(1).bounds);
      n.divisor = std::gcd(of(0).divisor, of(1).divisor);
      break;
    case Kind::select:
      n.bounds = hull(of(1).bounds, of(2).bounds);
      n.divisor = std::gcd(of(1).divisor, of(2).divisor);
      break;
    default:
      n.bounds = {0, 1};
      n.divisor = 1;
      return;
  }
  n.bounds = round_to(n.bounds, n.divisor);
}

Interval linear_bounds(const Linear& l) { return sum_bounds(l.constant, l.terms); }

Interval bounds(const Expr& e) { return e.node().bounds; }

int64_t known_divisor(const Expr& e) { return e.node().divisor; }

}  // namespace weft::expr

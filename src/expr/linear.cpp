// The linear normal form: constant + sum of coefficient * atom; products distribute over it.
#include <algorithm>

#include "expr/integer.hpp"
#include "expr/node.hpp"

namespace weft::expr {
namespace {

bool atom_less(const Term& a, const Term& b) { return compare(a.atom, b.atom) < 0; }

Expr sum_node(Linear l) {
  if (l.terms.empty()) return Expr(l.constant);
  if (l.terms.size() == 1 && l.constant == 0 && l.terms[0].coefficient == 1) return l.terms[0].atom;
  auto node = std::make_shared<Node>();
  node->kind = Kind::sum;
  node->value = l.constant;
  node->terms = std::move(l.terms);
  compute_facts(*node);
  return Expr(std::shared_ptr<const Node>(std::move(node)));
}

// Sorted terms into sorted terms: acc += k * terms.
void merge_terms(std::vector<Term>& acc, std::span<const Term> terms, int64_t k) {
  std::vector<Term> out;
  out.reserve(acc.size() + terms.size());
  size_t i = 0, j = 0;
  while (i < acc.size() || j < terms.size()) {
    const int c = i == acc.size() ? 1 : j == terms.size() ? -1 : compare(acc[i].atom, terms[j].atom);
    if (c < 0) {
      out.push_back(std::move(acc[i++]));
    } else if (c > 0) {
      out.push_back({mul_int(terms[j].coefficient, k), terms[j].atom});
      ++j;
    } else {
      const int64_t sum = add_int(acc[i].coefficient, mul_int(terms[j].coefficient, k));
      if (sum != 0) out.push_back({sum, std::move(acc[i].atom)});
      ++i;
      ++j;
    }
  }
  acc = std::move(out);
}

Expr multiply_atoms(const Expr& a, const Expr& b) {
  std::vector<Expr> atoms(factors(a).begin(), factors(a).end());
  const auto more = factors(b);
  atoms.insert(atoms.end(), more.begin(), more.end());
  return make_product(std::move(atoms));
}

Expr scaled(const Expr& e, int64_t k) {
  if (k == 1) return e;
  Linear l;
  add_scaled(l, e, k);
  return make_sum(std::move(l));
}

}  // namespace

std::span<const Expr> factors(const Expr& atom) {
  if (atom.kind() == Kind::product) return atom.node().operands;
  return {&atom, 1};
}

Expr make_product(std::vector<Expr> atoms) {
  WEFT_CHECK(!atoms.empty());
  if (atoms.size() == 1) return atoms[0];
  std::sort(atoms.begin(), atoms.end(), [](const Expr& a, const Expr& b) { return compare(a, b) < 0; });
  return make_node(Kind::product, std::move(atoms));
}

void add_term(Linear& acc, const Expr& atom, int64_t k) {
  if (k == 0) return;
  auto at = std::lower_bound(acc.terms.begin(), acc.terms.end(), atom,
                             [](const Term& t, const Expr& e) { return compare(t.atom, e) < 0; });
  if (at == acc.terms.end() || compare(at->atom, atom) != 0) {
    acc.terms.insert(at, {k, atom});
    return;
  }
  at->coefficient = add_int(at->coefficient, k);
  if (at->coefficient == 0) acc.terms.erase(at);
}

void add_scaled(Linear& acc, const Expr& e, int64_t k) {
  if (k == 0) return;
  const Node& n = e.node();
  if (n.kind == Kind::constant) {
    acc.constant = add_int(acc.constant, mul_int(n.value, k));
  } else if (n.kind == Kind::sum) {
    acc.constant = add_int(acc.constant, mul_int(n.value, k));
    merge_terms(acc.terms, n.terms, k);
  } else {
    add_term(acc, e, k);
  }
}

void scale(Linear& l, int64_t k) {
  if (k == 0) l = {};
  l.constant = mul_int(l.constant, k);
  for (Term& t : l.terms) t.coefficient = mul_int(t.coefficient, k);
}

Linear difference(const Expr& b, const Expr& a) {
  Linear l = linear(b);
  add_scaled(l, a, -1);
  // What cancels only after recombination should cancel here too.
  recombine(l);
  return l;
}

int64_t coefficient_of(const Linear& l, const Expr& atom) {
  auto at = std::lower_bound(l.terms.begin(), l.terms.end(), atom,
                             [](const Term& t, const Expr& e) { return compare(t.atom, e) < 0; });
  return at != l.terms.end() && compare(at->atom, atom) == 0 ? at->coefficient : 0;
}

int64_t coefficient_gcd(const Linear& l) {
  int64_t g = 0;
  for (const Term& t : l.terms) g = std::gcd(g, t.coefficient);
  return g;
}

Expr make_sum(Linear l) {
  recombine(l);
  return sum_node(std::move(l));
}

Linear linear(const Expr& e) {
  const Node& n = e.node();
  if (n.kind == Kind::constant) return {n.value, {}};
  if (n.kind == Kind::sum) return {n.value, n.terms};
  return {0, {{1, e}}};
}

Expr from_linear(const Linear& l) {
  Linear sorted{l.constant, {}};
  bool in_order = true;
  for (size_t i = 0; i < l.terms.size(); ++i) {
    const Kind kind = l.terms[i].atom.kind();
    in_order &= kind != Kind::constant && kind != Kind::sum && l.terms[i].coefficient != 0;
    in_order &= i == 0 || atom_less(l.terms[i - 1], l.terms[i]);
  }
  if (in_order) return make_sum(l);
  for (const Term& t : l.terms) add_scaled(sorted, t.atom, t.coefficient);
  return make_sum(std::move(sorted));
}

Expr operator+(const Expr& a, const Expr& b) {
  if (a.is_constant(0)) return b;
  if (b.is_constant(0)) return a;
  Linear l = linear(a);
  add_scaled(l, b, 1);
  // A constant more or less changes no term.
  if (a.as_constant() || b.as_constant()) return sum_node(std::move(l));
  return make_sum(std::move(l));
}

Expr operator-(const Expr& a, const Expr& b) {
  if (b.is_constant(0)) return a;
  Linear l = linear(a);
  add_scaled(l, b, -1);
  if (b.as_constant()) return sum_node(std::move(l));
  return make_sum(std::move(l));
}

Expr operator-(const Expr& a) { return scaled(a, -1); }

Expr operator*(const Expr& a, const Expr& b) {
  if (auto k = a.as_constant()) return scaled(b, *k);
  if (auto k = b.as_constant()) return scaled(a, *k);
  const Linear x = linear(a), y = linear(b);
  Linear l;
  l.constant = mul_int(x.constant, y.constant);
  for (const Term& s : x.terms) {
    add_term(l, s.atom, mul_int(s.coefficient, y.constant));
    for (const Term& t : y.terms)
      add_term(l, multiply_atoms(s.atom, t.atom), mul_int(s.coefficient, t.coefficient));
  }
  for (const Term& t : y.terms) add_term(l, t.atom, mul_int(t.coefficient, x.constant));
  return make_sum(std::move(l));
}

Expr product(std::span<const Expr> factors) {
  Expr r(1);
  for (const Expr& f : factors) r = r * f;
  return r;
}

}  // namespace weft::expr

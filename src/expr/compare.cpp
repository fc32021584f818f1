#include "expr/expr.hpp"

namespace weft::expr {
namespace {

int compare_int(int64_t a, int64_t b) { return a < b ? -1 : a > b ? 1 : 0; }

int compare_bound(const std::optional<int64_t>& a, const std::optional<int64_t>& b) {
  if (a.has_value() != b.has_value()) return a.has_value() ? 1 : -1;
  return a ? compare_int(*a, *b) : 0;
}

int compare_variables(const Variable& a, const Variable& b) {
  if (int c = a.name.compare(b.name)) return c < 0 ? -1 : 1;
  if (int c = compare_bound(a.range.min, b.range.min)) return c;
  if (int c = compare_bound(a.range.max, b.range.max)) return c;
  return compare_int(a.multiple_of, b.multiple_of);
}

int compare_operands(const std::vector<Expr>& a, const std::vector<Expr>& b) {
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  for (size_t i = 0; i < a.size(); ++i)
    if (int c = compare(a[i], b[i])) return c;
  return 0;
}

int compare_terms(const std::vector<Term>& a, const std::vector<Term>& b) {
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  for (size_t i = 0; i < a.size(); ++i)
    if (int c = compare(a[i].atom, b[i].atom)) return c;
  for (size_t i = 0; i < a.size(); ++i)
    if (int c = compare_int(a[i].coefficient, b[i].coefficient)) return c;
  return 0;
}

}  // namespace

int compare(const Expr& a, const Expr& b) {
  const Node &x = a.node(), &y = b.node();
  if (&x == &y) return 0;
  if (x.kind != y.kind) return x.kind < y.kind ? -1 : 1;
  switch (x.kind) {
    case Kind::constant: return compare_int(x.value, y.value);
    case Kind::variable: return compare_variables(x.variable, y.variable);
    case Kind::sum:
      if (int c = compare_terms(x.terms, y.terms)) return c;
      return compare_int(x.value, y.value);
    default: return compare_operands(x.operands, y.operands);
  }
}

}  // namespace weft::expr

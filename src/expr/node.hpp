// How the builders make nodes. Internal to expr/.
#pragma once

#include <array>
#include <initializer_list>
#include <span>
#include <utility>
#include <vector>

#include "expr/expr.hpp"

namespace weft::expr {

/// A node of `kind` over simplified operands, as it stands; no rule is applied.
Expr make_node(Kind kind, std::vector<Expr> operands);
/// Fills bounds and divisor from the operands and terms.
void compute_facts(Node& node);

/// The bounds of constant + terms by interval arithmetic alone.
Interval linear_bounds(const Linear& l);
/// The same where terms are products, whose factors tie them together.
Interval product_sum_bounds(int64_t constant, std::span<const Term> terms);
/// The bounds of a value with what ties its terms together: min, max, select, floor_div, mod. Dearer than
/// bounds().
Interval tight_bounds(const Linear& l, int depth = 2);

/// acc += k * e.
void add_scaled(Linear& acc, const Expr& e, int64_t k);
/// acc += k * atom, for an atom.
void add_term(Linear& acc, const Expr& atom, int64_t k);
void scale(Linear& l, int64_t k);
/// b - a.
Linear difference(const Expr& b, const Expr& a);
/// The coefficient of an atom, 0 when it does not occur.
int64_t coefficient_of(const Linear& l, const Expr& atom);
/// `l`, whose terms are sorted and merged, as an expression.
Expr make_sum(Linear l);
/// The greatest common divisor of the terms' coefficients, 0 without terms.
int64_t coefficient_gcd(const Linear& l);

/// Applies the rules over floor_div and mod terms until none does; whether one did. See recombine.cpp.
bool recombine(Linear& l);

/// The factors of an atom: a product's operands, else the atom itself.
std::span<const Expr> factors(const Expr& atom);
/// The product of atoms that are neither constants nor sums.
Expr make_product(std::vector<Expr> atoms);

/// A divisor that is not a constant. See divide_symbolic.cpp.
Expr floor_div_symbolic(const Expr& a, const Expr& b);
Expr mod_symbolic(const Expr& a, const Expr& b);

/// Whether e may divide: it is never below 0, and not 0 alone.
bool is_divisor(const Expr& e);

/// less, less_equal, equal and the logic: always 0 or 1.
bool is_boolean(Kind kind);
/// e != 0, as a boolean kind or a constant.
Expr to_boolean(const Expr& e);

}  // namespace weft::expr

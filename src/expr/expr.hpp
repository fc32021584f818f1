// Integer expressions: extents, indices, offsets. Every IR uses them for whatever must be known, proved or
// simplified.
//
// Semantics. Values are mathematical integers; a built expression never overflows int64 (building one that
// could is a compiler bug: extents are bounded by 2^40 by the IR verifiers). floor_div rounds to minus
// infinity, mod has the sign of the divisor (always >= 0 here: divisors are positive constants or expressions
// with a positive lower bound). Comparisons and logic give 0 or 1. select(c, a, b) is a when c != 0.
// Expressions are pure: evaluation order is unobservable.
//
// Canonical form. The builders simplify as they build: a value is kept as constant + sum of coefficient *
// atom, atoms in a total order; so two expressions that simplify alike compare equal structurally, and
// `parse(print(e)) == e`. Nodes are immutable and shared; identity is structural, never by address.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace weft::expr {

enum class Kind : uint8_t {
  constant,
  variable,
  sum,        ///< constant + sum of coefficient * atom (linear part); the only node with terms
  product,    ///< atom * atom * …, for non-linear products of variables
  floor_div,  ///< a / b
  mod,        ///< a % b
  min,
  max,
  less,        ///< a < b
  less_equal,  ///< a <= b
  equal,       ///< a == b
  logical_and,
  logical_or,
  logical_not,
  select,
};

struct Node;

/// Inclusive bounds; `nullopt` is unbounded on that side.
struct Interval {
  std::optional<int64_t> min, max;
  friend bool operator==(const Interval&, const Interval&) = default;
};

/// A named integer with what is known of it: min <= value <= max and value % multiple_of == 0.
/// Two variables of one name within one IR object are the same variable and carry the same facts.
struct Variable {
  std::string name;
  Interval range;
  int64_t multiple_of = 1;
  friend bool operator==(const Variable&, const Variable&) = default;
};

class Expr {
 public:
  Expr() : Expr(0) {}
  Expr(int64_t value);  // NOLINT: implicit on purpose, extents are mostly literals
  Expr(int value) : Expr(static_cast<int64_t>(value)) {}  // NOLINT
  explicit Expr(std::shared_ptr<const Node> node) : node_(std::move(node)) {}

  Kind kind() const;
  const Node& node() const { return *node_; }
  /// The value, when the expression is a constant.
  std::optional<int64_t> as_constant() const;
  bool is_constant(int64_t value) const { return as_constant() == value; }

 private:
  std::shared_ptr<const Node> node_;
};

struct Term {
  int64_t coefficient;
  Expr atom;  ///< neither a constant nor a sum
};

struct Node {
  Kind kind = Kind::constant;
  int64_t value = 0;        ///< constant: the value; sum: its constant part
  Variable variable;        ///< variable only
  std::vector<Term> terms;  ///< sum only, sorted by compare(atom), coefficients non-zero
  std::vector<Expr>
      operands;     ///< every other kind; exactly two but for product (two or more), logical_not and select
  Interval bounds;  ///< what bounds() gives: the builders compute it once
  int64_t divisor = 1;  ///< what known_divisor() gives
};

/// Total structural order (by kind, then contents): < 0, 0, > 0.
int compare(const Expr& a, const Expr& b);
inline bool operator==(const Expr& a, const Expr& b) { return compare(a, b) == 0; }

// Builders; all simplify.
Expr variable(std::string name, Interval range = {}, int64_t multiple_of = 1);
Expr operator+(const Expr& a, const Expr& b);
Expr operator-(const Expr& a, const Expr& b);
Expr operator-(const Expr& a);
Expr operator*(const Expr& a, const Expr& b);
/// b >= 0; where b is 0 the quotient has no value, and nobody asks for it: an index that is divided by an
/// extent belongs to a loop over that extent, which then does not run.
Expr floor_div(const Expr& a, const Expr& b);
Expr ceil_div(const Expr& a, const Expr& b);  ///< floor_div(a + b - 1, b)
Expr mod(const Expr& a, const Expr& b);       ///< b as in floor_div
Expr min(const Expr& a, const Expr& b);
Expr max(const Expr& a, const Expr& b);
Expr less(const Expr& a, const Expr& b);
Expr less_equal(const Expr& a, const Expr& b);
Expr equal(const Expr& a, const Expr& b);
Expr logical_and(const Expr& a, const Expr& b);
Expr logical_or(const Expr& a, const Expr& b);
Expr logical_not(const Expr& a);
Expr select(const Expr& condition, const Expr& a, const Expr& b);
/// Product of all, 1 for none: the element count of a shape.
Expr product(std::span<const Expr> factors);

// Facts.
/// Bounds of the expression over all values of its variables (conservative).
Interval bounds(const Expr& e);
/// The largest known d >= 1 with e % d == 0 (0 for the constant 0).
int64_t known_divisor(const Expr& e);
/// Whether a condition (0/1 expression) always holds, never holds, or is unknown (nullopt).
std::optional<bool> prove(const Expr& condition);
/// True only when proved.
inline bool always(const Expr& condition) { return prove(condition) == true; }

// Structure.
/// `e` as constant + terms, whatever its kind.
struct Linear {
  int64_t constant = 0;
  std::vector<Term> terms;
};
Linear linear(const Expr& e);
Expr from_linear(const Linear& l);
/// The names of the variables that occur, sorted.
std::set<std::string> variables(const Expr& e);
bool uses(const Expr& e, std::string_view name);
/// Splits e = coefficient * variable(name) + rest with `rest` free of it; nullopt when e is not linear in it.
struct Split {
  Expr coefficient, rest;
};
std::optional<Split> split_linear(const Expr& e, std::string_view name);
/// Replaces variables by name and simplifies again.
Expr substitute(const Expr& e, const std::map<std::string, Expr, std::less<>>& bindings);

// Evaluation, text.
/// The value under an environment; a variable without a binding is a compiler bug.
int64_t evaluate(const Expr& e, const std::map<std::string, int64_t, std::less<>>& values);
/// `4*i + j/8 % 3`: parseable; parenthesised only where precedence asks for it.
std::string print(const Expr& e);
/// Reads what `print` writes. `scope` gives the variables' facts by name; a name not in it is an error.
Result<Expr> parse(std::string_view text, const std::map<std::string, Variable, std::less<>>& scope);

}  // namespace weft::expr

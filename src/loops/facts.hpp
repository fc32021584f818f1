// Proofs that an index expression is not negative under the conditions that guard it.
#pragma once

#include <utility>
#include <vector>

#include "expr/expr.hpp"

namespace weft::loops {

/// Expressions known to be >= 0 at some place of a kernel. A stack: scopes push, and shrink back when they
/// end.
class Facts {
 public:
  size_t size() const { return known_.size(); }
  void shrink(size_t size) { known_.resize(size); }

  void assume(const expr::Expr& not_negative) { known_.push_back(not_negative); }
  /// What a condition that holds (or, negated, does not hold) says: its linear comparisons. Disjunctions say
  /// nothing.
  void assume_condition(const expr::Expr& condition, bool negated = false);

  /// Whether `goal` >= 0 is proved: by its bounds, or as a sum of known facts with non-negative factors and
  /// of something whose bounds are not negative. Factors are found by cancelling a term of the goal; the
  /// search is bounded. A second attempt gives dividends the narrower ranges that single facts prove: a
  /// guarded i in i / 8 and i % 8.
  bool proves(const expr::Expr& goal) const;

 private:
  bool search(const expr::Expr& goal, int depth, int& budget) const;
  /// Bounds that one fact gives, or none.
  expr::Interval range(const expr::Expr& e) const;
  /// `e` with variables of such ranges in place of dividends; `names` collects both.
  expr::Expr narrowed(const expr::Expr& e, std::vector<std::pair<expr::Expr, expr::Expr>>& names) const;

  std::vector<expr::Expr> known_;
};

}  // namespace weft::loops

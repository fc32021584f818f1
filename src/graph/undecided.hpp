// What a shape rule asks of extents that depend on symbols, and their ranges do not decide.
#pragma once

#include "graph/graph.hpp"

namespace weft::graph {

/// Proves conditions, and keeps the last that is neither proved nor disproved: a rule that fails after it
/// would hold for the values of the symbols that meet it.
class Undecided {
 public:
  /// Whether it always holds. Of few values of symbols it tries all, where the ranges do not say.
  bool proves(const expr::Expr& condition);
  bool equal(const expr::Expr& a, const expr::Expr& b) { return a == b || proves(expr::equal(a, b)); }
  bool divides(int64_t divisor, const expr::Expr& e);
  const std::optional<expr::Expr>& condition() const { return condition_; }

 private:
  std::optional<expr::Expr> condition_;
};

/// The shape rule of a row; where it fails, `undecided` may have what it lacked.
Result<Type> infer_type(Op op, std::span<const Type> operands, const Attributes& attributes,
                        Undecided& undecided);
/// That two shapes hold equally many elements: the condition on what they have not in common.
expr::Expr same_count(const Shape& a, const Shape& b);
/// numpy's multidirectional broadcast. Of two extents that may be equal, or 1, it asks for the former.
Result<Shape> broadcast(const Shape& a, const Shape& b, Undecided& undecided);

}  // namespace weft::graph

// Which values of the symbols meet a condition on extents.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "expr/expr.hpp"

namespace weft::onnx {

using Symbols = std::map<std::string, expr::Variable, std::less<>>;

/// What symbols become so that a condition holds.
struct Narrowing {
  /// In the place of a symbol: a constant, an expression over others, or a multiple of itself, which then
  /// counts other steps.
  std::map<std::string, expr::Expr, std::less<>> values;
  std::vector<expr::Variable> declared;  ///< symbols whose ranges are others now
  bool excluded = false;                 ///< no values meet the condition
};

/// For a condition that is neither proved nor disproved. Of one symbol: the longest run of equally spaced
/// values that meet it. Of several: one is computed from others where the condition says that two sums are
/// equal; of a divisibility the factor that keeps most values takes it. Nothing where neither helps, or where
/// a symbol is not one of `order`, those whose values the caller chooses: of two that are equal the first in
/// it stays.
std::optional<Narrowing> narrow(const expr::Expr& condition, const Symbols& symbols,
                                const std::vector<std::string>& order);

}  // namespace weft::onnx

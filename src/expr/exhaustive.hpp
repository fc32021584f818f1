// Facts by trying all values: exact where bounds are not, for few values.
#pragma once

#include "expr/expr.hpp"

namespace weft::expr {

/// Whether every division in it has a value wherever its variables are in their ranges.
bool is_total(const Expr& e);
/// The least and the greatest value. Nothing where a variable has no range, its variables have more than
/// `most` combinations of values, or a division may have no value.
std::optional<Interval> exhaustive_bounds(const Expr& e, int64_t most);

}  // namespace weft::expr

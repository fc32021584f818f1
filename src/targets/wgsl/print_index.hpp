// Index expressions as i32 arithmetic of WGSL.
#pragma once

#include <functional>
#include <string>

#include "expr/expr.hpp"

namespace weft::wgsl {

/// The identifier of an index variable.
using IndexName = std::function<std::string(const std::string&)>;

/// An i32 expression, in parentheses unless it is one word or call. Values fit i32 (the plan bounds them),
/// sums on the way wrap, which is harmless.
std::string print_index(const expr::Expr& e, const IndexName& name);
/// The same as a bool: whether it is not 0.
std::string print_condition(const expr::Expr& e, const IndexName& name);

}  // namespace weft::wgsl

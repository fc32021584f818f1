// The custom operations that weft itself makes: what reads or builds the characters of strings. A runtime has
// them by the same names (runtimes/web/src/strings); the evaluator's are in eval_custom.cpp. Strings are ids.
//
//   string.case [lower|upper, locale] (x) -> x's shape
//   string.concat (a, b: one shape) -> that shape
//   string.match [pattern] (x) -> boolean: whether all of it matches, in RE2's syntax; not in the evaluator
//   string.parts [delimiter, most, room] (x) -> i32: into how many parts each is split; fails above `room`
//   string.part [delimiter, most] (x) -> x's shape and one more axis: the parts, then empty strings
//   string.format [f32|f64|…] (numbers) -> their shape: as numbers of this type are written
//   string.number (x) -> f64; string.integer (x) -> i64: fails on what is none
//   string.rank (x) -> i32: how many of the distinct strings of x come before each, by code points
//
// Parts: between delimiters, or with the empty delimiter what is not blank; with `most` >= 0 the rest is left
// after so many splits.
#pragma once

#include <string_view>

#include "graph/eval.hpp"

namespace weft::graph {

bool is_custom(std::string_view name);

/// One of them on given operands; `y` has its dtype, shape and bytes, which are written. Fails (unsupported)
/// for what the evaluator cannot do, and (invalid_argument) where the operation fails.
Result<void> evaluate_custom(const CustomAttributes& what, std::span<const Tensor* const> x, Tensor& y,
                             Strings& strings);

}  // namespace weft::graph

// What operators of ai.onnx.ml share: labels of classes, scores and what becomes of them.
#pragma once

#include "frontends/onnx/ops/emit.hpp"

namespace weft::onnx {

/// The classes of a classifier, in the order of its scores.
struct Labels {
  Ints integers;
  std::vector<std::string> strings;
  size_t size() const { return strings.empty() ? integers.size() : strings.size(); }
};
/// From classlabels_strings and classlabels_ints, or classlabels_int64s.
Labels class_labels(Call& c);
/// The labels at the indices (of any integer type), in the indices' shape.
ValueId labels_at(Call& c, const Labels& labels, ValueId indices);

/// An operand as f32[rows, features]; a vector is one row. Fails for other ranks.
ValueId matrix_of(Call& c, size_t input);
/// Scores [rows, n] after `name`: NONE, LOGISTIC, SOFTMAX, SOFTMAX_ZERO or PROBIT. ONNX does not define the
/// last two: as ONNX Runtime has them.
ValueId transformed(Call& c, ValueId scores, const std::string& name);
/// The scores [rows, 2] of two classes from one [rows, 1] for the second, as ONNX Runtime has them: LOGISTIC
/// of -score and score; for other transforms 1 - score and score where that is a share of 1, else -score and
/// score.
ValueId scores_of_two(Call& c, ValueId score, bool is_share, const std::string& transform);
/// i64[rows]: which score of a row is the greatest, the first among equals.
ValueId winner(Call& c, ValueId scores);
/// A list of floats as a tensor.
ValueId constant_floats(Call& c, const std::vector<float>& values, const Ints& shape);
/// x[rows, features] * weights[n, features]', with the weights of a list.
ValueId product_with(Call& c, ValueId x, const std::vector<float>& weights, int64_t n);

}  // namespace weft::onnx

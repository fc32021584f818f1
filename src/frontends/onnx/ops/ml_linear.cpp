// Linear models, scaling and missing values of ai.onnx.ml.
#include <fmt/format.h>

#include <cmath>

#include "frontends/onnx/ops/converters.hpp"
#include "frontends/onnx/ops/ml.hpp"
#include "frontends/onnx/ops/term.hpp"

namespace weft::onnx {

void convert_binarizer(Call& c) {
  const ValueId x = c.in(0);
  if (c.ok()) c.out(0, emit(c, convert(less(c.number("threshold", 0), x), c.dtype(x))));
}

/// (x - offset) * scale, per feature
void convert_scaler(Call& c) {
  const ValueId x = cast(c, c.in(0), DType::f32);
  const auto list = [&](std::string_view name, float fallback) {
    std::vector<float> values = c.numbers(name);
    if (values.empty()) values.push_back(fallback);
    return constant_floats(c, values, {static_cast<int64_t>(values.size())});
  };
  const ValueId offset = list("offset", 0), scale = list("scale", 1);
  c.out(0, emit(c, (Term(x) - offset) * scale));
}

void convert_linear_regressor(Call& c) {
  const ValueId x = matrix_of(c, 0);
  const std::vector<float> weights = c.numbers("coefficients"), offsets = c.numbers("intercepts");
  const int64_t targets = c.integer("targets", 1);
  ValueId y = product_with(c, x, weights, targets);
  if (!offsets.empty()) {
    if (offsets.size() != 1 && static_cast<int64_t>(offsets.size()) != targets)
      return c.invalid("intercepts do not fit the targets");
    y = add(c, y, constant_floats(c, offsets, {static_cast<int64_t>(offsets.size())}));
  }
  c.out(0, transformed(c, y, c.text("post_transform", "NONE")));
}

/// A score a class, or one score that is positive for the second of two classes; then, with two labels, the
/// scores are two, too.
void convert_linear_classifier(Call& c) {
  const ValueId x = matrix_of(c, 0);
  const std::vector<float> weights = c.numbers("coefficients"), offsets = c.numbers("intercepts");
  Labels labels = class_labels(c);
  const std::string transform = c.text("post_transform", "NONE");
  if (!c.ok()) return;
  const size_t classes = offsets.empty() ? labels.size() : offsets.size();
  ValueId scores = product_with(c, x, weights, static_cast<int64_t>(classes));
  if (!offsets.empty()) scores = add(c, scores, constant_floats(c, offsets, {static_cast<int64_t>(classes)}));
  if (!c.ok()) return;
  if (classes != 1) {
    if (labels.size() < classes) return c.invalid("it has fewer labels than scores");
    c.out(0, labels_at(c, labels, winner(c, scores)));
    return c.out(1, transformed(c, scores, transform));
  }
  const bool has_two = labels.size() == 2;
  if (!has_two && labels.strings.empty()) labels.integers = {0, 1};
  if (!has_two && !labels.strings.empty()) labels.strings = {"0", "1"};
  const ValueId column = reshape(c, scores, {c.dims(scores)[0]});
  const ValueId is_second = emit(c, convert(less(0.0, column), DType::i32));
  c.out(0, labels_at(c, labels, is_second));
  if (!has_two) return c.out(1, transform == "PROBIT" ? transformed(c, scores, transform) : scores);
  c.out(1, scores_of_two(c, scores, true, transform));
}

/// Rows divided by their greatest element, sum of sizes, or length; rows for which that is 0 stay as they
/// are.
void convert_normalizer(Call& c) {
  const ValueId x = cast(c, c.in(0), DType::f32);
  const std::string norm = c.text("norm", "MAX");
  if (!c.ok()) return;
  if (c.rank(x) < 1 || c.rank(x) > 2) return c.invalid(fmt::format("an input of rank {}", c.rank(x)));
  const Ints axes = {c.rank(x) - 1};
  ValueId size = kNoValue;
  if (norm == "MAX") size = reduce(c, x, ReduceKind::max, axes, true);
  else if (norm == "L1") size = reduce(c, emit(c, abs(Term(x))), ReduceKind::sum, axes, true);
  else if (norm == "L2")
    size = emit(c, sqrt(Term(reduce(c, emit(c, Term(x) * x), ReduceKind::sum, axes, true))));
  else return c.invalid(fmt::format("norm = {}", norm));
  c.out(0, emit(c, x / select(equal(size, 0), 1, size)));
}

void convert_imputer(Call& c) {
  const ValueId x = c.in(0);
  if (!c.ok()) return;
  const DType dtype = c.dtype(x);
  std::vector<double> values;
  double replaced = 0;
  if (is_float(dtype)) {
    for (const float value : c.numbers("imputed_value_floats")) values.push_back(static_cast<double>(value));
    replaced = c.number("replaced_value_float", 0);
  } else {
    for (const int64_t value : c.small_integers("imputed_value_int64s"))
      values.push_back(static_cast<double>(value));
    const int64_t given = c.integer("replaced_value_int64", 0);
    if (given < -(int64_t{1} << 53) || given > (int64_t{1} << 53))
      return c.unsupported(fmt::format("replaced_value_int64 = {}", given));
    replaced = static_cast<double>(given);
  }
  if (!c.ok()) return;
  if (values.empty() || c.rank(x) < 1)
    return c.invalid("it has no imputed values of the input's type, or its input is a scalar");
  const expr::Expr features = c.dims(x).back();
  if (!expr::always(expr::equal(features, expr::Expr(static_cast<int64_t>(values.size()))))) values.resize(1);
  const ValueId others = c.constant(dtype, {static_cast<int64_t>(values.size())}, values);
  const Term is_missing = std::isnan(replaced) ? Term(Op::is_nan, {x}) : equal(x, replaced);
  c.out(0, emit(c, select(is_missing, others, x)));
}

}  // namespace weft::onnx

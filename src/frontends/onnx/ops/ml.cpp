#include "frontends/onnx/ops/ml.hpp"

#include <fmt/format.h>

#include "frontends/onnx/ops/term.hpp"

namespace weft::onnx {
namespace {

/// exp(x) / sum, but of what is not 0: zeros stay, and take no part in the sum.
ValueId softmax_of_others(Call& c, ValueId scores) {
  const ValueId greatest = reduce(c, scores, ReduceKind::max, {1}, true);
  const Term is_zero = less_equal(abs(Term(scores)), 1e-7);
  const ValueId powers = emit(c, select(is_zero, 0, exp(Term(scores) - greatest)));
  const ValueId sum = reduce(c, powers, ReduceKind::sum, {1}, true);
  return emit(c, select(is_zero, scores * exp(-Term(greatest)), powers) / sum);
}

/// sqrt(2) erfinv(2 x - 1), with Winitzki's approximation of the inverse.
ValueId probit(Call& c, ValueId scores) {
  constexpr double kA = 0.147, kPi = 3.14159;
  const Term x = Term(scores) * 2 - 1;
  const Term log_square = log((Term(1.0) - x) * (x + 1));
  const Term half = log_square * 0.5 + 2 / (kPi * kA);
  // sqrt(half^2 - l) - half, without the difference of near numbers
  const Term excess = log_square * (1 / kA);
  const Term size = sqrt(-excess / (sqrt(half * half - excess) + half));
  return emit(c, select(less(x, 0), -size, size) * 1.41421356);
}

}  // namespace

Labels class_labels(Call& c) {
  Labels labels{c.integers("classlabels_int64s"), c.texts("classlabels_strings")};
  if (labels.integers.empty()) labels.integers = c.integers("classlabels_ints");
  return labels;
}

ValueId labels_at(Call& c, const Labels& labels, ValueId indices) {
  if (!c.ok()) return kNoValue;
  const auto count = static_cast<int64_t>(labels.strings.size());
  const ValueId table = count > 0 ? c.strings({count}, labels.strings) : c.vector(labels.integers);
  return emit(c, gather(table, indices));
}

ValueId matrix_of(Call& c, size_t input) {
  const ValueId x = cast(c, c.in(input), DType::f32);
  if (!c.ok()) return kNoValue;
  const Dims shape = c.dims(x);
  if (shape.size() == 1) return reshape(c, x, {1, shape[0]});
  if (shape.size() != 2) c.invalid(fmt::format("an input of rank {}", shape.size()));
  return c.ok() ? x : kNoValue;
}

ValueId transformed(Call& c, ValueId scores, const std::string& name) {
  if (name == "NONE") return scores;
  if (name == "LOGISTIC") return c.emit(Op::sigmoid, {scores});
  if (name == "SOFTMAX") return softmax(c, scores, {1}, false);
  if (name == "SOFTMAX_ZERO") return softmax_of_others(c, scores);
  if (name == "PROBIT") return probit(c, scores);
  c.invalid(fmt::format("post_transform = {}", name));
  return kNoValue;
}

ValueId scores_of_two(Call& c, ValueId score, bool is_share, const std::string& transform) {
  if (transform == "PROBIT") c.unsupported("PROBIT of one score for two classes");
  const bool is_logistic = transform == "LOGISTIC";
  const ValueId other = emit(c, is_share && !is_logistic ? Term(1.0) - score : -Term(score));
  const ValueId both = concat(c, {other, score}, 1);
  return is_logistic ? transformed(c, both, transform) : both;
}

ValueId winner(Call& c, ValueId scores) {
  return c.emit(Op::arg_reduce, {scores}, graph::ArgReduceAttributes{ReduceKind::max, 1, false});
}

ValueId constant_floats(Call& c, const std::vector<float>& values, const Ints& shape) {
  return c.constant(DType::f32, shape, std::vector<double>(values.begin(), values.end()));
}

ValueId product_with(Call& c, ValueId x, const std::vector<float>& weights, int64_t n) {
  if (!c.ok()) return kNoValue;
  const auto count = static_cast<int64_t>(weights.size());
  if (n < 1 || count % n != 0 || !expr::always(expr::equal(c.dims(x)[1], expr::Expr(count / n)))) {
    c.invalid(fmt::format("its {} coefficients, or the numbers in its vectors, do not fit {} features", count,
                          expr::print(c.dims(x)[1])));
    return kNoValue;
  }
  const int64_t features = count / n;
  std::vector<double> columns(weights.size());
  for (int64_t row = 0; row < n; ++row)
    for (int64_t k = 0; k < features; ++k)
      columns[static_cast<size_t>(k * n + row)] =
          static_cast<double>(weights[static_cast<size_t>(row * features + k)]);
  const ValueId held = c.constant(DType::f32, {features, n}, columns);
  return c.emit(Op::matmul, {x, held});
}

}  // namespace weft::onnx

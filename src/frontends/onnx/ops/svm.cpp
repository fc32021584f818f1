// SVMRegressor and SVMClassifier of ai.onnx.ml, as LIBSVM has them (Chang and Lin, "LIBSVM: a library for
// support vector machines").
#include <fmt/format.h>

#include <algorithm>

#include "frontends/onnx/ops/converters.hpp"
#include "frontends/onnx/ops/coupling.hpp"
#include "frontends/onnx/ops/ml.hpp"
#include "frontends/onnx/ops/term.hpp"

namespace weft::onnx {
namespace {

/// (gamma <x, v> + coef0)^degree and its likes.
struct Kernel {
  std::string type;
  double gamma = 0, coef0 = 0, degree = 0;
};

Kernel kernel_of(Call& c) {
  Kernel kernel{c.text("kernel_type", "LINEAR")};
  const std::vector<float> parameters = c.numbers("kernel_params");
  if (!parameters.empty() && parameters.size() != 3) c.invalid("kernel_params are not three numbers");
  if (!c.ok() || parameters.empty()) return kernel;
  kernel.gamma = static_cast<double>(parameters[0]);
  kernel.coef0 = static_cast<double>(parameters[1]);
  kernel.degree = static_cast<double>(parameters[2]);
  return kernel;
}

/// The kernel of each row of x[rows, features] and each of `count` support vectors: [rows, count].
ValueId kernel_values(Call& c, const Kernel& kernel, ValueId x, const std::vector<float>& vectors,
                      int64_t count) {
  if (kernel.type != "RBF") {
    const ValueId products = product_with(c, x, vectors, count);
    if (kernel.type == "LINEAR" || !c.ok()) return products;
    const Term inner = products * Term(kernel.gamma) + kernel.coef0;
    if (kernel.type == "SIGMOID") return emit(c, tanh(inner));
    if (kernel.type != "POLY") {
      c.invalid(fmt::format("kernel_type = {}", kernel.type));
      return kNoValue;
    }
    if (kernel.degree == 1) return emit(c, inner);
    if (kernel.degree == 2) return emit(c, inner * inner);
    if (kernel.degree == 3) return emit(c, inner * inner * inner);
    return emit(c, Term(Op::pow, {inner, kernel.degree}));
  }
  if (!c.ok()) return kNoValue;
  const Dims shape = c.dims(x);
  const auto size = static_cast<int64_t>(vectors.size());
  if (count < 1 || size % count != 0 || !expr::always(expr::equal(shape[1], expr::Expr(size / count)))) {
    c.invalid(fmt::format("its support vectors do not fit {} features", expr::print(shape[1])));
    return kNoValue;
  }
  const ValueId rows = reshape(c, x, {shape[0], 1, shape[1]});
  const ValueId held = constant_floats(c, vectors, {1, count, size / count});
  const Term difference = Term(rows) - held;
  const ValueId distance = reduce(c, emit(c, difference * difference), ReduceKind::sum, {2}, false);
  return emit(c, exp(distance * Term(-kernel.gamma)));
}

struct Classifier {
  Kernel kernel;
  Labels labels;
  std::string transform;
  Ints vectors_per_class;
  std::vector<float> coefficients, rho, vectors, prob_a, prob_b;
  size_t classes() const { return labels.size(); }
  int64_t pairs() const {
    const auto n = static_cast<int64_t>(classes());
    return n * (n - 1) / 2;
  }
};

/// A score a class, from as many rows of coefficients.
void classify_linearly(Call& c, const Classifier& s, ValueId x) {
  const auto classes = static_cast<int64_t>(s.classes());
  const ValueId products = product_with(c, x, s.coefficients, classes);
  if (!c.ok() || s.rho.empty()) return c.invalid("rho is missing");
  const ValueId scores = add(c, products, static_cast<double>(s.rho[0]));
  ValueId index = winner(c, scores);
  if (classes == 2) {
    const bool all_positive = std::ranges::all_of(s.coefficients, [](float w) { return w >= 0; });
    const Term most(reduce(c, scores, ReduceKind::max, {1}, false));
    const Term is_second = all_positive ? less_equal(0.5, most) : less(0.0, most);
    index = emit(c, select(is_second, 1, Term(index)));
  }
  c.out(0, labels_at(c, s.labels, index));
  c.out(1, transformed(c, scores, s.transform));
}

/// For each pair of classes (i < j) a score that is positive for i: [rows, pairs]. A support vector has a
/// coefficient for each class but its own: row j - 1 for classes after it, row j for those before.
ValueId pair_scores(Call& c, const Classifier& s, ValueId x) {
  const auto classes = static_cast<int64_t>(s.classes());
  Ints first(s.classes() + 1, 0);
  for (size_t i = 0; i < s.classes(); ++i) {
    if (s.vectors_per_class[i] < 0 || s.vectors_per_class[i] > (int64_t{1} << 30)) {
      c.invalid("vectors_per_class is out of range");
      return kNoValue;
    }
    first[i + 1] = first[i] + s.vectors_per_class[i];
  }
  const int64_t count = first.back(), pairs = s.pairs();
  const auto size = [](const std::vector<float>& list) { return static_cast<int64_t>(list.size()); };
  if (size(s.coefficients) != (classes - 1) * count || size(s.rho) < pairs) {
    c.invalid("its coefficients do not fit its classes and support vectors");
    return kNoValue;
  }
  const ValueId kernels = kernel_values(c, s.kernel, x, s.vectors, count);
  if (!c.ok()) return kNoValue;
  std::vector<double> weights(static_cast<size_t>(count * pairs), 0.0);
  int64_t pair = 0;
  for (int64_t i = 0; i < classes; ++i)
    for (int64_t j = i + 1; j < classes; ++j, ++pair) {
      const auto put = [&](int64_t owner, int64_t row) {
        for (int64_t v = first[static_cast<size_t>(owner)]; v < first[static_cast<size_t>(owner) + 1]; ++v)
          weights[static_cast<size_t>(v * pairs + pair)] =
              static_cast<double>(s.coefficients[static_cast<size_t>(row * count + v)]);
      };
      put(i, j - 1);
      put(j, i);
    }
  // Large coefficients of both signs nearly cancel: LIBSVM sums in doubles.
  const ValueId table = c.constant(DType::f64, {count, pairs}, weights);
  const ValueId sums = cast(c, c.emit(Op::matmul, {cast(c, kernels, DType::f64), table}), DType::f32);
  return add(c, sums, constant_floats(c, {s.rho.begin(), s.rho.begin() + pairs}, {pairs}));
}

/// How many of a row's pairs each class wins: [rows, classes].
ValueId votes_of(Call& c, const Classifier& s, ValueId scores) {
  const auto classes = static_cast<int64_t>(s.classes());
  std::vector<double> sign(static_cast<size_t>(s.pairs() * classes), 0.0), offset(s.classes(), 0.0);
  size_t pair = 0;
  for (size_t i = 0; i < s.classes(); ++i)
    for (size_t j = i + 1; j < s.classes(); ++j, ++pair) {
      sign[pair * s.classes() + i] = 1;
      sign[pair * s.classes() + j] = -1;
      offset[j] += 1;
    }
  const ValueId wins = emit(c, convert(less(0.0, scores), DType::f32));
  const ValueId table = c.constant(DType::f32, {s.pairs(), classes}, sign);
  const ValueId more = c.constant(DType::f32, {classes}, offset);
  return emit(c, matmul(wins, table) + more);
}

/// By Platt's sigmoid for each pair, and then one for each class: [rows, classes].
ValueId probabilities(Call& c, const Classifier& s, ValueId scores) {
  const auto classes = static_cast<int64_t>(s.classes());
  const int64_t pairs = s.pairs();
  if (static_cast<int64_t>(s.prob_a.size()) != pairs || s.prob_b.size() != s.prob_a.size()) {
    c.invalid("prob_a and prob_b do not fit its classes");
    return kNoValue;
  }
  const Term line =
      Term(scores) * constant_floats(c, s.prob_a, {pairs}) + constant_floats(c, s.prob_b, {pairs});
  const ValueId first = emit(c, minimum(maximum(sigmoid(-line), 1e-7), 1 - 1e-7));
  // Columns: i before j, then j before i, then 0.
  const ValueId both = concat(c, {first, emit(c, Term(1.0) - first), mul(c, first, 0.0)}, 1);
  Ints columns(static_cast<size_t>(classes * classes), 2 * pairs);
  int64_t pair = 0;
  for (int64_t i = 0; i < classes; ++i)
    for (int64_t j = i + 1; j < classes; ++j, ++pair) {
      columns[static_cast<size_t>(i * classes + j)] = pair;
      columns[static_cast<size_t>(j * classes + i)] = pairs + pair;
    }
  const ValueId table = emit(c, gather(both, c.vector(columns), 1));
  if (!c.ok()) return kNoValue;
  return couple_pairs(c, reshape(c, table, {c.dims(scores)[0], classes, classes}), classes);
}

void classify_by_vectors(Call& c, const Classifier& s, ValueId x) {
  if (s.vectors_per_class.size() != s.classes()) return c.invalid("vectors_per_class do not fit the labels");
  if (s.classes() < 2) return c.invalid("it has one class");
  if (s.classes() > 1024) return c.fail(ErrorKind::limit, "more than 1024 classes");
  const ValueId scores = pair_scores(c, s, x);
  if (!c.ok()) return;
  c.out(0, labels_at(c, s.labels, winner(c, votes_of(c, s, scores))));
  if (!s.prob_a.empty()) return c.out(1, transformed(c, probabilities(c, s, scores), s.transform));
  if (s.classes() > 2) return c.out(1, transformed(c, scores, s.transform));
  c.out(1, scores_of_two(c, scores, s.transform != "NONE", s.transform));
}

}  // namespace

void convert_svm_classifier(Call& c) {
  const ValueId x = matrix_of(c, 0);
  Classifier s;
  s.kernel = kernel_of(c);
  s.labels = class_labels(c);
  s.transform = c.text("post_transform", "NONE");
  s.vectors_per_class = c.integers("vectors_per_class");
  s.coefficients = c.numbers("coefficients");
  s.rho = c.numbers("rho");
  s.vectors = c.numbers("support_vectors");
  s.prob_a = c.numbers("prob_a");
  s.prob_b = c.numbers("prob_b");
  if (!c.ok()) return;
  const bool has_vectors = std::ranges::any_of(s.vectors_per_class, [](int64_t n) { return n != 0; });
  if (has_vectors) classify_by_vectors(c, s, x);
  else classify_linearly(c, s, x);
}

void convert_svm_regressor(Call& c) {
  const ValueId x = matrix_of(c, 0);
  const Kernel kernel = kernel_of(c);
  const std::vector<float> coefficients = c.numbers("coefficients"), rho = c.numbers("rho");
  const std::vector<float> vectors = c.numbers("support_vectors");
  const int64_t count = c.integer("n_supports", 0);
  if (!c.ok()) return;
  if (rho.size() != 1 || count < 0) return c.invalid("rho is not one number, or n_supports is negative");
  const ValueId features = count > 0 ? kernel_values(c, kernel, x, vectors, count) : x;
  const ValueId products = product_with(c, features, coefficients, 1);
  ValueId y = add(c, products, static_cast<double>(rho[0]));
  if (c.integer("one_class", 0) != 0) y = emit(c, select(less(0.0, y), 1, -1));
  c.out(0, y);
}

}  // namespace weft::onnx

// NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss.
#include <fmt/format.h>

#include "frontends/onnx/ops/converters.hpp"
#include "frontends/onnx/ops/term.hpp"

namespace weft::onnx {
namespace {

/// The loss of log-probabilities [N, C, …] for classes [N, …].
ValueId likelihood_loss(Call& c, ValueId x, ValueId target, ValueId weight) {
  if (!c.ok()) return kNoValue;
  const Dims shape = c.dims(x);
  if (shape.size() < 2 || c.rank(target) + 1 != c.rank(x)) {
    c.invalid("the target does not fit the input");
    return kNoValue;
  }
  const expr::Expr classes = shape[1];
  Dims kept = shape;
  kept[1] = 1;
  const ValueId wide = cast(c, target, DType::i32);
  const ValueId column = reshape(c, wide, kept);
  // A sum over the classes of what is selected: nothing is read by an index that may mean no class.
  const ValueId picked = emit(c, select(equal(iota(shape, 1), column), -Term(x), 0));
  ValueId loss = reduce(c, picked, ReduceKind::sum, {1}, false);
  const bool ignores = c.has_attribute("ignore_index");
  const ValueId one = c.scalar(c.dtype(x), 1);
  ValueId factor = kNoValue;
  if (weight != kNoValue) {
    const Term last = number(c, classes - 1);
    factor = emit(c, gather(weight, minimum(maximum(wide, 0), last)));
  }
  if (ignores) {
    const Term is_ignored = equal(wide, static_cast<double>(c.integer("ignore_index", 0)));
    factor = emit(c, select(is_ignored, 0, factor == kNoValue ? Term(one) : Term(factor)));
  }
  if (factor != kNoValue) loss = mul(c, loss, factor);
  const std::string reduction = c.text("reduction", "mean");
  if (reduction == "none" || !c.ok()) return loss;
  const Ints all = axis_range(0, c.rank(loss));
  if (reduction == "sum") return reduce(c, loss, ReduceKind::sum, all, false);
  if (reduction != "mean") c.invalid(fmt::format("reduction = \"{}\"", reduction));
  if (factor == kNoValue) return reduce(c, loss, ReduceKind::mean, all, false);
  const ValueId total = reduce(c, loss, ReduceKind::sum, all, false);
  const ValueId weights = reduce(c, factor, ReduceKind::sum, all, false);
  return div(c, total, weights);
}

}  // namespace

void convert_negative_log_likelihood_loss(Call& c) {
  const ValueId x = c.in(0);
  const ValueId target = c.in(1);
  c.out(0, likelihood_loss(c, x, target, c.has(2) ? c.in(2) : kNoValue));
}

void convert_softmax_cross_entropy_loss(Call& c) {
  const ValueId scores = c.in(0);
  const ValueId target = c.in(1);
  const ValueId x = softmax(c, scores, {1}, true);
  c.out(0, likelihood_loss(c, x, target, c.has(2) ? c.in(2) : kNoValue));
  c.out(1, x);
}

}  // namespace weft::onnx

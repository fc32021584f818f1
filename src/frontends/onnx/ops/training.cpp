// One step of an optimiser: Adagrad, Adam and Momentum of ai.onnx.preview.training. Their operands are the
// learning rate R, the number of updates T, then lists of equal length: tensors X, gradients G, states.
#include <fmt/format.h>

#include "frontends/onnx/ops/converters.hpp"
#include "frontends/onnx/ops/term.hpp"

namespace weft::onnx {
namespace {

/// How many tensors are optimised; each has `lists` operands.
size_t tensors(Call& c, size_t lists) {
  const size_t given = c.input_count() < 2 ? 0 : c.input_count() - 2;
  if (given == 0 || given % lists != 0) c.invalid(fmt::format("it has not {} operands a tensor", lists));
  return c.ok() ? given / lists : 0;
}

/// Scalars that broadcast.
ValueId scalar_operand(Call& c, size_t index, DType type) {
  return cast(c, reshape(c, c.in(index), {}), type);
}

/// The gradient with that of the squared norm.
Term regular(Call& c, ValueId x, ValueId gradient) {
  const double norm = c.number("norm_coefficient", 0);
  return norm == 0 ? Term(gradient) : Term(x) * norm + gradient;
}

}  // namespace

void convert_adagrad(Call& c) {
  const size_t n = tensors(c, 3);
  for (size_t i = 0; i < n && c.ok(); ++i) {
    const ValueId x = c.in(2 + i), gradient = c.in(2 + n + i), sums = c.in(2 + 2 * n + i);
    const DType type = c.dtype(x);
    const ValueId rate = scalar_operand(c, 0, type), updates = scalar_operand(c, 1, type);
    if (!c.ok()) return;
    const Term decayed = Term(rate) / (Term(updates) * c.number("decay_factor", 0) + 1.0);
    const ValueId g = emit(c, regular(c, x, gradient));
    const ValueId next = emit(c, Term(sums) + Term(g) * g);
    c.out(i, emit(c, Term(x) - decayed * g / (sqrt(next) + c.number("epsilon", 1e-6))));
    c.out(n + i, next);
  }
}

void convert_adam(Call& c) {
  const size_t n = tensors(c, 4);
  const double alpha = c.number("alpha", 0.9), beta = c.number("beta", 0.999);
  for (size_t i = 0; i < n && c.ok(); ++i) {
    const ValueId x = c.in(2 + i), gradient = c.in(2 + n + i);
    const ValueId first = c.in(2 + 2 * n + i), second = c.in(2 + 3 * n + i);
    const DType type = c.dtype(x);
    const ValueId rate = scalar_operand(c, 0, type), updates = scalar_operand(c, 1, type);
    if (!c.ok()) return;
    const ValueId g = emit(c, regular(c, x, gradient));
    const ValueId mean = emit(c, Term(first) * alpha + Term(g) * (1 - alpha));
    const ValueId square = emit(c, Term(second) * beta + Term(g) * g * (1 - beta));
    // Both began with 0.
    const auto missing = [&](double base) { return 1.0 - Term(Op::pow, {base, updates}); };
    const Term corrected = Term(rate) * sqrt(missing(beta)) / missing(alpha);
    const Term adjusted = select(less(0, updates), corrected, rate);
    const Term next = Term(x) - adjusted * mean / (sqrt(square) + c.number("epsilon", 1e-6));
    c.out(i, emit(c, next * (1 - c.number("norm_coefficient_post", 0))));
    c.out(n + i, mean);
    c.out(2 * n + i, square);
  }
}

void convert_momentum(Call& c) {
  const size_t n = tensors(c, 3);
  const double alpha = c.number("alpha", 0), beta = c.number("beta", 0);
  const std::string mode = c.text("mode", "standard");
  if (mode != "standard" && mode != "nesterov") return c.invalid(fmt::format("mode = \"{}\"", mode));
  for (size_t i = 0; i < n && c.ok(); ++i) {
    const ValueId x = c.in(2 + i), gradient = c.in(2 + n + i), velocity = c.in(2 + 2 * n + i);
    const DType type = c.dtype(x);
    const ValueId rate = scalar_operand(c, 0, type), updates = scalar_operand(c, 1, type);
    if (!c.ok()) return;
    const ValueId g = emit(c, regular(c, x, gradient));
    const ValueId one = c.scalar(type, 1);
    const ValueId next = emit(c, Term(velocity) * alpha + select(less(0, updates), beta, one) * g);
    c.out(i,
          emit(c, Term(x) - Term(rate) * (mode == "standard" ? Term(next) : Term(g) + Term(next) * alpha)));
    c.out(n + i, next);
  }
}

}  // namespace weft::onnx

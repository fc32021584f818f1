// Activation functions. Formulas and defaults: https://onnx.ai/onnx/operators/
#include <cmath>

#include "frontends/onnx/ops/converters.hpp"
#include "frontends/onnx/ops/term.hpp"

namespace weft::onnx {
namespace {

/// max(x, 0) + log(1 + exp(-|x|)): no overflow for large x.
ValueId softplus(Call& c, ValueId x) {
  const ValueId magnitude = c.emit(Op::abs, {x});
  const ValueId minus = c.emit(Op::neg, {magnitude});
  const ValueId power = c.emit(Op::exp, {minus});
  const ValueId plus = add(c, power, 1.0);
  const ValueId log = c.emit(Op::log, {plus});
  const ValueId positive = maximum(c, x, 0.0);
  return add(c, positive, log);
}

/// x for x >= 0 (and NaN), else alpha * (exp(x) - 1)
ValueId elu(Call& c, ValueId x, double alpha) {
  const ValueId power = c.emit(Op::exp, {x});
  const ValueId minus = add(c, power, -1.0);
  const ValueId scaled = mul(c, minus, alpha);
  const ValueId negative = less(c, x, 0.0);
  return select(c, negative, scaled, x);
}

}  // namespace

void convert_relu(Call& c) { c.out(0, maximum(c, c.in(0), 0.0)); }

void convert_leaky_relu(Call& c) {
  const ValueId x = c.in(0);
  const ValueId scaled = mul(c, x, c.number("alpha", c.version() < 6 ? 0.01 : static_cast<double>(0.01f)));
  const ValueId negative = less(c, x, 0.0);
  c.out(0, select(c, negative, scaled, x));
}

void convert_prelu(Call& c) {
  const ValueId x = c.in(0);
  ValueId slope = c.in(1);
  if (c.version() < 7 && c.rank(slope) == 1 && c.dims(slope) != Dims{1})
    slope = per_channel(c, slope, c.rank(x));
  const ValueId scaled = mul(c, x, slope);
  if (c.dims(scaled) != c.dims(x)) return c.invalid("the slope does not broadcast to the input");
  const ValueId negative = less(c, x, 0.0);
  c.out(0, select(c, negative, scaled, x));
}

void convert_elu(Call& c) {
  const ValueId x = c.in(0);
  c.out(0, elu(c, x, c.number("alpha", 1.0)));
}

void convert_selu(Call& c) {
  const bool old = c.version() < 6;
  const double alpha = c.number("alpha", static_cast<double>(old ? 1.6732f : 1.67326319217681884765625f));
  const double gamma = c.number("gamma", static_cast<double>(old ? 1.0507f : 1.05070102214813232421875f));
  const ValueId x = elu(c, c.in(0), alpha);
  c.out(0, mul(c, x, gamma));
}

void convert_celu(Call& c) {
  const double alpha = c.number("alpha", 1.0);
  const ValueId x = c.in(0);
  const ValueId ratio = mul(c, x, 1.0 / alpha);
  const ValueId power = c.emit(Op::exp, {ratio});
  const ValueId minus = add(c, power, -1.0);
  const ValueId scaled = mul(c, minus, alpha);
  const ValueId below = minimum(c, scaled, 0.0);
  const ValueId above = maximum(c, x, 0.0);
  c.out(0, add(c, above, below));
}

void convert_hard_sigmoid(Call& c) {
  const ValueId x = c.in(0);
  const ValueId scaled = mul(c, x, c.number("alpha", static_cast<double>(0.2f)));
  const ValueId moved = add(c, scaled, c.number("beta", 0.5));
  const ValueId above = maximum(c, moved, 0.0);
  c.out(0, minimum(c, above, 1.0));
}

void convert_hard_swish(Call& c) {
  const ValueId x = c.in(0);
  const ValueId scaled = mul(c, x, 1.0 / 6.0);
  const ValueId moved = add(c, scaled, 0.5);
  const ValueId above = maximum(c, moved, 0.0);
  const ValueId gate = minimum(c, above, 1.0);
  c.out(0, mul(c, x, gate));
}

void convert_swish(Call& c) {
  const ValueId x = c.in(0);
  const double alpha = c.number("alpha", 1.0);
  const ValueId scaled = alpha == 1.0 ? x : mul(c, x, alpha);
  const ValueId gate = c.emit(Op::sigmoid, {scaled});
  c.out(0, mul(c, x, gate));
}

void convert_softplus(Call& c) { c.out(0, softplus(c, c.in(0))); }

void convert_softsign(Call& c) {
  const ValueId x = c.in(0);
  const ValueId magnitude = c.emit(Op::abs, {x});
  const ValueId plus = add(c, magnitude, 1.0);
  c.out(0, div(c, x, plus));
}

void convert_mish(Call& c) {
  const ValueId x = c.in(0);
  const ValueId smooth = softplus(c, x);
  const ValueId gate = c.emit(Op::tanh, {smooth});
  c.out(0, mul(c, x, gate));
}

ValueId gelu(Call& c, ValueId x, bool by_tanh) {
  const Term v = x;
  if (!by_tanh) return emit(c, v * 0.5 * (erf(v * 0.70710678118654752440) + 1));              // 1 / sqrt(2)
  return emit(c, v * 0.5 * (tanh((v + v * v * v * 0.044715) * 0.79788456080286535588) + 1));  // sqrt(2 / pi)
}

void convert_gelu(Call& c) {
  const ValueId x = c.in(0);
  const std::string form = c.text("approximate", "none");
  if (form != "none" && form != "tanh") return c.unsupported("approximate = \"" + form + "\"");
  c.out(0, gelu(c, x, form == "tanh"));
}

void convert_thresholded_relu(Call& c) {
  const ValueId x = c.in(0);
  const ValueId alpha = c.scalar(c.dtype(x), c.number("alpha", 1.0));
  const ValueId above = c.emit(Op::less, {alpha, x});
  const ValueId zero = c.scalar(c.dtype(x), 0);
  c.out(0, select(c, above, x, zero));
}

void convert_shrink(Call& c) {
  const ValueId x = c.in(0);
  const double lambda = c.number("lambd", 0.5);
  const double bias = c.number("bias", 0.0);
  const ValueId below = less(c, x, -lambda);
  const ValueId limit = c.scalar(c.dtype(x), lambda);
  const ValueId above = c.emit(Op::less, {limit, x});
  const ValueId raised = add(c, x, bias);
  const ValueId lowered = add(c, x, -bias);
  const ValueId zero = c.scalar(c.dtype(x), 0);
  const ValueId upper = select(c, above, lowered, zero);
  c.out(0, select(c, below, raised, upper));
}

void convert_clip(Call& c) {
  ValueId x = c.in(0);
  if (c.version() < 11) {
    if (c.has_attribute("min")) x = maximum(c, x, c.number("min", 0));
    if (c.has_attribute("max")) x = minimum(c, x, c.number("max", 0));
    return c.out(0, x);
  }
  if (c.has(1)) {
    const ValueId low = c.in(1);
    x = c.emit(Op::maximum, {x, low});
  }
  if (c.has(2)) {
    const ValueId high = c.in(2);
    x = c.emit(Op::minimum, {x, high});
  }
  c.out(0, x);
}

/// Softmax over `axes`, or its logarithm; the maximum is subtracted first.
ValueId softmax(Call& c, ValueId x, const Ints& axes, bool logarithm) {
  const ValueId largest = reduce(c, x, ReduceKind::max, axes, true);
  const ValueId shifted = sub(c, x, largest);
  const ValueId powers = c.emit(Op::exp, {shifted});
  const ValueId sum = reduce(c, powers, ReduceKind::sum, axes, true);
  if (!logarithm) return div(c, powers, sum);
  const ValueId log = c.emit(Op::log, {sum});
  return sub(c, shifted, log);
}

namespace {

/// Before opset 13 the input was seen as a matrix of the axes before and from `axis`, and its rows were
/// normalised.
void convert_softmax_form(Call& c, bool logarithm) {
  const ValueId x = c.in(0);
  const int64_t rank = c.rank(x);
  const bool flattens = c.version() < 13;
  const int64_t axis = c.axis(c.integer("axis", flattens ? 1 : -1), rank);
  const Ints axes = axis_range(axis, flattens ? rank : axis + 1);
  if (c.ok()) c.out(0, softmax(c, x, axes, logarithm));
}

}  // namespace

void convert_softmax(Call& c) { convert_softmax_form(c, false); }
void convert_log_softmax(Call& c) { convert_softmax_form(c, true); }

}  // namespace weft::onnx

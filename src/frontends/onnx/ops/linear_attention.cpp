// LinearAttention and CausalConvWithState: what keeps a state instead of all keys and values.
#include <fmt/format.h>

#include <cmath>

#include "frontends/onnx/ops/attention.hpp"
#include "frontends/onnx/ops/converters.hpp"
#include "frontends/onnx/ops/steps.hpp"

namespace weft::onnx {

/// A depthwise convolution over the state (what came before) and the input.
void convert_causal_conv_with_state(Call& c) {
  const ValueId x = c.in(0);
  const ValueId w = c.in(1);
  if (!c.ok()) return;
  const Dims shape = c.dims(x);
  const Ints window = c.shape(w);
  if (shape.size() != 3 || window.size() != 3) return c.invalid("input and weight are of rank 3");
  if (!require_equal(c, shape[1], window[0], "the channels")) return;
  const int64_t before = window[2] - 1;
  ValueId whole = x;
  if (c.has(3)) {
    if (before > 0) whole = concat(c, {c.in(3), x}, 2);
  } else if (before > 0) {
    whole = c.emit(Op::pad, {x}, graph::PadAttributes{{0, 0, before}, {0, 0, 0}});
  }
  std::vector<ValueId> operands = {whole, w};
  if (c.has(2)) operands.push_back(c.in(2));
  ValueId y = c.emit(Op::conv, std::move(operands), graph::ConvAttributes{{1}, {1}, {0}, {0}, window[0]});
  const std::string activation = c.text("activation", "none");
  if (activation == "silu" || activation == "swish") {
    const Term wide = convert(y, DType::f32);
    y = emit(c, convert(wide * sigmoid(wide), c.dtype(x)));
  } else if (activation != "none") {
    return c.invalid(fmt::format("activation = \"{}\"", activation));
  }
  c.out(0, y);
  c.out(1, slice(c, whole, {0, 0, shape[2]}, {1, 1, 1}, {shape[0], shape[1], before}));
}

/// A state matrix per head that decays, is written with keys and values, and is read with queries, step by
/// step.
void convert_linear_attention(Call& c) {
  const std::string rule = c.text("update_rule", "gated_delta");
  const bool gates = rule == "gated" || rule == "gated_delta",
             corrects = rule == "delta" || rule == "gated_delta";
  if (!gates && !corrects && rule != "linear") return c.invalid(fmt::format("update_rule = \"{}\"", rule));
  const int64_t heads = c.required_integer("q_num_heads"), kv_heads = c.required_integer("kv_num_heads");
  const ValueId given = c.in(0);
  const ValueId q = split_heads(c, cast(c, given, DType::f32), heads);
  const ValueId k = split_heads(c, cast(c, c.in(1), DType::f32), kv_heads);
  const ValueId v = split_heads(c, cast(c, c.in(2), DType::f32), kv_heads);
  if (!c.ok()) return;
  const expr::Expr batch = c.dims(q)[0], length = c.dims(q)[2], width = c.dims(q)[3], values = c.dims(v)[3];
  if (!require_shape(c, k, {batch, kv_heads, length, width}, "the keys") ||
      !require_shape(c, v, {batch, kv_heads, length, values}, "the values"))
    return;
  const int64_t count = most_steps(c, length);
  // One number a head, or for each of its elements.
  const auto by_head = [&](size_t input, bool may_be_whole) {
    const ValueId x = cast(c, c.in(input), DType::f32);
    if (!c.ok() || c.rank(x) != 3) return kNoValue;
    const expr::Expr last = c.dims(x)[2], whole = width * kv_heads;
    if (last.is_constant(1)) return split_heads(c, x, 1);
    const bool is_whole = may_be_whole && (expr::always(expr::equal(last, whole)) ||
                                           expr::prove(expr::equal(last, kv_heads)) == false);
    if (!require_equal(c, last, is_whole ? whole : expr::Expr(kv_heads), "a number for each head"))
      return kNoValue;
    return split_heads(c, x, kv_heads);
  };
  const ValueId decay = gates ? by_head(4, true) : kNoValue;
  const ValueId beta = corrects ? by_head(5, false) : kNoValue;
  if (!c.ok()) return;
  const Dims state_shape = {batch, kv_heads, width, values};
  const DType state_type = c.has(3) ? c.dtype(c.in(3)) : c.dtype(given);
  const ValueId zero = c.scalar(DType::f32, 0);
  ValueId state = c.has(3) ? cast(c, c.in(3), DType::f32) : expand(c, zero, state_shape);
  Term scale = c.number("scale", 0);
  if (c.number("scale", 0) == 0) {
    const auto known = width.as_constant();
    scale =
        known ? Term(1 / std::sqrt(static_cast<double>(*known))) : 1.0 / sqrt(number(c, width, DType::f32));
  }
  const auto at = [&](ValueId x, const expr::Expr& t, bool column) {
    if (!c.ok()) return kNoValue;
    const Dims shape = c.dims(x);
    const ValueId row = slice(c, x, {0, 0, t, 0}, {1, 1, 1, 1}, {shape[0], shape[1], 1, shape[3]});
    return column ? reshape(c, row, {shape[0], shape[1], shape[3], 1}) : row;
  };
  std::vector<ValueId> outputs;
  for (int64_t i = 0; i < count && c.ok(); ++i) {
    const Step step = step_of(c, length, i);
    const expr::Expr t = step.place;
    const ValueId before = state;
    const ValueId key = at(k, t, true);
    ValueId value = at(v, t, false);
    if (gates) {
      const ValueId gate = at(decay, t, true);
      state = emit(c, Term(state) * exp(gate));
    }
    if (corrects) {
      const ValueId row = at(k, t, false);
      const ValueId retrieved = c.emit(Op::matmul, {row, state});
      const ValueId strength = at(beta, t, false);
      value = emit(c, Term(strength) * (Term(value) - retrieved));
    }
    state = emit(c, Term(state) + Term(key) * value);
    if (!step.is_sure) {
      const Term is_step = exists(c, step, length);
      state = emit(c, select(is_step, state, before));
    }
    const ValueId read = repeat_heads(c, state, heads);
    const ValueId query = emit(c, Term(at(q, t, false)) * scale);
    outputs.push_back(c.emit(Op::matmul, {query, read}));
  }
  if (outputs.empty()) return c.invalid("there are no steps");
  const ValueId all = sequence_of(c, std::move(outputs), 2, length);
  const ValueId joined = join_heads(c, all);
  c.out(0, cast(c, joined, c.dtype(given)));
  c.out(1, cast(c, state, state_type));
}

}  // namespace weft::onnx

// Attention and what goes with it: Attention, FlexAttention's core, RotaryEmbedding, LinearAttention,
// CausalConvWithState, SwiGLU.
#include "frontends/onnx/ops/attention.hpp"

#include <fmt/format.h>

#include <cmath>

#include "frontends/onnx/ops/converters.hpp"
#include "frontends/onnx/ops/term.hpp"

namespace weft::onnx {

ValueId split_heads(Call& c, ValueId x, int64_t heads) {
  if (!c.ok()) return kNoValue;
  const Dims shape = c.dims(x);
  const std::string otherwise = fmt::format("the hidden size does not divide into {} heads", heads);
  if (shape.size() != 3 || heads < 1) c.invalid(otherwise);
  if (!c.ok() || !c.require_multiple(shape[2], heads, otherwise)) return kNoValue;
  const ValueId split = reshape(c, x, {shape[0], shape[1], heads, expr::floor_div(shape[2], heads)});
  return transpose(c, split, {0, 2, 1, 3});
}

ValueId join_heads(Call& c, ValueId x) {
  if (!c.ok()) return kNoValue;
  const Dims shape = c.dims(x);
  const ValueId back = transpose(c, x, {0, 2, 1, 3});
  return reshape(c, back, {shape[0], shape[2], shape[1] * shape[3]});
}

ValueId repeat_heads(Call& c, ValueId x, const expr::Expr& heads) {
  if (!c.ok()) return kNoValue;
  Dims shape = c.dims(x);
  if (shape[1] == heads) return x;
  const std::string otherwise = fmt::format("{} query heads for {} heads of keys and values",
                                            expr::print(heads), expr::print(shape[1]));
  if (!c.require(expr::less(0, shape[1]), otherwise) ||
      !c.require(expr::equal(expr::mod(heads, shape[1]), 0), otherwise))
    return kNoValue;
  Dims apart = shape, spread = shape;
  apart.insert(apart.begin() + 2, 1);
  spread.insert(spread.begin() + 2, expr::floor_div(heads, shape[1]));
  shape[1] = heads;
  const ValueId split = reshape(c, x, apart);
  const ValueId repeated = expand(c, split, spread);
  return reshape(c, repeated, shape);
}

ValueId attention_weights(Call& c, ValueId scores) {
  if (!c.ok()) return kNoValue;
  const Ints last = {c.rank(scores) - 1};
  const ValueId largest = reduce(c, scores, ReduceKind::max, last, true);
  // A row that is masked as a whole: its weights are 0, and nothing below is NaN.
  const Term nothing = equal(largest, -HUGE_VAL);
  const ValueId powers = emit(c, exp(Term(scores) - select(nothing, 0, Term(largest))));
  const ValueId sum = reduce(c, powers, ReduceKind::sum, last, true);
  return emit(c, Term(powers) / select(equal(sum, 0), 1, Term(sum)));
}

namespace {

/// Adds -inf where a query may not see a key: by a mask that is given, the causal order, a window around the
/// query, and the number of valid keys. kNoValue when nothing is masked.
ValueId bias_of(Call& c, const Masking& m, const Dims& scores, DType dtype) {
  ValueId mask = m.mask;
  const expr::Expr queries = scores[2], keys = scores[3];
  const double none = -HUGE_VAL;
  ValueId bias = kNoValue;
  const auto add = [&](const Term& allowed) {
    const ValueId zero = c.scalar(dtype, 0), infinity = c.scalar(dtype, none);
    const Term more = select(allowed, zero, infinity);
    bias = bias == kNoValue ? emit(c, more) : emit(c, Term(bias) + more);
  };
  if (mask != kNoValue && c.ok()) {
    const Dims shape = c.dims(mask);
    if (shape.empty()) {
      c.invalid("the mask is a scalar");
      return kNoValue;
    }
    if (!(shape.back() == keys) && !shape.back().is_constant(1)) {  // what it does not reach is masked
      const Term reach = number(c, shape.back());
      mask = emit(c, gather(mask, minimum(iota({keys}, 0), number(c, shape.back() - 1)),
                            static_cast<int64_t>(shape.size()) - 1));
      add(less(iota({keys}, 0), reach));
    }
    if (c.dtype(mask) == DType::boolean) {
      add(mask);
    } else {
      const ValueId more = cast(c, mask, dtype);
      bias = bias == kNoValue ? more : onnx::add(c, bias, more);
    }
  }
  const Dims grid = {queries, keys};
  Term first = number(c, m.past);
  if (m.valid_keys != kNoValue) {
    const ValueId valid = reshape(c, m.valid_keys, {scores[0], 1, 1, 1});
    first = convert(valid, DType::i32) - number(c, queries);
  }
  const Term distance = iota(grid, 0) + first - iota(grid, 1);  // how far a key lies before its query
  if (m.causal) add(less_equal(0, distance));
  if (m.left >= 0) add(less_equal(distance, static_cast<double>(m.left)));
  if (m.right >= 0) add(less_equal(-distance, static_cast<double>(m.right)));
  if (m.valid_keys != kNoValue) {
    const ValueId valid = reshape(c, m.valid_keys, {scores[0], 1, 1, 1});
    add(less(iota(grid, 1), convert(valid, DType::i32)));
  }
  return bias;
}

/// What softmax is computed in.
std::optional<DType> softmax_type(Call& c) {
  const auto precision = static_cast<int32_t>(c.integer("softmax_precision", 0));
  return precision != 0 ? dtype_of(precision) : std::nullopt;
}

}  // namespace

ValueId with_past(Call& c, size_t input, ValueId now) {
  if (!c.has(input)) return now;
  const ValueId past = c.in(input);
  if (c.ok() && c.rank(past) != 4) c.invalid("the past is not of rank 4");
  if (!c.ok() || c.dims(past)[2].is_constant(0)) return now;
  return concat(c, {past, now}, 2);
}

ValueId attention_scores(Call& c, ValueId q, ValueId k, std::optional<double> scale) {
  if (!c.ok()) return kNoValue;
  const expr::Expr width = c.dims(q)[3];
  if (!scale && width.as_constant()) scale = 1 / std::sqrt(static_cast<double>(*width.as_constant()));
  // The root on both sides keeps the products of halves in range.
  const Term root = scale ? Term(std::sqrt(*scale))
                          : convert(1.0 / sqrt(sqrt(convert(number(c, width), DType::f32))), c.dtype(q));
  const ValueId left = emit(c, Term(q) * root);
  const ValueId right = emit(c, Term(k) * root);
  const ValueId turned = transpose(c, right, {0, 1, 3, 2});
  return c.emit(Op::matmul, {left, turned});
}

AttentionSteps attend(Call& c, ValueId q, ValueId k, ValueId v, const AttentionForm& form) {
  AttentionSteps steps;
  if (!c.ok()) return steps;
  if (c.rank(q) != 4 || c.rank(k) != 4 || c.rank(v) != 4) {
    c.invalid("its operands are of rank 3 or 4");
    return steps;
  }
  const expr::Expr heads = c.dims(q)[1];
  const ValueId keys = repeat_heads(c, k, heads);
  const ValueId values = repeat_heads(c, v, heads);
  steps.scores = attention_scores(c, q, keys, form.scale);
  if (!c.ok()) return steps;
  const double cap = form.softcap;
  steps.capped = cap > 0 ? emit(c, tanh(Term(steps.scores) / cap) * cap) : steps.scores;
  const DType dtype = c.dtype(steps.scores);
  const ValueId bias = bias_of(c, form.masking, c.dims(steps.scores), dtype);
  steps.masked = bias == kNoValue ? steps.capped : add(c, steps.capped, bias);
  const ValueId precise = cast(c, steps.masked, form.softmax_type.value_or(dtype));
  steps.weights = cast(c, attention_weights(c, precise), dtype);
  steps.output = c.emit(Op::matmul, {steps.weights, values});
  return steps;
}

void convert_attention(Call& c) {
  ValueId q = c.in(0);
  ValueId k = c.in(1);
  ValueId v = c.in(2);
  const bool is_flat = c.rank(q) == 3;
  if (is_flat) {
    q = split_heads(c, q, c.required_integer("q_num_heads"));
    k = split_heads(c, k, c.required_integer("kv_num_heads"));
    v = split_heads(c, v, c.required_integer("kv_num_heads"));
  }
  if (!c.ok()) return;
  AttentionForm form{.softcap = c.number("softcap", 0),
                     .softmax_type = softmax_type(c),
                     .masking = {.causal = c.integer("is_causal", 0) != 0,
                                 .left = c.integer("left_window_size", -1),
                                 .right = c.integer("right_window_size", -1)}};
  if (c.has_attribute("scale")) form.scale = c.number("scale", 1);
  if (c.has(3)) form.masking.mask = c.in(3);
  if (c.has(4) && c.rank(c.in(4)) == 4) form.masking.past = c.dims(c.in(4))[2];
  if (c.has(6)) form.masking.valid_keys = c.in(6);
  k = with_past(c, 4, k);
  v = with_past(c, 5, v);
  c.out(1, k);
  c.out(2, v);
  const AttentionSteps steps = attend(c, q, k, v, form);
  // The modes were numbered otherwise in opset 23: 1 after the mask, 2 after the cap.
  const int64_t mode = c.integer("qk_matmul_output_mode", 0);
  c.out(0, is_flat ? join_heads(c, steps.output) : steps.output);
  c.out(3, mode == 1 ? steps.capped : mode == 2 ? steps.masked : mode == 3 ? steps.weights : steps.scores);
}

ValueId rotate_heads(Call& c, ValueId x, ValueId cosines, ValueId sines, const expr::Expr& turned,
                     bool interleaved) {
  if (!c.ok()) return kNoValue;
  const Dims shape = c.dims(x), angles = c.dims(cosines);
  const expr::Expr batch = shape[0], length = shape[2], width = shape[3], half = expr::floor_div(turned, 2);
  if (angles != c.dims(sines) || angles.empty()) return c.invalid("the caches differ"), kNoValue;
  const bool is_shared = angles[0].is_constant(1) && !(batch == expr::Expr(1));
  const std::string otherwise = "the caches of cosines and sines do not fit";
  if (!c.require_multiple(turned, 2, "an odd number of elements is turned") ||
      !c.require(expr::logical_and(expr::less_equal(2, turned), expr::less_equal(turned, width)),
                 otherwise) ||
      !require_equal(c, angles.back(), half, otherwise))
    return kNoValue;
  // Axis by axis where they have them all.
  const expr::Expr rows = is_shared ? expr::Expr(1) : batch;
  const bool fits =
      angles.size() == 3
          ? require_equal(c, angles[0], rows, otherwise) && require_equal(c, angles[1], length, otherwise)
          : c.require(expr::equal(element_count(angles), rows * length * half), otherwise);
  if (!fits) return kNoValue;
  const Dims table = {is_shared ? expr::Expr(1) : batch, 1, length, half};
  const ValueId cosine = reshape(c, cosines, table);
  const ValueId sine = reshape(c, sines, table);
  const int64_t step = interleaved ? 2 : 1;
  const Dims sizes = {batch, shape[1], length, half};
  const ValueId a = slice(c, x, {0, 0, 0, 0}, {1, 1, 1, step}, sizes);
  const ValueId b = slice(c, x, {0, 0, 0, interleaved ? expr::Expr(1) : half}, {1, 1, 1, step}, sizes);
  ValueId real = emit(c, Term(cosine) * a - Term(sine) * b);
  ValueId imaginary = emit(c, Term(sine) * a + Term(cosine) * b);
  ValueId y = kNoValue;
  if (interleaved) {
    Dims pair = sizes;
    pair.push_back(1);
    real = reshape(c, real, pair);
    imaginary = reshape(c, imaginary, pair);
    const ValueId pairs = concat(c, {real, imaginary}, 4);
    y = reshape(c, pairs, {batch, shape[1], length, turned});
  } else {
    y = concat(c, {real, imaginary}, 3);
  }
  if (width == turned) return y;
  const ValueId rest =
      slice(c, x, {0, 0, 0, turned}, {1, 1, 1, 1}, {batch, shape[1], length, width - turned});
  return concat(c, {y, rest}, 3);
}

/// Pairs of elements are turned by angles whose cosines and sines are given.
void convert_rotary_embedding(Call& c) {
  const ValueId given = c.in(0);
  const bool is_flat = c.rank(given) == 3;
  const ValueId x = is_flat ? split_heads(c, given, c.required_integer("num_heads")) : given;
  ValueId cosines = c.in(1);
  ValueId sines = c.in(2);
  if (!c.ok()) return;
  if (c.rank(x) != 4) return c.invalid("its input is of rank 3 or 4");
  const int64_t given_turned = c.integer("rotary_embedding_dim", 0);
  const expr::Expr turned = given_turned != 0 ? expr::Expr(given_turned) : c.dims(x)[3];
  if (c.has(3)) {
    const ValueId at = cast(c, c.in(3), DType::i64);
    cosines = emit(c, gather(cosines, at));
    sines = emit(c, gather(sines, at));
  }
  const ValueId y = rotate_heads(c, x, cosines, sines, turned, c.integer("interleaved", 0) != 0);
  c.out(0, is_flat ? join_heads(c, y) : y);
}

void convert_swiglu(Call& c) {
  const ValueId a = c.in(0);
  const ValueId b = c.in(1);
  c.out(0, emit(c, Term(a) * sigmoid(Term(a) * c.number("alpha", 1)) * b));
}

}  // namespace weft::onnx

// Normalisations, as arithmetic; folding them into neighbours is a pass's business.
#include <fmt/format.h>

#include <algorithm>

#include "frontends/onnx/ops/converters.hpp"
#include "frontends/onnx/ops/term.hpp"

namespace weft::onnx {
namespace {

/// x - mean and the mean of its square over `axes`.
struct Moments {
  ValueId mean, centered, variance;
};

Moments moments(Call& c, ValueId x, const Ints& axes) {
  Moments m;
  m.mean = reduce(c, x, ReduceKind::mean, axes, true);
  m.centered = sub(c, x, m.mean);
  const ValueId squares = mul(c, m.centered, m.centered);
  m.variance = reduce(c, squares, ReduceKind::mean, axes, true);
  return m;
}

ValueId inverse_deviation(Call& c, ValueId variance, double epsilon) {
  const ValueId safe = add(c, variance, epsilon);
  const ValueId root = c.emit(Op::sqrt, {safe});
  const ValueId one = c.scalar(c.dtype(root), 1);
  return div(c, one, root);
}

double epsilon_of(Call& c) { return c.number("epsilon", static_cast<double>(1e-5f)); }

}  // namespace

namespace {

/// By the moments of this batch; outputs 1 and 2 are the running ones, moved towards them.
void train_batch_normalization(Call& c, ValueId x, ValueId scale, ValueId bias, ValueId mean,
                               ValueId variance) {
  if (!c.ok()) return;
  Ints axes = axis_range(0, c.rank(x));
  if (axes.size() < 2) return c.invalid("its input has no channels");
  axes.erase(axes.begin() + 1);
  const Moments m = moments(c, x, axes);
  const ValueId inverse = inverse_deviation(c, m.variance, epsilon_of(c));
  const ValueId normal = mul(c, m.centered, inverse);
  const ValueId factors = per_channel(c, scale, c.rank(x));
  const ValueId offsets = per_channel(c, bias, c.rank(x));
  const ValueId scaled = mul(c, normal, factors);
  c.out(0, add(c, scaled, offsets));
  const double momentum = c.number("momentum", static_cast<double>(0.9f));
  const auto moved = [&](ValueId running, ValueId own) {
    const ValueId flat = reshape(c, own, c.dims(running));
    const ValueId kept = mul(c, running, momentum);
    const ValueId fresh = mul(c, flat, 1 - momentum);
    return add(c, kept, fresh);
  };
  c.out(1, moved(mean, m.mean));
  c.out(2, moved(variance, m.variance));
}

}  // namespace

void convert_batch_normalization(Call& c) {
  const ValueId x = c.in(0);
  const ValueId scale = c.in(1);
  const ValueId bias = c.in(2);
  const ValueId mean = c.in(3);
  const ValueId variance = c.in(4);
  const bool trains = (c.version() < 7 && c.integer("is_test", 0) == 0 && (c.wants(1) || c.wants(2))) ||
                      (c.version() >= 14 && c.integer("training_mode", 0) != 0);
  if (trains && c.version() < 14) return c.unsupported("training mode");
  if (trains) return train_batch_normalization(c, x, scale, bias, mean, variance);
  if (c.version() < 9 && c.integer("spatial", 1) == 0) return c.unsupported("spatial = 0");
  if (!c.ok()) return;
  const ValueId inverse = inverse_deviation(c, variance, epsilon_of(c));
  const ValueId factor = mul(c, scale, inverse);
  const ValueId moved = mul(c, mean, factor);
  const ValueId offset = sub(c, bias, moved);
  const ValueId factors = per_channel(c, factor, c.rank(x));
  const ValueId offsets = per_channel(c, offset, c.rank(x));
  const ValueId scaled = mul(c, x, factors);
  const ValueId y = add(c, scaled, offsets);
  if (c.ok() && c.dims(y) != c.dims(x)) return c.invalid("the parameters do not match the channels");
  c.out(0, y);
}

void convert_instance_normalization(Call& c) {
  const ValueId x = c.in(0);
  const ValueId scale = per_channel(c, c.in(1), c.rank(x));
  const ValueId bias = per_channel(c, c.in(2), c.rank(x));
  const Moments m = moments(c, x, axis_range(2, c.rank(x)));
  const ValueId inverse = inverse_deviation(c, m.variance, epsilon_of(c));
  const ValueId normal = mul(c, m.centered, inverse);
  const ValueId scaled = mul(c, normal, scale);
  c.out(0, add(c, scaled, bias));
}

namespace {

/// stash_type: moments are not taken in less than f32.
ValueId stashed(Call& c, ValueId x) {
  return is_float(c.dtype(x)) && byte_size(c.dtype(x)) < 4 ? cast(c, x, DType::f32) : x;
}

}  // namespace

Normalized layer_normalization(Call& c, ValueId x, ValueId scale, ValueId bias, int64_t axis,
                               double epsilon) {
  const ValueId wide = stashed(c, x);
  axis = c.axis(axis, c.rank(x));
  if (!c.ok()) return {};
  const Moments m = moments(c, wide, axis_range(axis, c.rank(x)));
  const ValueId inverse = inverse_deviation(c, m.variance, epsilon);
  const ValueId normal = mul(c, m.centered, inverse);
  const ValueId narrow = cast(c, normal, c.dtype(x));
  ValueId y = mul(c, narrow, scale);
  if (bias != kNoValue) y = add(c, y, bias);
  return {y, m.mean, inverse};
}

Normalized rms_normalization(Call& c, ValueId x, ValueId scale, int64_t axis, double epsilon) {
  const ValueId wide = stashed(c, x);
  axis = c.axis(axis, c.rank(x));
  if (!c.ok()) return {};
  const ValueId squares = mul(c, wide, wide);
  const ValueId mean = reduce(c, squares, ReduceKind::mean, axis_range(axis, c.rank(x)), true);
  const ValueId inverse = inverse_deviation(c, mean, epsilon);
  const ValueId normal = mul(c, wide, inverse);
  const ValueId narrow = cast(c, normal, c.dtype(x));
  const ValueId factor = cast(c, scale, c.dtype(x));
  return {mul(c, narrow, factor), kNoValue, inverse};
}

void convert_layer_normalization(Call& c) {
  const ValueId x = c.in(0);
  const ValueId scale = c.in(1);
  const ValueId bias = c.has(2) ? c.in(2) : kNoValue;
  const Normalized n = layer_normalization(c, x, scale, bias, c.integer("axis", -1), epsilon_of(c));
  c.out(0, n.y);
  c.out(1, n.mean);
  c.out(2, n.inverse_deviation);
}

void convert_rms_normalization(Call& c) {
  const ValueId x = c.in(0);
  const ValueId scale = c.in(1);
  const Normalized n = rms_normalization(c, x, scale, c.integer("axis", -1), epsilon_of(c));
  c.out(0, n.y);
  c.out(1, n.inverse_deviation);  // of SimplifiedLayerNormalization
}

namespace {

/// SkipLayerNormalization of com.microsoft: of input + skip + bias, which is output 3 too.
void convert_skip_normalization(Call& c, bool is_simplified) {
  ValueId x = c.in(0);
  const ValueId skip = c.in(1);
  const ValueId scale = c.in(2);
  const size_t bias_input = is_simplified ? 3 : 4;
  x = add(c, x, skip);
  if (c.has(bias_input)) x = add(c, x, c.in(bias_input));
  const ValueId beta = !is_simplified && c.has(3) ? c.in(3) : kNoValue;
  const double epsilon = c.number("epsilon", static_cast<double>(1e-12f));
  const Normalized n = is_simplified ? rms_normalization(c, x, scale, -1, epsilon)
                                     : layer_normalization(c, x, scale, beta, -1, epsilon);
  c.out(0, n.y);
  if (!is_simplified) c.out(1, n.mean);
  c.out(2, n.inverse_deviation);
  c.out(3, x);
}

}  // namespace

void convert_skip_layer_normalization(Call& c) { convert_skip_normalization(c, false); }
void convert_skip_simplified_layer_normalization(Call& c) { convert_skip_normalization(c, true); }

/// EmbedLayerNormalization of com.microsoft: the embeddings of words, positions and segments, added and
/// normalised.
void convert_embed_layer_normalization(Call& c) {
  const ValueId words = c.in(0);
  const ValueId word_table = c.in(2);
  const ValueId position_table = c.in(3);
  const ValueId gamma = c.in(5);
  const ValueId beta = c.in(6);
  if (!c.ok()) return;
  const Dims shape = c.dims(words);
  if (shape.size() != 2) return c.invalid("input_ids is not [batch, sequence]");
  const ValueId positions = c.has(8) ? c.in(8) : emit(c, iota({1, shape[1]}, 1, DType::i32));
  c.check_indices(words, c.dims(word_table)[0]);
  Term sum = gather(word_table, words) + gather(position_table, positions);
  if (c.has(1)) sum = sum + gather(c.in(4), c.in(1));
  const ValueId x = emit(c, sum);
  const Normalized n =
      layer_normalization(c, x, gamma, beta, -1, c.number("epsilon", static_cast<double>(1e-12f)));
  c.out(0, n.y);
  if (c.wants(1)) {  // how many words of a row the mask keeps
    const ValueId none = c.constant(DType::i32, {1}, std::vector<double>{0});
    ValueId counts = expand(c, none, {shape[0]});
    if (c.has(7)) counts = reduce(c, cast(c, c.in(7), DType::i32), ReduceKind::sum, {1}, false);
    c.out(1, counts);
  }
  c.out(2, x);
}

void convert_group_normalization(Call& c) {
  const ValueId x = c.in(0);
  const Dims shape = c.dims(x);
  const int64_t groups = c.required_integer("num_groups");
  if (!c.ok()) return;
  const std::string_view otherwise = "num_groups does not divide the channels";
  if (shape.size() < 2 || groups < 1) return c.invalid(std::string(otherwise));
  if (!c.require_multiple(shape[1], groups, otherwise)) return;
  Dims grouped = {shape[0], groups, expr::floor_div(shape[1], groups)};
  grouped.insert(grouped.end(), shape.begin() + 2, shape.end());
  const ValueId split = reshape(c, x, grouped);
  const Moments m = moments(c, split, axis_range(2, static_cast<int64_t>(grouped.size())));
  const ValueId inverse = inverse_deviation(c, m.variance, epsilon_of(c));
  ValueId y = mul(c, m.centered, inverse);
  // Scale and bias are per group in opset 18, per channel since 21.
  const bool by_group = c.version() < 21;
  if (!by_group) y = reshape(c, y, shape);
  const int64_t rank = c.rank(y);
  const ValueId scale = per_channel(c, c.in(1), rank);
  const ValueId bias = per_channel(c, c.in(2), rank);
  const ValueId scaled = mul(c, y, scale);
  y = add(c, scaled, bias);
  c.out(0, reshape(c, y, shape));
}

/// y = x / (bias + alpha / size * sum of squares over `size` channels) ^ beta
void convert_lrn(Call& c) {
  const ValueId x = c.in(0);
  const Dims shape = c.dims(x);
  const int64_t size = c.required_integer("size");
  if (!c.ok()) return;
  if (shape.size() < 2 || size < 1 || size > (int64_t{1} << 30))
    return c.invalid("size or rank out of range");
  const ValueId squares = mul(c, x, x);
  const ValueId columns = reshape(c, squares, {shape[0], 1, shape[1], element_count(shape, 2)});
  const Ints ones = {1, 1}, none = {0, 0};
  const ValueId sums = c.emit(Op::reduce_window, {columns},
                              graph::WindowAttributes{ReduceKind::sum,
                                                      {size, 1},
                                                      ones,
                                                      ones,
                                                      {(size - 1) / 2, 0},
                                                      {size - 1 - (size - 1) / 2, 0},
                                                      none,
                                                      none});
  const ValueId back = reshape(c, sums, shape);
  const double alpha = c.number("alpha", static_cast<double>(1e-4f)), bias = c.number("bias", 1.0);
  const double beta = c.number("beta", 0.75);
  const ValueId scaled = mul(c, back, alpha / static_cast<double>(size));
  const ValueId base = add(c, scaled, bias);
  // With roots where they do, which is the usual case: of what is not negative they are the same power.
  if (beta == 0.75 && alpha >= 0 && bias >= 0) {
    const ValueId root = c.emit(Op::sqrt, {base});
    const ValueId fourth = c.emit(Op::sqrt, {root});
    return c.out(0, div(c, x, mul(c, root, fourth)));
  }
  const ValueId exponent = c.scalar(c.dtype(x), beta);
  const ValueId power = c.emit(Op::pow, {base, exponent});
  c.out(0, div(c, x, power));
}

void convert_lp_normalization(Call& c) {
  const ValueId x = c.in(0);
  const int64_t axis = c.axis(c.integer("axis", -1), c.rank(x));
  const int64_t p = c.integer("p", 2);
  if (!c.ok()) return;
  if (p != 1 && p != 2) return c.invalid(fmt::format("p = {}", p));
  const ValueId terms = p == 1 ? c.emit(Op::abs, {x}) : mul(c, x, x);
  ValueId norm = reduce(c, terms, ReduceKind::sum, {axis}, true);
  if (p == 2) norm = c.emit(Op::sqrt, {norm});
  const ValueId quotient = div(c, x, norm);
  const ValueId zero = c.scalar(c.dtype(x), 0);
  const ValueId is_zero = c.emit(Op::equal, {norm, zero});
  c.out(0, select(c, is_zero, zero, quotient));
}

void convert_mean_variance_normalization(Call& c) {
  const ValueId x = c.in(0);
  const Ints axes = c.axes(c.integers("axes", {0, 2, 3}), c.rank(x));
  if (!c.ok()) return;
  const Moments m = moments(c, x, axes);
  const ValueId root = c.emit(Op::sqrt, {m.variance});
  const ValueId safe = add(c, root, 1e-9);
  c.out(0, div(c, m.centered, safe));
}

}  // namespace weft::onnx

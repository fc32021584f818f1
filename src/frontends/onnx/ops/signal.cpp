// DFT, STFT, MelWeightMatrix and windows.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/elementary.hpp"
#include "frontends/onnx/ops/converters.hpp"
#include "frontends/onnx/ops/term.hpp"

namespace weft::onnx {
namespace {

constexpr double kPi = 3.141592653589793;
/// Up to here a transform is one product with its matrix; longer ones are split (Cooley and Tukey).
constexpr int64_t kMatrixLength = 512;
constexpr int64_t kMaxLength = int64_t{1} << 20;

/// Along the last axis. No imaginary part: kNoValue.
struct Complex {
  ValueId real, imaginary;
};

/// cos and sin of sign * 2 pi * (i * j mod n) / n for i < rows, j < columns.
struct Waves {
  ValueId cosines, sines;
};
Waves waves(Call& c, DType dtype, int64_t rows, int64_t columns, int64_t n, double sign) {
  std::vector<double> cosines, sines;
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j) {
      const double angle = sign * 2 * kPi * static_cast<double>(i * j % n) / static_cast<double>(n);
      cosines.push_back(cos_f64(angle));
      sines.push_back(sin_f64(angle));
    }
  const ValueId real = c.constant(dtype, {rows, columns}, cosines);
  const ValueId imaginary = c.constant(dtype, {rows, columns}, sines);
  return {real, imaginary};
}

/// The same for n that depends on symbols, computed by each run. The angle is reduced in integers to an
/// eighth of a turn around a quarter: so what is 0 or 1 is exactly so.
Waves computed_waves(Call& c, DType dtype, const Dims& shape, const expr::Expr& n, double sign) {
  const DType wide = dtype == DType::f64 ? DType::f64 : DType::f32;
  const Term count = number(c, n);
  const Term turn = mod(iota(shape, 0) * iota(shape, 1), count);  // angle / (2 pi / n)
  const Term quarter = (turn * 8 + count) / (count * 2);          // the nearest, 0 to 4
  const Term rest = convert(turn * 4 - quarter * count, wide);
  const Term angle = rest * (kPi / 2 / convert(count, wide));
  const Term side = mod(quarter, 4), odd = equal(mod(quarter, 2), 1);
  const Term near = select(odd, sin(angle), cos(angle)), far = select(odd, cos(angle), sin(angle));
  const Term left = equal(side, 1) || equal(side, 2), below = less(1, side);
  const ValueId cosines = emit(c, convert(select(left, -near, near), dtype));
  const ValueId sines = emit(c, convert(select(below, far * -sign, far * sign), dtype));
  return {cosines, sines};
}

/// cos and sin of sign * 2 pi * i * j / n, for i < rows, j < columns.
Waves waves_of(Call& c, DType dtype, const Dims& shape, const expr::Expr& n, double sign) {
  const auto sizes = graph::constant_shape({shape[0], shape[1], n});
  if (!sizes) return computed_waves(c, dtype, shape, n, sign);
  return waves(c, dtype, (*sizes)[0], (*sizes)[1], (*sizes)[2], sign);
}

/// (a + ib)(w + iv), elementwise or as a matrix product with the waves on one side.
template <class Product>
Complex times(Call& c, const Complex& x, const Waves& w, Product product) {
  const ValueId rr = product(x.real, w.cosines);
  const ValueId ri = product(x.real, w.sines);
  if (x.imaginary == kNoValue) return {rr, ri};
  const ValueId ir = product(x.imaginary, w.cosines);
  const ValueId ii = product(x.imaginary, w.sines);
  const ValueId real = sub(c, rr, ii);
  const ValueId imaginary = add(c, ri, ir);
  return {real, imaginary};
}

template <class Change>
Complex each(const Complex& x, Change change) {
  const ValueId real = change(x.real);
  return {real, x.imaginary == kNoValue ? kNoValue : change(x.imaginary)};
}

/// The largest divisor of n up to kMatrixLength; 0 where n is short enough, or has none.
int64_t factor_of(const expr::Expr& n) {
  const int64_t length = n.as_constant().value_or(0);
  int64_t factor = 0;
  for (int64_t d = 2; d <= kMatrixLength && length > kMatrixLength; ++d)
    if (length % d == 0) factor = d;
  return factor;
}

/// The first `count` frequencies of x[rows, n].
Complex transform(Call& c, const Complex& x, const expr::Expr& count, double sign) {
  if (!c.ok()) return {kNoValue, kNoValue};
  const expr::Expr rows = c.dims(x.real)[0], length = c.dims(x.real)[1];
  const int64_t a = factor_of(length);
  const DType dtype = c.dtype(x.real);
  if (a == 0) {
    if (greatest({length})[0] > 4 * kMatrixLength) {
      c.unsupported(fmt::format("a transform of {} points, which has no factor up to {}", expr::print(length),
                                kMatrixLength));
      return {kNoValue, kNoValue};
    }
    const Waves w = waves_of(c, dtype, {length, count}, length, sign);
    return times(c, x, w, [&](ValueId v, ValueId m) { return c.emit(Op::matmul, {v, m}); });
  }
  const int64_t n = length.as_constant().value_or(0);
  // x[b n1 + n2] -> over n1, twiddled, over n2 -> X[k1 + a k2].
  const int64_t b = n / a;
  Complex y = each(x, [&](ValueId v) { return reshape(c, v, {rows, a, b}); });
  const Waves first = waves(c, dtype, a, a, a, sign);
  y = times(c, y, first, [&](ValueId v, ValueId m) { return c.emit(Op::matmul, {m, v}); });
  const Waves twiddles = waves(c, dtype, a, b, n, sign);
  y = times(c, y, twiddles, [&](ValueId v, ValueId m) { return mul(c, v, m); });
  y = each(y, [&](ValueId v) { return reshape(c, v, {rows * a, b}); });
  y = transform(c, y, b, sign);
  y = each(y, [&](ValueId v) {
    const ValueId apart = reshape(c, v, {rows, a, b});
    const ValueId turned = transpose(c, apart, {0, 2, 1});
    const ValueId flat = reshape(c, turned, {rows, n});
    return slice(c, flat, {0, 0}, {1, 1}, {rows, count});
  });
  return y;
}

/// x cut or padded with zeros to `extent` along its last axis.
ValueId fitted(Call& c, ValueId x, const expr::Expr& extent) {
  if (!c.ok()) return kNoValue;
  Dims shape = c.dims(x);
  const auto missing = (extent - shape.back()).as_constant();
  shape.back() = extent;
  if (!missing) return padded(c, x, Ints(shape.size(), 0), shape);
  if (*missing > 0) {
    Ints begin(shape.size(), 0), end = begin;
    end.back() = *missing;
    return c.emit(Op::pad, {x}, graph::PadAttributes{begin, end});
  }
  return slice(c, x, Ints(shape.size(), 0), Ints(shape.size(), 1), shape);
}

/// The cosines and sines that make a real signal of n points of its first frequencies, each of which stands
/// for its conjugate, too.
Waves inverse_waves(Call& c, DType dtype, int64_t n) {
  const int64_t given = n / 2 + 1;
  std::vector<double> cosines, sines;
  for (int64_t j = 0; j < given; ++j)
    for (int64_t k = 0; k < n; ++k) {
      const bool alone = j == 0 || 2 * j == n;  // its conjugate is itself
      const double weight = (alone ? 1.0 : 2.0) / static_cast<double>(n);
      const double angle = 2 * kPi * static_cast<double>(j * k % n) / static_cast<double>(n);
      cosines.push_back(weight * cos_f64(angle));
      sines.push_back(-weight * sin_f64(angle));
    }
  const ValueId even = c.constant(dtype, {given, n}, cosines), odd = c.constant(dtype, {given, n}, sines);
  return {even, odd};
}

/// The same for n that depends on symbols.
Waves computed_inverse_waves(Call& c, DType dtype, const expr::Expr& n) {
  const expr::Expr given = expr::floor_div(n, 2) + 1;
  const Waves w = computed_waves(c, dtype, {given, n}, n, -1);
  const Term count = number(c, n);
  const Term j = iota({given, 1}, 0);
  const Term weight = convert(select(equal(j, 0) || equal(j * 2, count), 1, 2), dtype);
  const ValueId factor = emit(c, weight / convert(count, dtype));
  const ValueId even = mul(c, w.cosines, factor);
  const ValueId odd = mul(c, w.sines, factor);
  return {even, odd};
}

/// The real signal of n points whose first frequencies (one more than half of them) are given.
ValueId real_inverse(Call& c, const Complex& x, const expr::Expr& n) {
  const expr::Expr given = expr::floor_div(n, 2) + 1;
  const DType dtype = c.dtype(x.real);
  const auto known = n.as_constant();
  const Waves w = known ? inverse_waves(c, dtype, *known) : computed_inverse_waves(c, dtype, n);
  const ValueId real = fitted(c, x.real, given);
  const ValueId sum = c.emit(Op::matmul, {real, w.cosines});
  if (x.imaginary == kNoValue) return sum;
  const ValueId imaginary = fitted(c, x.imaginary, given);
  const ValueId rest = c.emit(Op::matmul, {imaginary, w.sines});
  return add(c, sum, rest);
}

struct Transform {
  expr::Expr length;
  bool inverse, onesided;
};

/// Along the last axis of x[rows, n, parts], parts 1 (real) or 2; the result has the same form.
ValueId dft(Call& c, ValueId x, const Transform& t) {
  if (!c.ok()) return kNoValue;
  const Dims shape = c.dims(x);
  const int64_t most = greatest({t.length})[0];
  if (most > kMaxLength || (t.inverse && t.onesided && most > 4 * kMatrixLength)) {
    c.unsupported(fmt::format("a transform of {} points", expr::print(t.length)));
    return kNoValue;
  }
  if (!c.require(expr::less(0, t.length), "a transform of no points")) return kNoValue;
  const expr::Expr rows = shape[0];
  const auto take = [&](int64_t index) {
    const ValueId one = slice(c, x, {0, 0, index}, {1, 1, 1}, {rows, shape[1], 1});
    return reshape(c, one, {rows, shape[1]});
  };
  Complex signal{take(0), kNoValue};
  if (shape[2].is_constant(2)) signal.imaginary = take(1);
  if (t.inverse && t.onesided) return reshape(c, real_inverse(c, signal, t.length), {rows, t.length, 1});
  signal = each(signal, [&](ValueId v) { return fitted(c, v, t.length); });
  const expr::Expr count = t.onesided ? expr::floor_div(t.length, 2) + 1 : t.length;
  Complex result = transform(c, signal, count, t.inverse ? 1 : -1);
  if (t.inverse) {
    const Term factor = 1.0 / number(c, t.length, c.dtype(x));
    result = each(result, [&](ValueId v) { return emit(c, Term(v) * factor); });
  }
  const ValueId real = reshape(c, result.real, {rows, count, 1});
  const ValueId imaginary = reshape(c, result.imaginary, {rows, count, 1});
  return concat(c, {real, imaginary}, 2);
}

/// Whether the last axis of a signal holds real numbers or complex ones.
bool require_parts(Call& c, const expr::Expr& parts) {
  if (!c.require(expr::logical_and(expr::less(0, parts), expr::less_equal(parts, 2)),
                 "the last axis of a signal holds its real or complex numbers"))
    return false;
  if (!parts.as_constant()) c.unsupported("whether the signal is real or complex is not known");
  return c.ok();
}

/// The one element of a list of extents; `fallback` where the operand is absent.
expr::Expr length_of(Call& c, size_t index, std::string_view what, const expr::Expr& fallback) {
  if (!c.has(index)) return fallback;
  const Dims length = c.known_extents(c.in(index), what);
  return c.ok() && length.size() == 1 ? length[0] : fallback;
}

}  // namespace

void convert_dft(Call& c) {
  const ValueId x = c.in(0);
  const int64_t rank = c.rank(x);
  int64_t given = -2;
  if (c.version() < 20) given = c.integer("axis", 1);
  else if (c.has(2)) {
    const Ints axes = c.known_integers(c.in(2), "axis");
    if (c.ok()) given = axes.empty() ? -2 : axes[0];
  }
  const int64_t axis = c.axis(given, rank);
  if (!c.ok()) return;
  const Dims shape = c.dims(x);
  if (rank < 2 || axis == rank - 1) return c.invalid("its axis is none of a signal's");
  if (!require_parts(c, shape.back())) return;
  const expr::Expr n = shape[static_cast<size_t>(axis)];
  Transform t{n, c.integer("inverse", 0) != 0, c.integer("onesided", 0) != 0};
  if (t.inverse && t.onesided) t.length = (n - 1) * 2;
  t.length = length_of(c, 1, "dft_length", t.length);
  // The axis next to the parts.
  Ints order = axis_range(0, rank);
  order.erase(order.begin() + axis);
  order.insert(order.end() - 1, axis);
  const ValueId moved = transpose(c, x, order);
  if (!c.ok()) return;
  Dims result = c.dims(moved);
  const expr::Expr count = element_count(result, 0, result.size() - 2);
  const ValueId rows = reshape(c, moved, {count, n, shape.back()});
  const ValueId y = dft(c, rows, t);
  if (!c.ok()) return;
  const Dims made = c.dims(y);
  result[static_cast<size_t>(rank) - 2] = made[1];
  result.back() = made[2];
  Ints back(order.size());
  for (size_t i = 0; i < order.size(); ++i) back[static_cast<size_t>(order[i])] = static_cast<int64_t>(i);
  const ValueId apart = reshape(c, y, result);
  c.out(0, transpose(c, apart, back));
}

/// Frames of the signal [batch, length, 1 or 2], times the window, transformed: [batch, frames, bins, 2].
void convert_stft(Call& c) {
  const ValueId x = c.in(0);
  const Ints step = c.known_integers(c.in(1), "frame_step");
  if (!c.ok()) return;
  Dims shape = c.dims(x);
  if (shape.size() == 2) shape.push_back(1);
  if (shape.size() != 3 || step.size() != 1 || step[0] < 1)
    return c.invalid("its signal is not [batch, length, 1 or 2], or frame_step is not positive");
  if (!require_parts(c, shape[2])) return;
  const ValueId window = c.has(2) ? c.in(2) : kNoValue;
  const expr::Expr whole = window != kNoValue ? element_count(c.dims(window)) : shape[1];
  const expr::Expr length = length_of(c, 3, "frame_length", whole);
  if (!c.require(expr::less(0, length), "a frame is empty") ||
      !c.require(expr::less_equal(length, shape[1]), "a frame is longer than the signal"))
    return;
  const expr::Expr frames = expr::floor_div(shape[1] - length, step[0]) + 1;
  const ValueId signal = reshape(c, x, shape);
  const ValueId places =
      emit(c, iota({frames, length}, 0) * static_cast<double>(step[0]) + iota({frames, length}, 1));
  ValueId framed = c.emit(Op::gather, {signal, places}, graph::AxisAttributes{1});
  if (window != kNoValue) {
    const ValueId weights = reshape(c, window, {length, 1});
    framed = mul(c, framed, weights);
  }
  const ValueId rows = reshape(c, framed, {shape[0] * frames, length, shape[2]});
  const ValueId y = dft(c, rows, {length, false, c.integer("onesided", 1) != 0});
  if (c.ok()) c.out(0, reshape(c, y, {shape[0], frames, c.dims(y)[1], 2}));
}

namespace {

/// With sizes or frequencies that data decides. Filter i rises from edge i to edge i + 1 and falls to edge
/// i + 2.
void open_mel_weight_matrix(Call& c) {
  ValueId n[5];
  for (size_t i = 0; i < 5; ++i) {
    const ValueId given = c.in(i);
    if (!c.ok() || !element_count(c.dims(given)).is_constant(1))
      return c.invalid("its operands are not single numbers");
    n[i] = reshape(c, given, {});
  }
  const auto dtype = dtype_of(static_cast<int32_t>(c.integer("output_datatype", 1)));
  if (!dtype) return c.unsupported("weft has no element type for output_datatype");
  const ValueId half = emit(c, convert(n[1], DType::i64) / 2 + 1);
  const expr::Expr bins = c.bounded(half, "dft_length / 2 + 1", 0);
  const expr::Expr mels = c.bounded(n[0], "num_mel_bins", 1);
  if (!c.ok()) return;
  ValueId x[5];
  for (size_t i = 0; i < 5; ++i) x[i] = emit(c, convert(n[i], DType::f64));
  const auto mel = [](const Term& hertz) { return log(hertz / 700.0 + 1.0) * 2595.0 / log_f64(10); };
  const ValueId low = emit(c, mel(x[3]));
  const ValueId distance = emit(c, (mel(x[4]) - Term(low)) / (Term(x[0]) + 2.0));
  const Term last = convert(number(c, bins), DType::f64) - 1.0;
  const auto edge = [&](int step) {
    const Term i = convert(iota({1, mels}, 1), DType::f64) + static_cast<double>(step);
    const Term power(Op::pow, {10.0, (i * distance + low) / 2595.0});
    const Term hertz = (power - 1.0) * 700.0;
    return emit(c, minimum(maximum(floor((Term(x[1]) + 1.0) * hertz / x[2]), 0.0), last));
  };
  const ValueId left = edge(0);
  const ValueId center = edge(1);
  const ValueId right = edge(2);
  const Term bin = convert(iota({bins, 1}, 0), DType::f64);
  const Term rises = (bin - left) / maximum(Term(center) - left, 1.0);
  const Term falls = (Term(right) - bin) / maximum(Term(right) - center, 1.0);
  const Term up = less_equal(left, bin) && less_equal(bin, center);
  const Term down = less_equal(center, bin) && less(bin, right);
  const Term peak = equal(left, center) && equal(bin, center);
  const Term cell = select(down, falls, select(peak, 1.0, select(up && less(left, center), rises, 0.0)));
  const ValueId matrix = emit(c, convert(cell, *dtype));
  c.out(0, matrix);
}

}  // namespace

void convert_mel_weight_matrix(Call& c) {
  for (size_t i = 0; i < 5; ++i)
    if (const ValueId given = c.in(i); c.ok() && !c.is_known(given)) return open_mel_weight_matrix(c);
  double n[5];
  constexpr std::string_view kNames[] = {"num_mel_bins", "dft_length", "sample_rate", "lower_edge_hertz",
                                         "upper_edge_hertz"};
  for (size_t i = 0; i < 5; ++i) {
    const std::vector<double> value = c.known_numbers(c.in(i), kNames[i]);
    if (!c.ok()) return;
    if (value.size() != 1) return c.invalid(fmt::format("{} is not one number", kNames[i]));
    n[i] = value[0];
  }
  if (!(n[0] >= 1 && n[0] <= 65536 && n[1] >= 1 && n[1] <= 1e6 && n[2] >= 1 && n[0] * n[1] <= 1 << 24))
    return c.invalid("the sizes are out of range");
  const auto mels = static_cast<int64_t>(n[0]), bins = static_cast<int64_t>(n[1]) / 2 + 1;
  const auto mel = [](double hertz) { return 2595 * log_f64(1 + hertz / 700) / log_f64(10); };
  const double low = mel(n[3]), distance = (mel(n[4]) - low) / static_cast<double>(mels + 2);
  std::vector<int64_t> edges;
  for (int64_t i = 0; i < mels + 2; ++i) {
    const double hertz = 700 * (pow_f64(10, (static_cast<double>(i) * distance + low) / 2595) - 1);
    const double edge = std::floor((n[1] + 1) * hertz / n[2]);
    edges.push_back(edge > 0 ? static_cast<int64_t>(std::min(edge, static_cast<double>(bins - 1))) : 0);
  }
  std::vector<double> matrix(static_cast<size_t>(bins * mels), 0);
  for (int64_t i = 0; i < mels; ++i) {
    const size_t at = static_cast<size_t>(i);
    const int64_t left = edges[at], center = edges[at + 1], right = edges[at + 2];
    const auto cell = [&](int64_t bin) -> double& { return matrix[static_cast<size_t>(bin * mels + i)]; };
    if (left == center) cell(center) = 1;
    for (int64_t j = left; left != center && j <= center; ++j)
      cell(j) = static_cast<double>(j - left) / static_cast<double>(center - left);
    for (int64_t j = center; j < right; ++j)
      cell(j) = static_cast<double>(right - j) / static_cast<double>(right - center);
  }
  const auto dtype = dtype_of(static_cast<int32_t>(c.integer("output_datatype", 1)));
  if (!dtype) return c.unsupported("weft has no element type for output_datatype");
  c.out(0, c.constant(*dtype, {bins, mels}, matrix));
}

namespace {

/// A window whose size data decides.
void open_window(Call& c, double a0, double a1, double a2) {
  const auto dtype = dtype_of(static_cast<int32_t>(c.integer("output_datatype", 1)));
  const expr::Expr size = c.bounded(c.in(0), "size");
  if (!c.ok()) return;
  if (!dtype) return c.unsupported("weft has no element type for output_datatype");
  const Term n = number(c, c.integer("periodic", 1) != 0 ? size : size - 1);
  const ValueId angle = emit(c, convert(iota({size}, 0), DType::f64) * (2 * kPi) / convert(n, DType::f64));
  c.out(0, emit(c, convert(Term(a0) - cos(angle) * a1 + cos(Term(angle) * 2.0) * a2, *dtype)));
}

/// a0 - a1 cos(2 pi i / n) + a2 cos(4 pi i / n)
void convert_window(Call& c, double a0, double a1, double a2) {
  if (const ValueId given = c.in(0); c.ok() && !c.is_known(given)) return open_window(c, a0, a1, a2);
  const Ints size = c.known_integers(c.in(0), "size");
  const auto dtype = dtype_of(static_cast<int32_t>(c.integer("output_datatype", 1)));
  if (!c.ok()) return;
  if (!dtype) return c.unsupported("weft has no element type for output_datatype");
  if (size.size() != 1 || size[0] < 0 || size[0] > kMaxLength) return c.invalid("size is out of range");
  const double n = static_cast<double>(c.integer("periodic", 1) != 0 ? size[0] : size[0] - 1);
  std::vector<double> values;
  for (int64_t i = 0; i < size[0]; ++i) {
    const double angle = 2 * kPi * static_cast<double>(i) / n;
    values.push_back(a0 - a1 * cos_f64(angle) + a2 * cos_f64(2 * angle));
  }
  c.out(0, c.constant(*dtype, {size[0]}, values));
}

}  // namespace

void convert_hann_window(Call& c) { convert_window(c, 0.5, 0.5, 0); }
void convert_hamming_window(Call& c) { convert_window(c, 25.0 / 46, 21.0 / 46, 0); }
void convert_blackman_window(Call& c) { convert_window(c, 0.42, 0.5, 0.08); }

}  // namespace weft::onnx

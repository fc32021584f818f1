// What slides windows besides convolution and plain pooling: LpPool, the indices of MaxPool, Col2Im.
#include "frontends/onnx/ops/windows.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "frontends/onnx/ops/converters.hpp"
#include "frontends/onnx/ops/term.hpp"

namespace weft::onnx {
namespace {

constexpr int64_t kMaxTaps = 1024;  // that are written out

ValueId power(Call& c, ValueId x, double exponent) {
  if (exponent == 1) return x;
  if (exponent == 2) return mul(c, x, x);
  if (exponent == 0.5) return c.emit(Op::sqrt, {x});
  return emit(c, Term(Op::pow, {x, exponent}));
}

}  // namespace

double lowest(DType dtype) {
  if (is_float(dtype)) return -HUGE_VAL;
  if (!is_signed(dtype)) return 0;
  double value = -1;
  for (uint32_t i = 1; i < 8 * byte_size(dtype); ++i) value *= 2;
  return value;
}

void convert_lp_pool(Call& c) {
  const ValueId x = c.in(0);
  const Dims spatial = spatial_extents(c, x);
  if (!c.ok()) return;
  Spatial s = read_spatial(c, spatial, {});
  if (!c.ok()) return;
  if (c.version() >= 18 && c.integer("ceil_mode", 0) != 0) apply_ceil_mode(c, spatial, s);
  const auto p = static_cast<double>(c.integer("p", 2));
  if (p < 1) return c.invalid("p is not positive");
  const ValueId magnitude = c.emit(Op::abs, {x});
  const ValueId powers = padded_ahead(c, power(c, magnitude, p), s, 0);
  const Ints none(s.rank(), 0);
  const ValueId sum = c.emit(Op::reduce_window, {powers},
                             graph::WindowAttributes{ReduceKind::sum, s.window, s.strides, s.dilations,
                                                     s.pads_begin, s.pads_end, none, none});
  c.out(0, power(c, sum, 1 / p));
}

void convert_global_lp_pool(Call& c) {
  const ValueId x = c.in(0);
  const auto p = static_cast<double>(c.integer("p", 2));
  if (p < 1) return c.invalid("p is not positive");
  const ValueId magnitude = c.emit(Op::abs, {x});
  const ValueId powers = power(c, magnitude, p);
  const ValueId sum = reduce(c, powers, ReduceKind::sum, axis_range(2, c.rank(x)), true);
  c.out(0, power(c, sum, 1 / p));
}

ValueId max_pool_indices(Call& c, ValueId x, const Spatial& s, bool column_major) {
  if (!c.ok()) return kNoValue;
  const Dims shape = c.dims(x);
  const size_t rank = s.rank();
  Ints begin(rank + 2, 0), end = begin, steps(2, 1);
  Dims sizes = {shape[0], shape[1]};
  std::vector<Term> before;
  for (size_t i = 0; i < rank; ++i) {
    begin[i + 2] = s.pads_begin[i];
    end[i + 2] = s.pads_end[i];
    const expr::Expr whole =
        s.pads_ahead() ? s.ahead_extents[i] : shape[i + 2] + s.pads_begin[i] + s.pads_end[i];
    sizes.push_back(expr::floor_div(whole - s.reach(i), s.strides[i]) + 1);
    steps.push_back(s.strides[i]);
    before.push_back(number(c, s.pads_ahead() ? s.ahead_begin[i] : s.pads_begin[i], DType::i64));
  }
  if (element_count(s.window) > kMaxTaps) {
    c.unsupported(fmt::format("the indices of a window of {} elements", element_count(s.window)));
    return kNoValue;
  }
  const double low = lowest(c.dtype(x));
  const ValueId whole =
      s.pads_ahead() ? padded_ahead(c, x, s, low)
                     : c.emit(Op::pad, {x}, graph::PadAttributes{begin, end, graph::PadMode::constant, low});
  std::vector<Term> strides;
  for (size_t i = 0; i < rank; ++i)
    strides.push_back(
        number(c, column_major ? element_count(shape, 2, i + 2) : element_count(shape, i + 3), DType::i64));
  const Term channels = number(c, shape[1], DType::i64);
  const Term size = number(c, element_count(shape, 2), DType::i64);
  const Term plane = (iota(sizes, 0, DType::i64) * channels + iota(sizes, 1, DType::i64)) * size;
  ValueId best = kNoValue, index = kNoValue;
  Ints tap(rank, 0);
  for (;;) {
    Ints starts(rank + 2, 0);
    Term at = plane;
    for (size_t i = 0; i < rank; ++i) {
      starts[i + 2] = tap[i] * s.dilations[i];
      const Term first = static_cast<double>(tap[i] * s.dilations[i]) - before[i];
      const Term along =
          iota(sizes, static_cast<int64_t>(i) + 2, DType::i64) * static_cast<double>(s.strides[i]) + first;
      at = at + along * strides[i];
    }
    const ValueId value = slice(c, whole, starts, steps, sizes);
    const ValueId here = emit(c, at);
    if (best == kNoValue) {
      best = value;
      index = here;
    } else {
      const ValueId above = c.emit(Op::less, {best, value});
      index = select(c, above, here, index);
      best = c.emit(Op::maximum, {best, value});
    }
    size_t i = rank;
    while (i-- > 0 && ++tap[i] == s.window[i]) tap[i] = 0;
    if (i == SIZE_MAX || !c.ok()) return index;
  }
}

/// Blocks [N, C * window, positions] summed where they lie in the image.
void convert_col2im(Call& c) {
  const ValueId x = c.in(0);
  const Dims image = c.known_extents(c.in(1), "image_shape");
  const Ints window = c.known_integers(c.in(2), "block_shape");
  if (!c.ok() || !check_extents(c, image) || !require_positive(c, image)) return;
  for (const int64_t extent : window)
    if (extent < 1 || extent > kMaxWindow) return c.invalid("an extent is out of range");
  if (image.empty() || image.size() > 8) return c.unsupported("images of no axis, or of more than eight");
  int64_t taps = 1;
  for (const int64_t extent : window) {
    if (taps > kMaxWindow / extent) return c.invalid("the window is too large");
    taps *= extent;
  }
  const size_t rank = image.size();
  const Ints dilations = c.small_integers("dilations", Ints(rank, 1)),
             strides = c.small_integers("strides", Ints(rank, 1));
  const Ints pads = c.small_integers("pads", Ints(2 * rank, 0));
  const Dims shape = c.dims(x);
  if (!c.ok()) return;
  if (window.size() != rank || dilations.size() != rank || strides.size() != rank ||
      pads.size() != 2 * rank || shape.size() != 3)
    return c.invalid("its lists do not fit each other");
  if (!c.require_multiple(shape[1], taps, "the channels are no multiple of the window")) return;
  Dims padded = {shape[0], expr::floor_div(shape[1], taps)}, blocks = padded, inner = padded;
  Ints starts = {0, 0};
  expr::Expr positions = 1;
  for (size_t i = 0; i < rank; ++i) {
    if (strides[i] < 1 || dilations[i] < 1) return c.invalid("strides and dilations are positive");
    padded.push_back(image[i] + pads[i] + pads[rank + i]);
    starts.push_back(pads[i]);
    inner.push_back(image[i]);
    blocks.push_back(window[i]);
  }
  for (size_t i = 0; i < rank; ++i) {
    const expr::Expr room = padded[i + 2] - (dilations[i] * (window[i] - 1) + 1);
    if (!c.require(expr::less_equal(0, room), "the window is larger than the padded image")) return;
    blocks.push_back(expr::floor_div(room, strides[i]) + 1);
    positions = positions * blocks.back();
  }
  if (!check_extents(c, padded) || !check_extents(c, {positions}) ||
      !require_equal(c, shape[2], positions, "the blocks"))
    return;
  const Term channels = number(c, padded[1]);
  Term at = iota(blocks, 0) * channels + iota(blocks, 1);
  for (size_t i = 0; i < rank; ++i) {
    const auto axis = static_cast<int64_t>(i);
    const Term tap = iota(blocks, 2 + axis) * static_cast<double>(dilations[i]);
    const Term block = iota(blocks, 2 + static_cast<int64_t>(rank) + axis) * static_cast<double>(strides[i]);
    const Term extent = number(c, padded[i + 2]);
    at = at * extent + (tap + block);
  }
  const ValueId places = reshape(c, emit(c, at), {element_count(blocks)});
  const ValueId updates = reshape(c, x, {element_count(blocks)});
  const ValueId zero = c.scalar(c.dtype(x), 0);
  const ValueId empty = expand(c, zero, {element_count(padded)});
  const ValueId sums =
      c.emit(Op::scatter, {empty, places, updates}, graph::ScatterAttributes{graph::ScatterKind::sum});
  const ValueId whole = reshape(c, sums, padded);
  c.out(0, slice(c, whole, starts, Ints(rank + 2, 1), inner));
}

}  // namespace weft::onnx

// Poolings.
#include <fmt/format.h>

#include <algorithm>

#include "frontends/onnx/ops/converters.hpp"
#include "frontends/onnx/ops/term.hpp"
#include "frontends/onnx/ops/windows.hpp"

namespace weft::onnx {

void apply_ceil_mode(Call& c, const Dims& spatial, Spatial& s) {
  Dims more, covered;
  for (size_t i = 0; i < s.rank() && c.ok(); ++i) {
    const expr::Expr room = spatial[i] + s.pads_begin[i] + s.pads_end[i] - s.reach(i);
    if (!c.require(expr::less_equal(0, room), "the window is larger than the padded input")) return;
    const expr::Expr steps = expr::ceil_div(room, s.strides[i]);
    // A window does not begin in the padding behind.
    const expr::Expr last =
        (steps - expr::less_equal(spatial[i] + s.pads_begin[i], steps * s.strides[i])) * s.strides[i];
    more.push_back(expr::max(0, last - room));
    covered.push_back(last + s.reach(i));
  }
  if (!c.ok()) return;
  if (const auto known = graph::constant_shape(more)) {
    for (size_t i = 0; i < s.rank(); ++i) s.pads_end[i] += (*known)[i];
    return;
  }
  s.ahead_begin = s.pads_begin;
  s.ahead_extents = covered;
  s.pads_begin.assign(s.rank(), 0);
  s.pads_end.assign(s.rank(), 0);
}

namespace {

/// The node's windows on x.
Spatial read_pool(Call& c, ValueId x) {
  const Dims spatial = spatial_extents(c, x);
  if (!c.ok()) return {};
  Spatial s = read_spatial(c, spatial, {});
  if (!c.has_attribute("kernel_shape")) c.invalid("the attribute \"kernel_shape\" is missing");
  if (!c.ok()) return s;
  const std::string mode = c.text("auto_pad", "NOTSET");
  if (c.integer("ceil_mode", 0) != 0 && (mode == "NOTSET" || mode == "VALID")) apply_ceil_mode(c, spatial, s);
  for (size_t i = 0; c.ok() && i < s.rank(); ++i) {
    require_fit(c, s, spatial, i);
    if (s.pads_begin[i] >= s.reach(i)) c.invalid("a window would lie in the padding alone");
  }
  return s;
}

/// How many elements each window of an axis covers of those in [low, high), which may be padding that counts:
/// i32 that broadcasts along the axis.
Term covered_by(Call& c, const Spatial& s, size_t i, const expr::Expr& low, const expr::Expr& high) {
  const expr::Expr windows = expr::floor_div(s.ahead_extents[i] - s.reach(i), s.strides[i]) + 1;
  Dims along = Ints(s.rank() - i, 1);
  along[0] = windows;
  const auto step = static_cast<double>(s.dilations[i]);
  const Term before = number(c, s.ahead_begin[i]);
  const Term first = iota(along, 0) * static_cast<double>(s.strides[i]) - before;
  const Term from = number(c, low);
  const Term to = number(c, high - 1);
  const Term skipped = (maximum(from - first, 0) + (step - 1)) / step;
  const Term last = minimum((to - first) / step, static_cast<double>(s.window[i] - 1));
  return last - skipped + 1;
}

/// The mean over windows whose padding depends on symbols: their sums by what they cover.
ValueId mean_ahead(Call& c, ValueId x, const Spatial& s, bool counts_pads) {
  const Dims spatial = spatial_extents(c, x);
  const Spatial own = read_spatial(c, spatial, {});
  const ValueId around = padded_ahead(c, x, s, 0);
  const Ints none(s.rank(), 0);
  const ValueId sum = c.emit(Op::reduce_window, {around},
                             graph::WindowAttributes{ReduceKind::sum, s.window, s.strides, s.dilations,
                                                     s.pads_begin, s.pads_end, none, none});
  if (!c.ok()) return kNoValue;
  Term count = 1;
  for (size_t i = 0; i < s.rank(); ++i) {
    expr::Expr low = 0, high = spatial[i];
    if (counts_pads && own.pads_ahead()) {
      low = -own.ahead_begin[i];
      high = own.ahead_extents[i] - own.ahead_begin[i];
    } else if (counts_pads) {
      low = -own.pads_begin[i];
      high = spatial[i] + own.pads_end[i];
    }
    count = count * covered_by(c, s, i, low, high);
  }
  return emit(c, Term(sum) / convert(count, c.dtype(x)));
}

}  // namespace

ValueId pooled(Call& c, ValueId x, ReduceKind kind) {
  // What is padded, before rows that only ceil_mode reaches.
  const Spatial s = read_pool(c, x);
  if (!c.ok()) return kNoValue;
  const bool counts_pads = kind == ReduceKind::mean && c.integer("count_include_pad", 0) != 0;
  if (s.pads_ahead() && kind == ReduceKind::mean) return mean_ahead(c, x, s, counts_pads);
  const ValueId around = padded_ahead(c, x, s, lowest(c.dtype(x)));
  const Ints none(s.rank(), 0);
  const Ints end = counts_pads ? read_spatial(c, spatial_extents(c, x), {}).pads_end : none;
  return c.emit(Op::reduce_window, {around},
                graph::WindowAttributes{kind, s.window, s.strides, s.dilations, s.pads_begin, s.pads_end,
                                        counts_pads ? s.pads_begin : none, end});
}

void convert_max_pool(Call& c) {
  const ValueId x = c.in(0);
  c.out(0, pooled(c, x, ReduceKind::max));
  if (c.ok() && c.wants(1))
    c.out(1, max_pool_indices(c, x, read_pool(c, x), c.integer("storage_order", 0) != 0));
}

void convert_average_pool(Call& c) { c.out(0, pooled(c, c.in(0), ReduceKind::mean)); }

namespace {

void convert_global_pool(Call& c, ReduceKind kind) {
  const ValueId x = c.in(0);
  spatial_extents(c, x);
  if (c.ok()) c.out(0, reduce(c, x, kind, axis_range(2, c.rank(x)), true));
}

}  // namespace

void convert_global_average_pool(Call& c) { convert_global_pool(c, ReduceKind::mean); }
void convert_global_max_pool(Call& c) { convert_global_pool(c, ReduceKind::max); }

}  // namespace weft::onnx

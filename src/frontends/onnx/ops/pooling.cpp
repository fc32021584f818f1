// Poolings.
#include <fmt/format.h>

#include <algorithm>

#include "frontends/onnx/ops/converters.hpp"
#include "frontends/onnx/ops/windows.hpp"

namespace weft::onnx {

void apply_ceil_mode(Call& c, const Dims& spatial, Spatial& s) {
  for (size_t i = 0; i < s.rank(); ++i) {
    const expr::Expr room = spatial[i] + s.pads_begin[i] + s.pads_end[i] - s.reach(i);
    if (expr::always(expr::less(room, 0))) continue;
    expr::Expr last = expr::ceil_div(room, s.strides[i]) * s.strides[i];
    // A window does not begin in the padding behind.
    last = last - expr::select(expr::less_equal(spatial[i] + s.pads_begin[i], last), s.strides[i], 0);
    const auto more = expr::max(0, last - room).as_constant();
    if (!more)
      return c.unsupported("with ceil_mode, its padding depends on the extent " + expr::print(spatial[i]));
    s.pads_end[i] += *more;
  }
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

}  // namespace

ValueId pooled(Call& c, ValueId x, ReduceKind kind) {
  // What is padded, before rows that only ceil_mode reaches.
  const Spatial s = read_pool(c, x);
  if (!c.ok()) return kNoValue;
  const bool counts_pads = kind == ReduceKind::mean && c.integer("count_include_pad", 0) != 0;
  const Ints none(s.rank(), 0);
  const Ints end = counts_pads ? read_spatial(c, spatial_extents(c, x), {}).pads_end : none;
  return c.emit(Op::reduce_window, {x},
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

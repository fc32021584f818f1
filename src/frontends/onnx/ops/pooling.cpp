// Poolings.
#include <fmt/format.h>

#include <algorithm>

#include "frontends/onnx/ops/converters.hpp"
#include "frontends/onnx/ops/windows.hpp"

namespace weft::onnx {

void apply_ceil_mode(const Ints& spatial, Spatial& s) {
  for (size_t i = 0; i < s.rank(); ++i) {
    const int64_t room = spatial[i] + s.pads_begin[i] + s.pads_end[i] - s.reach(i);
    if (room < 0) continue;
    int64_t output = (room + s.strides[i] - 1) / s.strides[i] + 1;
    if ((output - 1) * s.strides[i] >= spatial[i] + s.pads_begin[i]) --output;
    s.pads_end[i] += std::max<int64_t>(0, (output - 1) * s.strides[i] - room);
  }
}

namespace {

void convert_pool(Call& c, ReduceKind kind) {
  const ValueId x = c.in(0);
  const Ints spatial = spatial_extents(c, x);
  if (!c.ok()) return;
  Spatial s = read_spatial(c, spatial, {});
  if (!c.has_attribute("kernel_shape")) c.invalid("the attribute \"kernel_shape\" is missing");
  if (!c.ok()) return;
  const bool counts_pads =
      kind == ReduceKind::mean && c.version() >= 7 && c.integer("count_include_pad", 0) != 0;
  const Ints none(s.rank(), 0);
  const Ints counted_begin = counts_pads ? s.pads_begin : none;
  const Ints counted_end = counts_pads ? s.pads_end : none;
  const std::string mode = c.text("auto_pad", "NOTSET");
  if (c.version() >= 10 && c.integer("ceil_mode", 0) != 0 && (mode == "NOTSET" || mode == "VALID"))
    apply_ceil_mode(spatial, s);
  for (size_t i = 0; i < s.rank(); ++i) {
    if (spatial[i] + s.pads_begin[i] + s.pads_end[i] < s.reach(i))
      return c.invalid("the window is larger than the padded input");
    if (s.pads_begin[i] >= s.reach(i)) return c.invalid("a window would lie in the padding alone");
  }
  c.out(0, c.emit(Op::reduce_window, {x},
                  graph::WindowAttributes{kind, s.window, s.strides, s.dilations, s.pads_begin, s.pads_end,
                                          counted_begin, counted_end}));
  if (kind == ReduceKind::max && c.wants(1))
    c.out(1, max_pool_indices(c, x, s, c.integer("storage_order", 0) != 0));
}

void convert_global_pool(Call& c, ReduceKind kind) {
  const ValueId x = c.in(0);
  spatial_extents(c, x);
  if (c.ok()) c.out(0, reduce(c, x, kind, axis_range(2, c.rank(x)), true));
}

}  // namespace

void convert_max_pool(Call& c) { convert_pool(c, ReduceKind::max); }
void convert_average_pool(Call& c) { convert_pool(c, ReduceKind::mean); }
void convert_global_average_pool(Call& c) { convert_global_pool(c, ReduceKind::mean); }
void convert_global_max_pool(Call& c) { convert_global_pool(c, ReduceKind::max); }

}  // namespace weft::onnx

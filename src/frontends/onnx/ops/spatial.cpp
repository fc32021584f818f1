#include "frontends/onnx/ops/spatial.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace weft::onnx {

Ints read_list(Call& c, std::string_view name, size_t count, int64_t fallback, int64_t low) {
  const Ints values = c.integers(name);
  if (values.empty()) return Ints(count, fallback);
  if (values.size() != count)
    c.invalid(fmt::format("\"{}\" has {} entries, {} are needed", name, values.size(), count));
  for (const int64_t value : values)
    if (value < low || value > kMaxWindow) c.invalid(fmt::format("\"{}\" holds {}", name, value));
  return c.ok() ? values : Ints(count, fallback);
}

Dims spatial_extents(Call& c, ValueId x) {
  const Dims shape = c.dims(x);
  if (!c.ok()) return {};
  if (shape.size() < 3) {
    c.invalid(
        fmt::format("the input has rank {}; it needs a batch, channels and spatial axes", shape.size()));
    return {};
  }
  return graph::Shape(shape.begin() + 2, shape.end());
}

namespace {

/// Padding that makes of each axis one output a stride.
void set_same_padding(Spatial& s, const Dims& spatial, bool upper) {
  bool is_known = true;
  for (size_t i = 0; i < s.rank(); ++i) {
    const expr::Expr output = expr::ceil_div(spatial[i], s.strides[i]);
    const expr::Expr covered = (output - 1) * s.strides[i] + s.reach(i);
    const expr::Expr padding = expr::max(0, covered - spatial[i]), half = expr::floor_div(padding, 2);
    s.ahead_begin.push_back(upper ? half : padding - half);
    s.ahead_extents.push_back(covered);
    const auto total = padding.as_constant();
    is_known = is_known && total;
    s.pads_begin[i] = upper ? total.value_or(0) / 2 : total.value_or(0) - total.value_or(0) / 2;
    s.pads_end[i] = total.value_or(0) - s.pads_begin[i];
  }
  if (is_known) {
    s.ahead_begin.clear();
    s.ahead_extents.clear();
  } else {
    s.pads_begin.assign(s.rank(), 0);
    s.pads_end.assign(s.rank(), 0);
  }
}

}  // namespace

void require_fit(Call& c, const Spatial& s, const Dims& spatial, size_t axis) {
  if (s.pads_ahead()) return;  // to what the windows cover
  const expr::Expr whole = spatial[axis] + s.pads_begin[axis] + s.pads_end[axis];
  c.require(expr::less_equal(s.reach(axis), whole),
            fmt::format("the window, {} long, is larger than the padded input, {}", s.reach(axis),
                        expr::print(whole)));
}

Spatial read_spatial(Call& c, const Dims& spatial, const Ints& window) {
  const size_t rank = spatial.size();
  Spatial s;
  s.window = window;
  if (c.has_attribute("kernel_shape") || window.empty()) s.window = read_list(c, "kernel_shape", rank, 1, 1);
  if (!window.empty() && s.window != window) c.invalid("kernel_shape contradicts the weights' shape");
  s.strides = read_list(c, "strides", rank, 1, 1);
  s.dilations = read_list(c, "dilations", rank, 1, 1);
  const Ints pads = read_list(c, "pads", 2 * rank, 0, 0);
  if (!c.ok()) return {};
  s.pads_begin.assign(pads.begin(), pads.begin() + static_cast<std::ptrdiff_t>(rank));
  s.pads_end.assign(pads.begin() + static_cast<std::ptrdiff_t>(rank), pads.end());
  const std::string mode = c.text("auto_pad", "NOTSET");
  if (mode == "NOTSET" || mode.empty()) return s;
  s.pads_begin.assign(rank, 0);
  s.pads_end.assign(rank, 0);
  if (mode == "VALID") return s;
  if (mode != "SAME_UPPER" && mode != "SAME_LOWER") {
    c.invalid(fmt::format("auto_pad = \"{}\"", mode));
    return s;
  }
  set_same_padding(s, spatial, mode == "SAME_UPPER");
  return s;
}

ValueId padded_ahead(Call& c, ValueId x, const Spatial& s, double value) {
  if (!c.ok() || !s.pads_ahead()) return x;
  Dims begin = Ints(2, 0), shape = c.dims(x);
  begin.insert(begin.end(), s.ahead_begin.begin(), s.ahead_begin.end());
  std::ranges::copy(s.ahead_extents, shape.begin() + 2);
  return padded(c, x, begin, shape, Padding::constant, value);
}

}  // namespace weft::onnx

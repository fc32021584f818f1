// Conv and ConvTranspose.
#include <fmt/format.h>

#include <algorithm>

#include "frontends/onnx/ops/converters.hpp"
#include "frontends/onnx/ops/spatial.hpp"

namespace weft::onnx {
namespace {

struct Operands {
  std::vector<ValueId> values;
  Dims spatial;
  Ints window;
  int64_t groups = 1;
};

Operands read_operands(Call& c, ValueId x, ValueId w, ValueId bias) {
  Operands o;
  o.values = {x, w};
  if (bias != kNoValue) o.values.push_back(bias);
  o.spatial = spatial_extents(c, x);
  if (!c.ok()) return o;
  const Ints weights = c.shape(w);
  if (weights.size() != o.spatial.size() + 2) {
    c.invalid(fmt::format("the weights have rank {}, the input has {}", weights.size(), c.rank(x)));
    return o;
  }
  o.window.assign(weights.begin() + 2, weights.end());
  for (const int64_t extent : o.window)
    if (extent < 1 || extent > kMaxWindow) c.invalid("the weights have an empty window");
  o.groups = c.integer("group", 1);
  if (o.groups < 1 || o.groups > kMaxWindow || weights[0] % o.groups != 0)
    c.invalid(fmt::format("group = {} does not divide the channels", o.groups));
  return o;
}

}  // namespace

ValueId convolution(Call& c, ValueId x, ValueId w, ValueId bias) {
  Operands o = read_operands(c, x, w, bias);
  if (!c.ok()) return kNoValue;
  const Spatial s = read_spatial(c, o.spatial, o.window);
  for (size_t i = 0; c.ok() && i < s.rank(); ++i) require_fit(c, s, o.spatial, i);
  return c.emit(Op::conv, std::move(o.values),
                graph::ConvAttributes{s.strides, s.dilations, s.pads_begin, s.pads_end, o.groups});
}

void convert_conv(Call& c) {
  const ValueId x = c.in(0);
  const ValueId w = c.in(1);
  const ValueId bias = c.has(2) ? c.in(2) : kNoValue;
  c.out(0, convolution(c, x, w, bias));
}

/// Padding from output_shape or auto_pad, as the operator's page defines it:
/// total = stride * (in - 1) + output_padding + reach - out.
void convert_conv_transpose(Call& c) {
  const ValueId x = c.in(0);
  const ValueId w = c.in(1);
  Operands o = read_operands(c, x, w, c.has(2) ? c.in(2) : kNoValue);
  if (!c.ok()) return;
  const size_t rank = o.spatial.size();
  const std::string mode = c.text("auto_pad", "NOTSET");
  const bool same = mode == "SAME_UPPER" || mode == "SAME_LOWER";
  if (!same && mode != "NOTSET" && mode != "VALID" && !mode.empty())
    c.invalid(fmt::format("auto_pad = \"{}\"", mode));
  const bool by_output = same || c.has_attribute("output_shape");
  Spatial s = read_spatial(c, o.spatial, o.window);
  Ints output_padding = read_list(c, "output_padding", rank, 0, 0);
  Ints output_shape;
  if (c.has_attribute("output_shape")) output_shape = read_list(c, "output_shape", rank, 1, 0);
  const Ints spatial = by_output ? constant_extents(c, o.spatial) : Ints();
  if (!c.ok()) return;
  for (size_t i = 0; i < rank; ++i) {
    const expr::Expr extent = (o.spatial[i] - 1) * s.strides[i] + output_padding[i] + s.reach(i);
    if (by_output) {
      const int64_t full = extent.as_constant().value_or(0);
      const int64_t wanted = output_shape.empty() ? spatial[i] * s.strides[i] : output_shape[i];
      const int64_t total = std::max<int64_t>(0, full - wanted);
      s.pads_begin[i] = mode == "SAME_UPPER" ? total / 2 : total - total / 2;
      s.pads_end[i] = total - s.pads_begin[i];
      output_padding[i] += std::max<int64_t>(0, wanted - full);
    }
    if (!c.require(expr::less_equal(s.pads_begin[i] + s.pads_end[i], extent),
                   "the padding is larger than the output"))
      return;
  }
  c.out(0, c.emit(Op::conv_transpose, std::move(o.values),
                  graph::ConvTransposeAttributes{s.strides, s.dilations, s.pads_begin, s.pads_end,
                                                 output_padding, o.groups}));
}

}  // namespace weft::onnx

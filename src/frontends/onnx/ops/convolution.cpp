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
  o.values[0] = padded_ahead(c, o.values[0], s, 0);
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

namespace {

/// A transposed convolution whose padding depends on symbols, as it makes the output's extents `wanted`: all
/// of it is computed, and cut. What lies beyond it is the bias.
ValueId transposed_to(Call& c, Operands o, const Spatial& s, const Ints& output_padding, const Dims& wanted,
                      bool upper) {
  const ValueId bias = o.values.size() > 2 ? o.values[2] : kNoValue;
  o.values.resize(2);
  const Ints none(s.rank(), 0);
  const ValueId all =
      c.emit(Op::conv_transpose, std::move(o.values),
             graph::ConvTransposeAttributes{s.strides, s.dilations, none, none, none, o.groups});
  if (!c.ok()) return kNoValue;
  Dims begin = Ints(2, 0), shape = c.dims(all);
  for (size_t i = 0; i < s.rank(); ++i) {
    const expr::Expr total = expr::max(0, shape[i + 2] + output_padding[i] - wanted[i]),
                     half = expr::floor_div(total, 2);
    begin.push_back(upper ? -half : half - total);
    shape[i + 2] = wanted[i];
  }
  const ValueId y = padded(c, all, begin, shape);
  return bias == kNoValue || !c.ok() ? y : add(c, y, per_channel(c, bias, c.rank(y)));
}

}  // namespace

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
  if (!c.ok()) return;
  const Ints padding = output_padding;  // as it is given
  Dims wanted;
  bool is_known = true;
  for (size_t i = 0; i < rank; ++i) {
    const expr::Expr extent = (o.spatial[i] - 1) * s.strides[i] + output_padding[i] + s.reach(i);
    if (by_output) {
      wanted.push_back(output_shape.empty() ? o.spatial[i] * s.strides[i] : expr::Expr(output_shape[i]));
      const auto surplus = (extent - wanted[i]).as_constant();
      is_known = is_known && surplus;
      const int64_t total = std::max<int64_t>(0, surplus.value_or(0));
      s.pads_begin[i] = mode == "SAME_UPPER" ? total / 2 : total - total / 2;
      s.pads_end[i] = total - s.pads_begin[i];
      output_padding[i] += std::max<int64_t>(0, -surplus.value_or(0));
    }
    if (!c.require(expr::less_equal(s.pads_begin[i] + s.pads_end[i], extent),
                   "the padding is larger than the output"))
      return;
  }
  if (!is_known) return c.out(0, transposed_to(c, std::move(o), s, padding, wanted, mode == "SAME_UPPER"));
  c.out(0, c.emit(Op::conv_transpose, std::move(o.values),
                  graph::ConvTransposeAttributes{s.strides, s.dilations, s.pads_begin, s.pads_end,
                                                 output_padding, o.groups}));
}

}  // namespace weft::onnx

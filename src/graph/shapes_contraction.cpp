// Shape rules of windows and contractions.
#include "graph/shape_rules.hpp"

namespace weft::graph::rules {

using expr::Expr;

namespace {

bool sizes_are(size_t n, std::initializer_list<const Ints*> lists) {
  for (const Ints* list : lists)
    if (list->size() != n) return false;
  return true;
}

/// floor((in + begin + end - ((window - 1) * dilation + 1)) / stride) + 1
Result<Expr> window_extent(const Expr& in, const Expr& window, int64_t stride, int64_t dilation, int64_t begin, int64_t end) {
  if (stride < 1 || dilation < 1) return mismatch("strides and dilations must be positive");
  if (begin < 0 || end < 0) return mismatch("negative padding");
  const Expr room = in + begin + end - ((window - 1) * dilation + 1);
  if (expr::prove(expr::less(room, 0)) == true) return mismatch("the window is larger than its padded input");
  return expr::floor_div(room, stride) + 1;
}

Result<void> check_bias(Operands x, const Expr& channels) {
  if (x.size() < 3) return {};
  if (x[2].shape.size() != 1 || !(x[2].shape[0] == channels) || x[2].dtype != x[0].dtype)
    return mismatch("the bias is " + to_string(x[2]) + ", not one number for each of " + expr::print(channels) + " channels");
  return {};
}

Result<void> check_ranks(Operands x) {
  if (x[0].dtype != x[1].dtype) return mismatch("operands of different types, " + to_string(x[0]) + " and " + to_string(x[1]));
  if (x[0].shape.size() < 3 || x[1].shape.size() != x[0].shape.size())
    return mismatch("input " + to_string(x[0]) + " and weights " + to_string(x[1]) + " do not fit");
  return {};
}

}  // namespace

Result<Type> reduce_window(Operands x, const Attributes& a) {
  const auto& w = std::get<WindowAttributes>(a);
  if (x[0].shape.size() < 3) return mismatch("pooling of " + to_string(x[0]) + ", which has no spatial axes");
  const size_t spatial = x[0].shape.size() - 2;
  if (!sizes_are(spatial, {&w.window, &w.strides, &w.dilations, &w.pads_begin, &w.pads_end, &w.counted_begin, &w.counted_end}))
    return mismatch("pooling needs attributes for " + std::to_string(spatial) + " spatial axes");
  Shape shape = {x[0].shape[0], x[0].shape[1]};
  for (size_t i = 0; i < spatial; ++i) {
    if (w.window[i] < 1) return mismatch("an empty pooling window");
    WEFT_ASSIGN(extent, window_extent(x[0].shape[i + 2], w.window[i], w.strides[i], w.dilations[i], w.pads_begin[i], w.pads_end[i]));
    shape.push_back(extent);
  }
  return Type{x[0].dtype, std::move(shape)};
}

Result<Type> conv(Operands x, const Attributes& a) {
  const auto& c = std::get<ConvAttributes>(a);
  WEFT_TRY(check_ranks(x));
  const size_t spatial = x[0].shape.size() - 2;
  if (!sizes_are(spatial, {&c.strides, &c.dilations, &c.pads_begin, &c.pads_end}))
    return mismatch("conv needs attributes for " + std::to_string(spatial) + " spatial axes");
  if (c.groups < 1 || !(x[1].shape[1] * c.groups == x[0].shape[1]) || !expr::mod(x[1].shape[0], c.groups).is_constant(0))
    return mismatch("input " + to_string(x[0]) + " and weights " + to_string(x[1]) + " do not fit in " +
                    std::to_string(c.groups) + " group(s)");
  WEFT_TRY(check_bias(x, x[1].shape[0]));
  Shape shape = {x[0].shape[0], x[1].shape[0]};
  for (size_t i = 0; i < spatial; ++i) {
    WEFT_ASSIGN(extent, window_extent(x[0].shape[i + 2], x[1].shape[i + 2], c.strides[i], c.dilations[i], c.pads_begin[i], c.pads_end[i]));
    shape.push_back(extent);
  }
  return Type{x[0].dtype, std::move(shape)};
}

Result<Type> conv_transpose(Operands x, const Attributes& a) {
  const auto& c = std::get<ConvTransposeAttributes>(a);
  WEFT_TRY(check_ranks(x));
  const size_t spatial = x[0].shape.size() - 2;
  if (!sizes_are(spatial, {&c.strides, &c.dilations, &c.pads_begin, &c.pads_end, &c.output_padding}))
    return mismatch("conv_transpose needs attributes for " + std::to_string(spatial) + " spatial axes");
  if (c.groups < 1 || !(x[1].shape[0] == x[0].shape[1]) || !expr::mod(x[0].shape[1], c.groups).is_constant(0))
    return mismatch("input " + to_string(x[0]) + " and weights " + to_string(x[1]) + " do not fit in " +
                    std::to_string(c.groups) + " group(s)");
  const Expr channels = x[1].shape[1] * c.groups;
  WEFT_TRY(check_bias(x, channels));
  Shape shape = {x[0].shape[0], channels};
  for (size_t i = 0; i < spatial; ++i) {
    if (c.strides[i] < 1 || c.dilations[i] < 1) return mismatch("strides and dilations must be positive");
    const Expr extent = (x[0].shape[i + 2] - 1) * c.strides[i] + (x[1].shape[i + 2] - 1) * c.dilations[i] + 1 +
                        c.output_padding[i] - c.pads_begin[i] - c.pads_end[i];
    if (expr::prove(expr::less(extent, 0)) == true) return mismatch("the padding is larger than the result");
    shape.push_back(extent);
  }
  return Type{x[0].dtype, std::move(shape)};
}

Result<Type> matmul(Operands x, const Attributes&) {
  const Shape& a = x[0].shape;
  const Shape& b = x[1].shape;
  if (x[0].dtype != x[1].dtype || a.size() < 2 || b.size() < 2 || !(a.back() == b[b.size() - 2]))
    return mismatch("cannot multiply " + to_string(x[0]) + " by " + to_string(x[1]));
  WEFT_ASSIGN(shape, broadcast(Shape(a.begin(), a.end() - 2), Shape(b.begin(), b.end() - 2)));
  shape.push_back(a[a.size() - 2]);
  shape.push_back(b.back());
  return Type{x[0].dtype, std::move(shape)};
}

}  // namespace weft::graph::rules

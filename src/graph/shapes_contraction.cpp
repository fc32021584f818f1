// Convolutions and matrix products.
#include <fmt/format.h>

#include "graph/ops.hpp"
#include "graph/types.hpp"
#include "graph/windows.hpp"

namespace weft::graph::shape_rules {
namespace {

using expr::Expr;
using expr::print;

/// The element types of all operands, and for convolutions the ranks of the input and the weight.
std::string operands_fault(const RuleInput& in, bool spatial) {
  if (in[0].dtype == DType::boolean) return "takes numbers, not booleans";
  for (size_t i = 1; i < in.size(); ++i)
    if (in[i].dtype != in[0].dtype)
      return fmt::format("the element types {} and {} differ", to_string(in[0].dtype),
                         to_string(in[i].dtype));
  if (!spatial) return {};
  const size_t rank = in[0].shape.size();
  if (rank < 3) return fmt::format("the input has no spatial axes: its rank is {}, not 3 or more", rank);
  if (in[1].shape.size() != rank)
    return fmt::format("the weight's rank {} is not the input's rank {}", in[1].shape.size(), rank);
  return {};
}

std::string bias_fault(const RuleInput& in, const Expr& channels) {
  if (in.size() < 3) return {};
  const Shape& bias = in[2].shape;
  if (bias.size() == 1 && in.undecided.equal(bias[0], channels)) return {};
  return fmt::format("the bias is not of the shape [{}], the output's channels", print(channels));
}

std::string groups_fault(const RuleInput& in, int64_t groups, const Expr& divided, std::string_view what) {
  if (groups < 1 || groups > kMaxAmount) return fmt::format("groups = {} is not in [1, 2^31]", groups);
  if (in.undecided.divides(groups, divided)) return {};
  return fmt::format("the {} {} channels do not divide into {} groups", what, print(divided), groups);
}

std::string conv_fault(const RuleInput& in, const ConvAttributes& a) {
  std::string fault = operands_fault(in, true);
  if (!fault.empty()) return fault;
  const Shape& x = in[0].shape;
  const Shape& w = in[1].shape;
  fault = groups_fault(in, a.groups, w[0], "weight's output");
  if (!fault.empty()) return fault;
  if (!in.undecided.equal(x[1], Expr(a.groups) * w[1]))
    return fmt::format("the input has {} channels, the weight {} in each of {} group{}", print(x[1]),
                       print(w[1]), a.groups, a.groups == 1 ? "" : "s");
  fault = bias_fault(in, w[0]);
  if (!fault.empty()) return fault;
  return lengths_fault(x.size() - 2, {{"strides", &a.strides},
                                      {"dilations", &a.dilations},
                                      {"pads_begin", &a.pads_begin},
                                      {"pads_end", &a.pads_end}});
}

std::string conv_transpose_fault(const RuleInput& in, const ConvTransposeAttributes& a) {
  std::string fault = operands_fault(in, true);
  if (!fault.empty()) return fault;
  const Shape& x = in[0].shape;
  const Shape& w = in[1].shape;
  if (!in.undecided.equal(x[1], w[0]))
    return fmt::format("the input has {} channels, the weight {}", print(x[1]), print(w[0]));
  fault = groups_fault(in, a.groups, x[1], "input's");
  if (fault.empty()) fault = bias_fault(in, Expr(a.groups) * w[1]);
  if (!fault.empty()) return fault;
  return lengths_fault(x.size() - 2, {{"strides", &a.strides},
                                      {"dilations", &a.dilations},
                                      {"pads_begin", &a.pads_begin},
                                      {"pads_end", &a.pads_end},
                                      {"output_padding", &a.output_padding}});
}

}  // namespace

Result<Type> conv(const RuleInput& in) {
  const auto& a = in.get<ConvAttributes>();
  if (const std::string fault = conv_fault(in, a); !fault.empty()) return in.error(fault);
  const Shape& x = in[0].shape;
  const Shape& w = in[1].shape;
  Type out{in[0].dtype, {x[0], w[0]}};
  for (size_t i = 0; i + 2 < x.size(); ++i) {
    const Slide slide{x[i + 2], w[i + 2], a.strides[i], a.dilations[i], a.pads_begin[i], a.pads_end[i]};
    if (const std::string fault = slide_fault(slide, i, in.undecided); !fault.empty()) return in.error(fault);
    out.shape.push_back(slide_extent(slide));
  }
  return out;
}

Result<Type> conv_transpose(const RuleInput& in) {
  const auto& a = in.get<ConvTransposeAttributes>();
  if (const std::string fault = conv_transpose_fault(in, a); !fault.empty()) return in.error(fault);
  const Shape& x = in[0].shape;
  const Shape& w = in[1].shape;
  Type out{in[0].dtype, {x[0], Expr(a.groups) * w[1]}};
  for (size_t i = 0; i + 2 < x.size(); ++i) {
    const Slide slide{x[i + 2], w[i + 2], a.strides[i], a.dilations[i], a.pads_begin[i], a.pads_end[i]};
    std::string fault = slide_amounts_fault(slide, i, in.undecided);
    if (fault.empty()) fault = amount_fault("output_padding", i, a.output_padding[i], 0);
    if (!fault.empty()) return in.error(fault);
    if (const auto most = expr::bounds(slide.in).max; !most || *most > kMaxAmount)
      return in.error(fmt::format("the input's extent on spatial axis {} may exceed 2^31", i));
    const Expr extent =
        (slide.in - 1) * slide.stride + reach(slide) + a.output_padding[i] - slide.pad_begin - slide.pad_end;
    if (!in.undecided.proves(expr::less_equal(0, extent)))
      return in.error(
          fmt::format("on spatial axis {} the result's extent {} may be negative", i, print(extent)));
    out.shape.push_back(extent);
  }
  return out;
}

Result<Type> matmul(const RuleInput& in) {
  if (const std::string fault = operands_fault(in, false); !fault.empty()) return in.error(fault);
  const Shape& a = in[0].shape;
  const Shape& b = in[1].shape;
  if (a.size() < 2 || b.size() < 2) return in.error("both operands need rank 2 or more");
  const Expr& rows = b[b.size() - 2];
  if (!in.undecided.equal(a.back(), rows))
    return in.error(
        fmt::format("the left operand has {} columns, the right one {} rows", print(a.back()), print(rows)));
  Result<Shape> shape = broadcast(Shape(a.begin(), a.end() - 2), Shape(b.begin(), b.end() - 2), in.undecided);
  if (!shape) return in.error("of the batch axes, " + shape.error().message);
  shape->push_back(a[a.size() - 2]);
  shape->push_back(b.back());
  return Type{in[0].dtype, std::move(*shape)};
}

}  // namespace weft::graph::shape_rules

// Reductions along axes, and over windows.
#include <fmt/format.h>

#include "graph/names.hpp"
#include "graph/ops.hpp"
#include "graph/types.hpp"
#include "graph/windows.hpp"

namespace weft::graph::shape_rules {
namespace {

bool is_numeric_kind(ReduceKind kind) { return kind != ReduceKind::max && kind != ReduceKind::min; }

std::string counted_fault(const WindowAttributes& a, size_t i) {
  if (a.counted_begin[i] >= 0 && a.counted_begin[i] <= a.pads_begin[i] && a.counted_end[i] >= 0 &&
      a.counted_end[i] <= a.pads_end[i])
    return {};
  return fmt::format("the pads counted on spatial axis {} are not within the pads", i);
}

}  // namespace

Result<Type> reduce(const RuleInput& in) {
  const auto& a = in.get<ReduceAttributes>();
  const Shape& shape = in[0].shape;
  if (is_numeric_kind(a.kind) && in[0].dtype == DType::boolean)
    return in.error(fmt::format("the {} of booleans", name_of(a.kind)));
  int64_t previous = -1;
  Type out{in[0].dtype, {}};
  for (const int64_t axis : a.axes) {
    if (const std::string fault = axis_fault(axis, shape.size()); !fault.empty()) return in.error(fault);
    if (axis <= previous)
      return in.error(fmt::format("the axes are not sorted and distinct: {} after {}", axis, previous));
    for (int64_t i = previous + 1; i < axis; ++i) out.shape.push_back(shape[static_cast<size_t>(i)]);
    previous = axis;
  }
  for (size_t i = static_cast<size_t>(previous + 1); i < shape.size(); ++i) out.shape.push_back(shape[i]);
  return out;
}

Result<Type> arg_reduce(const RuleInput& in) {
  const auto& a = in.get<ArgReduceAttributes>();
  if (is_numeric_kind(a.kind))
    return in.error(fmt::format("the kind is {}, not max or min", name_of(a.kind)));
  Shape shape = in[0].shape;
  if (const std::string fault = axis_fault(a.axis, shape.size()); !fault.empty()) return in.error(fault);
  const expr::Expr extent = shape[static_cast<size_t>(a.axis)];
  if (!in.undecided.proves(expr::less(0, extent)))
    return in.error(fmt::format("the extent {} of axis {} may be 0", expr::print(extent), a.axis));
  shape.erase(shape.begin() + a.axis);
  return Type{DType::i64, std::move(shape)};
}

Result<Type> reduce_window(const RuleInput& in) {
  const auto& a = in.get<WindowAttributes>();
  const Shape& x = in[0].shape;
  if (a.kind != ReduceKind::max && a.kind != ReduceKind::sum && a.kind != ReduceKind::mean)
    return in.error(fmt::format("the kind is {}, not max, sum or mean", name_of(a.kind)));
  if (in[0].dtype == DType::boolean) return in.error("takes numbers, not booleans");
  if (x.size() < 3)
    return in.error(fmt::format("the input has no spatial axes: its rank is {}, not 3 or more", x.size()));
  const size_t spatial = x.size() - 2;
  const std::string fault = lengths_fault(spatial, {{"window", &a.window},
                                                    {"strides", &a.strides},
                                                    {"dilations", &a.dilations},
                                                    {"pads_begin", &a.pads_begin},
                                                    {"pads_end", &a.pads_end},
                                                    {"counted_begin", &a.counted_begin},
                                                    {"counted_end", &a.counted_end}});
  if (!fault.empty()) return in.error(fault);
  Type out{in[0].dtype, {x[0], x[1]}};
  for (size_t i = 0; i < spatial; ++i) {
    if (const std::string outside = amount_fault("window", i, a.window[i], 1); !outside.empty())
      return in.error(outside);
    const Slide slide{x[i + 2], a.window[i], a.strides[i], a.dilations[i], a.pads_begin[i], a.pads_end[i]};
    if (const std::string misfit = slide_fault(slide, i, in.undecided); !misfit.empty())
      return in.error(misfit);
    if (const std::string misfit = counted_fault(a, i); !misfit.empty()) return in.error(misfit);
    out.shape.push_back(slide_extent(slide));
  }
  return out;
}

}  // namespace weft::graph::shape_rules

// Operations that move elements without computing, and resize.
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "graph/ops.hpp"
#include "graph/types.hpp"

namespace weft::graph::shape_rules {
namespace {

using expr::Expr;
using expr::print;

std::string length_fault(std::string_view name, size_t length, size_t rank) {
  if (length == rank) return {};
  return fmt::format("{} has {} entries, not one for each of {} axes", name, length, rank);
}

// Along one axis; an empty slice reads nothing, so that its start is free.
std::string slice_fault(const SliceAttributes& a, const Shape& shape, size_t i, Undecided& undecided) {
  const int64_t step = a.steps[i];
  if (step == 0) return fmt::format("the step on axis {} is 0", i);
  if (step < -kMaxExtent || step > kMaxExtent)
    return fmt::format("the step {} on axis {} is beyond 2^40", step, i);
  const Expr& start = a.starts[i];
  const Expr& size = a.sizes[i];
  if (size.is_constant(0)) return {};
  const expr::Interval bounds = expr::bounds(start);
  const expr::Interval sizes = expr::bounds(size);
  if (!bounds.min || *bounds.min < -kMaxExtent || !bounds.max || *bounds.max > kMaxExtent)
    return fmt::format("the start {} on axis {} may be beyond 2^40", print(start), i);
  // A step beyond the extent is only taken by slices of one element; then the product below stays in range.
  const int64_t magnitude = step < 0 ? -step : step;
  if (*sizes.max > 1 && magnitude > kMaxExtent / (*sizes.max - 1))
    return fmt::format("{} steps of {} on axis {} reach beyond 2^40", *sizes.max - 1, step, i);
  const Expr last = sizes.max == 1 ? start : start + (size - 1) * step;
  // What is read lies between the two; a slice of no element reads neither.
  const Expr inside = step > 0 ? expr::logical_and(expr::less_equal(0, start), expr::less(last, shape[i]))
                               : expr::logical_and(expr::less_equal(0, last), expr::less(start, shape[i]));
  const Expr condition = expr::logical_or(expr::equal(size, 0), inside);
  if (undecided.proves(condition)) return {};
  const auto holds = expr::prove(condition);
  return fmt::format("on axis {} of extent {} the slice reads {} to {}, which {} inside", i, print(shape[i]),
                     print(start), print(last), holds == false ? "is not" : "is not known to be");
}

std::string pad_fault(const PadAttributes& a, const Shape& shape, size_t i, Undecided& undecided) {
  const int64_t most = std::max(a.begin[i], a.end[i]);
  if (a.begin[i] < 0 || a.end[i] < 0 || most > kMaxExtent)
    return fmt::format("the amounts {} and {} on axis {} are not in [0, 2^40]", a.begin[i], a.end[i], i);
  if (most == 0 || a.mode == PadMode::constant) return {};
  if (a.mode == PadMode::edge && !undecided.proves(expr::less(0, shape[i])))
    return fmt::format("axis {} of extent {} may have no edge to repeat", i, print(shape[i]));
  if (a.mode == PadMode::reflect && !undecided.proves(expr::less(most, shape[i])))
    return fmt::format("reflecting {} elements on axis {} needs more than its extent {}", most, i,
                       print(shape[i]));
  return {};
}

}  // namespace

Result<Type> reshape(const RuleInput& in) {
  const Shape& shape = in.get<ReshapeAttributes>().shape;
  if (const std::string fault = shape_fault(shape, in.undecided); !fault.empty())
    return in.error("of the attribute, " + fault);
  if (!in.undecided.proves(same_count(in[0].shape, shape)))
    return in.error(fmt::format("{} elements do not fit the shape {} of {}",
                                print(element_count(in[0].shape)), to_string(shape),
                                print(element_count(shape))));
  return Type{in[0].dtype, shape};
}

Result<Type> transpose(const RuleInput& in) {
  const Ints& permutation = in.get<TransposeAttributes>().permutation;
  const Shape& shape = in[0].shape;
  if (const std::string fault = length_fault("the permutation", permutation.size(), shape.size());
      !fault.empty())
    return in.error(fault);
  std::vector<bool> seen(shape.size());
  Type out{in[0].dtype, {}};
  for (const int64_t axis : permutation) {
    if (const std::string fault = axis_fault(axis, shape.size()); !fault.empty()) return in.error(fault);
    const size_t i = static_cast<size_t>(axis);
    if (seen[i]) return in.error(fmt::format("the permutation holds the axis {} twice", axis));
    seen[i] = true;
    out.shape.push_back(shape[i]);
  }
  return out;
}

Result<Type> expand(const RuleInput& in) {
  const Shape& shape = in.get<ReshapeAttributes>().shape;
  if (const std::string fault = shape_fault(shape, in.undecided); !fault.empty())
    return in.error("of the attribute, " + fault);
  const Result<Shape> both = broadcast(in[0].shape, shape, in.undecided);
  if (!both) return in.error(both.error().message);
  for (size_t i = 0; i < shape.size() && both->size() == shape.size(); ++i)
    in.undecided.equal((*both)[i], shape[i]);
  if (!same_shape(*both, shape))
    return in.error(fmt::format("the operand does not expand to {}, only with it to {}", to_string(shape),
                                to_string(*both)));
  return Type{in[0].dtype, shape};
}

Result<Type> slice(const RuleInput& in) {
  const auto& a = in.get<SliceAttributes>();
  const Shape& shape = in[0].shape;
  std::string fault = length_fault("starts", a.starts.size(), shape.size());
  if (fault.empty()) fault = length_fault("steps", a.steps.size(), shape.size());
  if (fault.empty()) fault = length_fault("sizes", a.sizes.size(), shape.size());
  if (fault.empty()) fault = shape_fault(a.sizes, in.undecided);
  for (size_t i = 0; fault.empty() && i < shape.size(); ++i) fault = slice_fault(a, shape, i, in.undecided);
  if (!fault.empty()) return in.error(fault);
  return Type{in[0].dtype, a.sizes};
}

Result<Type> set_slice(const RuleInput& in) {
  const Shape &shape = in[0].shape, &part = in[1].shape;
  if (in[0].dtype != in[1].dtype)
    return in.error(
        fmt::format("the element types {} and {} differ", to_string(in[0].dtype), to_string(in[1].dtype)));
  std::string fault = length_fault("starts", in.get<SetSliceAttributes>().starts.size(), shape.size());
  if (fault.empty()) fault = length_fault("the part's shape", part.size(), shape.size());
  const SliceAttributes box{in.get<SetSliceAttributes>().starts, Ints(shape.size(), 1), part};
  for (size_t i = 0; fault.empty() && i < shape.size(); ++i) fault = slice_fault(box, shape, i, in.undecided);
  if (!fault.empty()) return in.error(fault);
  return in[0];
}

Result<Type> unchanged(const RuleInput& in) { return in[0]; }

Result<Type> concat(const RuleInput& in) {
  const int64_t axis = in.get<ConcatAttributes>().axis;
  Type out = in[0];
  if (const std::string fault = axis_fault(axis, out.shape.size()); !fault.empty()) return in.error(fault);
  const size_t joined = static_cast<size_t>(axis);
  for (size_t k = 1; k < in.size(); ++k) {
    const Type& t = in[k];
    if (t.dtype != out.dtype)
      return in.error(
          fmt::format("the element types {} and {} differ", to_string(out.dtype), to_string(t.dtype)));
    if (t.shape.size() != out.shape.size())
      return in.error(fmt::format("operand {} is of rank {}, not {}", k, t.shape.size(), out.shape.size()));
    for (size_t i = 0; i < t.shape.size(); ++i)
      if (i != joined && !in.undecided.equal(t.shape[i], out.shape[i]))
        return in.error(fmt::format("on axis {} the extent of operand {} is {}, not {}", i, k,
                                    print(t.shape[i]), print(out.shape[i])));
    out.shape[joined] = out.shape[joined] + t.shape[joined];
    if (const std::string fault = shape_fault(out.shape, in.undecided); !fault.empty())
      return in.error("of the result, " + fault);
  }
  return out;
}

Result<Type> pad(const RuleInput& in) {
  const auto& a = in.get<PadAttributes>();
  Type out = in[0];
  std::string fault = length_fault("begin", a.begin.size(), out.shape.size());
  if (fault.empty()) fault = length_fault("end", a.end.size(), out.shape.size());
  for (size_t i = 0; fault.empty() && i < out.shape.size(); ++i)
    fault = pad_fault(a, out.shape, i, in.undecided);
  if (!fault.empty()) return in.error(fault);
  for (size_t i = 0; i < out.shape.size(); ++i) out.shape[i] = out.shape[i] + a.begin[i] + a.end[i];
  return out;
}

Result<Type> resize(const RuleInput& in) {
  const auto& a = in.get<ResizeAttributes>();
  const Shape& shape = in[0].shape;
  std::string fault = length_fault("shape", a.shape.size(), shape.size());
  if (fault.empty()) fault = length_fault("scales", a.scales.size(), shape.size());
  if (!fault.empty()) return in.error(fault);
  if (in[0].dtype == DType::boolean && a.mode != ResizeMode::nearest)
    return in.error("booleans do not interpolate");
  for (size_t i = 0; i < shape.size(); ++i) {
    if (!(a.scales[i] > 0 && a.scales[i] <= static_cast<double>(kMaxExtent)))
      return in.error(fmt::format("the scale {} of axis {} is not in (0, 2^40]", a.scales[i], i));
    if (!a.shape[i].is_constant(0) && !in.undecided.proves(expr::less(0, shape[i])))
      return in.error(fmt::format("axis {} of extent {} may have no element to read", i, print(shape[i])));
  }
  return Type{in[0].dtype, a.shape};
}

Result<Type> gather(const RuleInput& in) {
  const int64_t axis = in.get<AxisAttributes>().axis;
  const Shape& x = in[0].shape;
  if (const std::string fault = axis_fault(axis, x.size()); !fault.empty()) return in.error(fault);
  if (in[1].dtype != DType::i32 && in[1].dtype != DType::i64)
    return in.error(fmt::format("the indices are {}, not i32 or i64", to_string(in[1].dtype)));
  Type out{in[0].dtype, Shape(x.begin(), x.begin() + axis)};
  out.shape.insert(out.shape.end(), in[1].shape.begin(), in[1].shape.end());
  out.shape.insert(out.shape.end(), x.begin() + axis + 1, x.end());
  return out;
}

Result<Type> scatter(const RuleInput& in) {
  const Type &x = in[0], &indices = in[1], &updates = in[2];
  if (indices.dtype != DType::i32 && indices.dtype != DType::i64)
    return in.error(fmt::format("the indices are {}, not i32 or i64", to_string(indices.dtype)));
  if (updates.dtype != x.dtype)
    return in.error(
        fmt::format("the element types {} and {} differ", to_string(x.dtype), to_string(updates.dtype)));
  if (indices.shape.size() != 1 || x.shape.empty() || updates.shape.size() != x.shape.size() ||
      !in.undecided.equal(updates.shape[0], indices.shape[0]))
    return in.error("the updates are not a row of the result for each of a vector of indices");
  for (size_t i = 1; i < x.shape.size(); ++i)
    if (!in.undecided.equal(x.shape[i], updates.shape[i]))
      return in.error(fmt::format("on axis {} the extent of the updates is {}, not {}", i,
                                  print(updates.shape[i]), print(x.shape[i])));
  const bool is_boolean = x.dtype == DType::boolean;
  if (is_boolean && in.get<ScatterAttributes>().kind != ScatterKind::replace)
    return in.error("booleans are only replaced");
  if (!indices.shape[0].is_constant(0) && !in.undecided.proves(expr::less(0, x.shape[0])))
    return in.error("there may be no row to write to");
  return x;
}

Result<Type> custom(const RuleInput& in) {
  const auto& a = in.get<CustomAttributes>();
  if (a.name.empty()) return in.error("it has no name");
  if (const std::string fault = shape_fault(a.shape); !fault.empty())
    return in.error("of the attribute, " + fault);
  return Type{a.to, a.shape};
}

}  // namespace weft::graph::shape_rules

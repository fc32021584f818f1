// Shape rules: the result's type from the operands' types and the attributes. One function a rule, named in ops.def.
#include <algorithm>
#include <array>

#include "graph/graph.hpp"
#include "graph/shape_rules.hpp"

namespace weft::graph {

using expr::Expr;

namespace rules {

std::unexpected<Error> mismatch(std::string message) { return fail(ErrorKind::invalid_model, std::move(message)); }

namespace {

Result<Shape> broadcast_all(Operands x) {
  Shape shape = x[0].shape;
  for (size_t i = 1; i < x.size(); ++i) {
    Result<Shape> next = broadcast(shape, x[i].shape);
    if (!next) return next;
    shape = std::move(*next);
  }
  return shape;
}

Result<void> same_dtypes(Operands x) {
  for (const Type& type : x)
    if (type.dtype != x[0].dtype) return mismatch("operands of different types, " + to_string(x[0]) + " and " + to_string(type));
  return {};
}

Result<void> check_axis(int64_t axis, size_t rank) {
  if (axis < 0 || axis >= static_cast<int64_t>(rank))
    return mismatch("axis " + std::to_string(axis) + " of a tensor of rank " + std::to_string(rank));
  return {};
}

}  // namespace

Result<Type> same(Operands x, const Attributes&) {
  WEFT_TRY(same_dtypes(x));
  WEFT_ASSIGN(shape, broadcast_all(x));
  return Type{x[0].dtype, std::move(shape)};
}

Result<Type> to_boolean(Operands x, const Attributes&) {
  WEFT_TRY(same_dtypes(x));
  WEFT_ASSIGN(shape, broadcast_all(x));
  return Type{DType::boolean, std::move(shape)};
}

Result<Type> cast(Operands x, const Attributes& a) { return Type{std::get<CastAttributes>(a).to, x[0].shape}; }

Result<Type> select(Operands x, const Attributes&) {
  if (x[0].dtype != DType::boolean) return mismatch("the condition of select is " + to_string(x[0]) + ", not boolean");
  WEFT_TRY(same_dtypes(x.subspan(1)));
  WEFT_ASSIGN(shape, broadcast_all(x));
  return Type{x[1].dtype, std::move(shape)};
}

Result<Type> reduce(Operands x, const Attributes& a) {
  const Ints& axes = std::get<ReduceAttributes>(a).axes;
  if (!std::ranges::is_sorted(axes) || std::ranges::adjacent_find(axes) != axes.end())
    return mismatch("reduction axes must be sorted and distinct");
  for (const int64_t axis : axes) WEFT_TRY(check_axis(axis, x[0].shape.size()));
  Shape shape;
  for (size_t i = 0; i < x[0].shape.size(); ++i)
    if (!std::ranges::binary_search(axes, static_cast<int64_t>(i))) shape.push_back(x[0].shape[i]);
  return Type{x[0].dtype, std::move(shape)};
}

Result<Type> arg_reduce(Operands x, const Attributes& a) {
  const auto& attributes = std::get<ArgReduceAttributes>(a);
  WEFT_TRY(check_axis(attributes.axis, x[0].shape.size()));
  if (attributes.kind != ReduceKind::max && attributes.kind != ReduceKind::min)
    return mismatch("arg_reduce is of kind max or min");
  Shape shape = x[0].shape;
  shape.erase(shape.begin() + attributes.axis);
  return Type{DType::i64, std::move(shape)};
}

Result<Type> reshape(Operands x, const Attributes& a) {
  const Shape& shape = std::get<ReshapeAttributes>(a).shape;
  if (!(element_count(shape) == element_count(x[0].shape)))
    return mismatch("cannot reshape " + to_string(x[0]) + " to " + to_string(Type{x[0].dtype, shape}));
  return Type{x[0].dtype, shape};
}

Result<Type> transpose(Operands x, const Attributes& a) {
  const Ints& permutation = std::get<TransposeAttributes>(a).permutation;
  Ints sorted = permutation;
  std::ranges::sort(sorted);
  bool fits = permutation.size() == x[0].shape.size();
  for (size_t i = 0; i < sorted.size(); ++i) fits = fits && sorted[i] == static_cast<int64_t>(i);
  if (!fits) return mismatch("the permutation does not fit " + to_string(x[0]));
  Shape shape;
  for (const int64_t axis : permutation) shape.push_back(x[0].shape[static_cast<size_t>(axis)]);
  return Type{x[0].dtype, std::move(shape)};
}

Result<Type> expand(Operands x, const Attributes& a) {
  const Shape& shape = std::get<ReshapeAttributes>(a).shape;
  Result<Shape> both = broadcast(x[0].shape, shape);
  if (!both || !(*both == shape))
    return mismatch("cannot expand " + to_string(x[0]) + " to " + to_string(Type{x[0].dtype, shape}));
  return Type{x[0].dtype, shape};
}

Result<Type> slice(Operands x, const Attributes& a) {
  const auto& attributes = std::get<SliceAttributes>(a);
  const size_t rank = x[0].shape.size();
  if (attributes.starts.size() != rank || attributes.steps.size() != rank || attributes.sizes.size() != rank)
    return mismatch("a slice needs starts, steps and sizes for every axis of " + to_string(x[0]));
  for (size_t i = 0; i < rank; ++i) {
    if (attributes.steps[i] == 0) return mismatch("a slice step of 0");
    if (attributes.sizes[i].is_constant(0)) continue;
    const Expr last = attributes.starts[i] + (attributes.sizes[i] - 1) * attributes.steps[i];
    for (const Expr& end : {attributes.starts[i], last})
      if (expr::prove(expr::less_equal(0, end)) == false || expr::prove(expr::less(end, x[0].shape[i])) == false)
        return mismatch("a slice reaches outside " + to_string(x[0]) + " on axis " + std::to_string(i));
  }
  return Type{x[0].dtype, attributes.sizes};
}

Result<Type> concat(Operands x, const Attributes& a) {
  const int64_t axis = std::get<ConcatAttributes>(a).axis;
  WEFT_TRY(same_dtypes(x));
  WEFT_TRY(check_axis(axis, x[0].shape.size()));
  Shape shape = x[0].shape;
  for (const Type& type : x.subspan(1)) {
    bool fits = type.shape.size() == shape.size();
    for (size_t i = 0; fits && i < shape.size(); ++i)
      fits = static_cast<int64_t>(i) == axis || type.shape[i] == shape[i];
    if (!fits) return mismatch("cannot concatenate " + to_string(x[0]) + " and " + to_string(type));
    Expr& extent = shape[static_cast<size_t>(axis)];
    extent = extent + type.shape[static_cast<size_t>(axis)];
  }
  return Type{x[0].dtype, std::move(shape)};
}

Result<Type> pad(Operands x, const Attributes& a) {
  const auto& attributes = std::get<PadAttributes>(a);
  const size_t rank = x[0].shape.size();
  if (attributes.begin.size() != rank || attributes.end.size() != rank)
    return mismatch("padding needs amounts for every axis of " + to_string(x[0]));
  Shape shape;
  for (size_t i = 0; i < rank; ++i) {
    if (attributes.begin[i] < 0 || attributes.end[i] < 0) return mismatch("negative padding");
    const int64_t most = std::max(attributes.begin[i], attributes.end[i]);
    if (attributes.mode == PadMode::reflect && expr::prove(expr::less(most, x[0].shape[i])) == false && most > 0)
      return mismatch("reflected padding as large as axis " + std::to_string(i) + " of " + to_string(x[0]));
    if (attributes.mode == PadMode::edge && most > 0 && x[0].shape[i].is_constant(0))
      return mismatch("edge padding of an empty axis");
    shape.push_back(x[0].shape[i] + attributes.begin[i] + attributes.end[i]);
  }
  return Type{x[0].dtype, std::move(shape)};
}

Result<Type> resize(Operands x, const Attributes& a) {
  const auto& attributes = std::get<ResizeAttributes>(a);
  if (attributes.shape.size() != x[0].shape.size() || attributes.scales.size() != x[0].shape.size())
    return mismatch("resize needs extents and scales for every axis of " + to_string(x[0]));
  return Type{x[0].dtype, attributes.shape};
}

Result<Type> gather(Operands x, const Attributes& a) {
  const int64_t axis = std::get<AxisAttributes>(a).axis;
  WEFT_TRY(check_axis(axis, x[0].shape.size()));
  if (x[1].dtype != DType::i64 && x[1].dtype != DType::i32)
    return mismatch("gather indices are " + to_string(x[1]) + ", not i32 or i64");
  Shape shape(x[0].shape.begin(), x[0].shape.begin() + axis);
  shape.insert(shape.end(), x[1].shape.begin(), x[1].shape.end());
  shape.insert(shape.end(), x[0].shape.begin() + axis + 1, x[0].shape.end());
  return Type{x[0].dtype, std::move(shape)};
}

}  // namespace rules

Result<Shape> broadcast(const Shape& a, const Shape& b) {
  const Shape& longer = a.size() >= b.size() ? a : b;
  const Shape& shorter = a.size() >= b.size() ? b : a;
  Shape shape = longer;
  const size_t skipped = longer.size() - shorter.size();
  for (size_t i = 0; i < shorter.size(); ++i) {
    Expr& extent = shape[skipped + i];
    if (shorter[i] == extent || shorter[i].is_constant(1)) continue;
    if (!extent.is_constant(1))
      return rules::mismatch("shapes " + to_string(Type{DType::f32, a}).substr(3) + " and " +
                             to_string(Type{DType::f32, b}).substr(3) + " do not broadcast");
    extent = shorter[i];
  }
  return shape;
}

namespace {

using Rule = Result<Type> (*)(rules::Operands, const Attributes&);
struct Row {
  Rule rule;
  size_t attributes;  ///< index of the struct in Attributes
};

template <class T, size_t i = 0>
constexpr size_t index_of() {
  if constexpr (std::is_same_v<std::variant_alternative_t<i, Attributes>, T>)
    return i;
  else
    return index_of<T, i + 1>();
}

constexpr auto kRules = std::to_array<Row>({
#define WEFT_OP(name, op_class, min_inputs, max_inputs, attributes, rule, ...) {rules::rule, index_of<attributes>()},
#include "graph/ops.def"
#undef WEFT_OP
});

constexpr auto kFloatOnly = std::to_array<Op>({Op::exp, Op::log, Op::sin, Op::cos, Op::erf, Op::tanh, Op::sigmoid, Op::sqrt});
constexpr auto kBooleanOnly = std::to_array<Op>({Op::logical_not, Op::logical_and, Op::logical_or, Op::logical_xor});

}  // namespace

Result<Type> infer_type(Op op, std::span<const Type> operands, const Attributes& attributes) {
  const OpInfo& facts = info(op);
  const auto count = static_cast<int>(operands.size());
  if (count < facts.min_inputs || (facts.max_inputs >= 0 && count > facts.max_inputs))
    return rules::mismatch(std::string(facts.name) + " of " + std::to_string(count) + " operands");
  const Row& row = kRules[static_cast<size_t>(op)];
  if (attributes.index() != row.attributes) return rules::mismatch(std::string(facts.name) + " with foreign attributes");
  if (std::ranges::find(kFloatOnly, op) != kFloatOnly.end() && !is_float(operands[0].dtype))
    return rules::mismatch(std::string(facts.name) + " of " + to_string(operands[0]) + ", which is not floating point");
  if (std::ranges::find(kBooleanOnly, op) != kBooleanOnly.end() && operands[0].dtype != DType::boolean)
    return rules::mismatch(std::string(facts.name) + " of " + to_string(operands[0]) + ", which is not boolean");
  Result<Type> type = row.rule(operands, attributes);
  if (!type) return fail(type.error().kind, std::string(facts.name) + ": " + type.error().message);
  return type;
}

}  // namespace weft::graph

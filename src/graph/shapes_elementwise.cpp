// Elementwise operations: which element types each takes, and broadcasting.
#include <fmt/format.h>

#include "graph/ops.hpp"
#include "graph/types.hpp"

namespace weft::graph::shape_rules {
namespace {

enum class Domain : uint8_t { numbers, floats, integers, booleans, any };

struct OpDomain {
  Op op;
  Domain domain;
};
// Those that are not `numbers`.
constexpr OpDomain kDomains[] = {
    {Op::floor, Domain::floats},         {Op::ceil, Domain::floats},
    {Op::round, Domain::floats},         {Op::sqrt, Domain::floats},
    {Op::exp, Domain::floats},           {Op::log, Domain::floats},
    {Op::sin, Domain::floats},           {Op::cos, Domain::floats},
    {Op::atan, Domain::floats},          {Op::erf, Domain::floats},
    {Op::tanh, Domain::floats},          {Op::sigmoid, Domain::floats},
    {Op::is_nan, Domain::floats},        {Op::bit_not, Domain::integers},
    {Op::bit_and, Domain::integers},     {Op::bit_or, Domain::integers},
    {Op::bit_xor, Domain::integers},     {Op::shift_left, Domain::integers},
    {Op::shift_right, Domain::integers}, {Op::logical_not, Domain::booleans},
    {Op::logical_and, Domain::booleans}, {Op::logical_or, Domain::booleans},
    {Op::logical_xor, Domain::booleans}, {Op::equal, Domain::any},
};

Domain domain(Op op) {
  for (const OpDomain& d : kDomains)
    if (d.op == op) return d.domain;
  return Domain::numbers;
}

/// What is wrong with the element type; empty when nothing is.
std::string_view domain_fault(Op op, DType type) {
  const bool is_boolean = type == DType::boolean;
  switch (domain(op)) {
    case Domain::numbers: return is_boolean ? "takes numbers, not booleans" : "";
    case Domain::floats: return is_float(type) ? "" : "takes floats only";
    case Domain::integers: return is_integer(type) ? "" : "takes integers only";
    case Domain::booleans: return is_boolean ? "" : "takes booleans only";
    case Domain::any: return "";
  }
  return "";
}

/// The broadcast of the operands from `first` on, which are of one element type.
Result<Type> broadcast_operands(const RuleInput& in, size_t first) {
  Type out = in[first];
  for (size_t i = first + 1; i < in.size(); ++i) {
    if (in[i].dtype != out.dtype)
      return in.error(
          fmt::format("the element types {} and {} differ", to_string(out.dtype), to_string(in[i].dtype)));
    Result<Shape> shape = broadcast(out.shape, in[i].shape, in.undecided);
    if (!shape) return in.error(shape.error().message);
    out.shape = std::move(*shape);
  }
  return out;
}

}  // namespace

Result<Type> same(const RuleInput& in) {
  WEFT_ASSIGN(out, broadcast_operands(in, 0));
  if (const std::string_view fault = domain_fault(in.op, out.dtype); !fault.empty()) return in.error(fault);
  return out;
}

Result<Type> to_boolean(const RuleInput& in) {
  WEFT_ASSIGN(out, same(in));
  out.dtype = DType::boolean;
  return out;
}

Result<Type> cast(const RuleInput& in) { return Type{in.get<CastAttributes>().to, in[0].shape}; }

Result<Type> bitcast(const RuleInput& in) {
  const DType to = in.get<CastAttributes>().to;
  if (byte_size(to) != byte_size(in[0].dtype))
    return in.error(fmt::format("{} is not as wide as {}", to_string(to), to_string(in[0].dtype)));
  return Type{to, in[0].shape};
}

Result<Type> iota(const RuleInput& in) {
  const auto& a = in.get<IotaAttributes>();
  if (a.to != DType::i64 && a.to != DType::i32)
    return in.error(fmt::format("the elements are {}, not i32 or i64", to_string(a.to)));
  if (const std::string fault = shape_fault(a.shape, in.undecided); !fault.empty())
    return in.error("of the attribute, " + fault);
  if (const std::string fault = axis_fault(a.axis, a.shape.size()); !fault.empty()) return in.error(fault);
  return Type{a.to, a.shape};
}

Result<Type> extents(const RuleInput& in) {
  const auto& a = in.get<ExtentsAttributes>();
  if (a.to != DType::i64 && a.to != DType::i32)
    return in.error(fmt::format("the elements are {}, not i32 or i64", to_string(a.to)));
  for (const expr::Expr& value : a.values) {
    const expr::Interval bounds = expr::bounds(value);
    if (!bounds.min || *bounds.min < INT32_MIN || !bounds.max || *bounds.max > INT32_MAX)
      return in.error(fmt::format("{} may pass 32 bits", expr::print(value)));
  }
  return Type{a.to, {static_cast<int64_t>(a.values.size())}};
}

Result<Type> select(const RuleInput& in) {
  if (in[0].dtype != DType::boolean) return in.error("the condition is not boolean");
  WEFT_ASSIGN(out, broadcast_operands(in, 1));
  Result<Shape> shape = broadcast(in[0].shape, out.shape, in.undecided);
  if (!shape) return in.error(shape.error().message);
  out.shape = std::move(*shape);
  return out;
}

}  // namespace weft::graph::shape_rules

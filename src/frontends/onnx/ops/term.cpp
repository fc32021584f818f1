#include "frontends/onnx/ops/term.hpp"

namespace weft::onnx {

ValueId emit(Call& c, const Term& term) {
  Term::Node& node = *term.node_;
  if (node.is_made) return node.value;
  if (!c.ok()) return kNoValue;
  if (node.is_number) return c.scalar(DType::f32, node.number);  // with nothing beside it
  std::vector<ValueId> operands(node.operands.size(), kNoValue);
  for (size_t i = 0; i < operands.size(); ++i)
    if (!node.operands[i].node_->is_number) operands[i] = emit(c, node.operands[i]);
  if (!c.ok()) return kNoValue;
  // The condition of a select says nothing about the type of what it selects.
  ValueId like = kNoValue;
  for (size_t i = node.op == Op::select ? 1 : 0; i < operands.size() && like == kNoValue; ++i)
    like = operands[i];
  for (size_t i = 0; i < operands.size(); ++i)
    if (operands[i] == kNoValue)
      operands[i] = c.scalar(like == kNoValue ? DType::f32 : c.dtype(like), node.operands[i].node_->number);
  // A cast to the type that it has already is none.
  if (node.op == Op::cast && std::get<graph::CastAttributes>(node.attributes).to == c.dtype(operands[0]))
    node.value = operands[0];
  else node.value = c.emit(node.op, std::move(operands), node.attributes);
  node.is_made = true;
  return node.value;
}

std::optional<double> number_of(const Term& term) {
  return term.node_->is_number ? std::optional(term.node_->number) : std::nullopt;
}

namespace {

/// Where both are numbers, what `compute` makes of them.
template <class Compute>
Term binary(Op op, const Term& a, const Term& b, Compute compute) {
  const auto x = number_of(a), y = number_of(b);
  if (x && y) return compute(*x, *y);
  return {op, {a, b}};
}

}  // namespace

Term operator+(const Term& a, const Term& b) {
  return binary(Op::add, a, b, [](double x, double y) { return x + y; });
}
Term operator-(const Term& a, const Term& b) {
  return binary(Op::sub, a, b, [](double x, double y) { return x - y; });
}
Term operator*(const Term& a, const Term& b) {
  return binary(Op::mul, a, b, [](double x, double y) { return x * y; });
}
Term operator/(const Term& a, const Term& b) {
  return binary(Op::div, a, b, [](double x, double y) { return x / y; });
}
Term minimum(const Term& a, const Term& b) {
  return binary(Op::minimum, a, b, [](double x, double y) { return x < y ? x : y; });
}
Term maximum(const Term& a, const Term& b) {
  return binary(Op::maximum, a, b, [](double x, double y) { return x < y ? y : x; });
}

Term number(Call& c, const expr::Expr& extent, DType type) {
  if (const auto known = extent.as_constant()) return static_cast<double>(*known);
  const ValueId list = c.vector({extent});
  return cast(c, reshape(c, list, {}), type);
}

}  // namespace weft::onnx

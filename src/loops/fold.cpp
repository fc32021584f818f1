#include "loops/fold.hpp"

#include "base/check.hpp"
#include "loops/lane.hpp"
#include "loops/types.hpp"

namespace weft::loops {
namespace {

bool is_constant(const Value& v) { return v->op == ValueOp::constant; }

bool all_constant(const ValueNode& node) {
  for (const Value& v : node.operands)
    if (!is_constant(v)) return false;
  return true;
}

Value as_constant(Type type, uint64_t bits) {
  ValueNode node;
  node.op = ValueOp::constant;
  node.type = type;
  node.bits = bits;
  return Value(std::make_shared<const ValueNode>(std::move(node)));
}

/// Whether every lane of an integer constant, or of a floating one, is `value`.
bool is_number(const Value& v, int64_t value) {
  if (!is_constant(v)) return false;
  if (is_float(v->type.dtype)) return v->bits == float_lane(v->type.dtype, static_cast<double>(value));
  return v->bits == integer_lane(v->type.dtype, value);
}

// x * 1, x / 1 for every type; x + 0, x - 0 for integers (-0 + 0 is +0 for floats).
Value fold_neutral(const ValueNode& node) {
  const Value &a = node.operands[0], &b = node.operands[1];
  const bool integer = is_integer(node.type.dtype);
  switch (node.op) {
    case ValueOp::mul:
      if (is_number(b, 1)) return a;
      return is_number(a, 1) ? b : Value();
    case ValueOp::div: return is_number(b, 1) ? a : Value();
    case ValueOp::add:
      if (integer && is_number(b, 0)) return a;
      return integer && is_number(a, 0) ? b : Value();
    case ValueOp::sub: return integer && is_number(b, 0) ? a : Value();
    case ValueOp::logical_and:
      if (is_constant(a)) return a->bits ? b : a;
      return is_constant(b) ? (b->bits ? a : b) : Value();
    case ValueOp::logical_or:
      if (is_constant(a)) return a->bits ? a : b;
      return is_constant(b) ? (b->bits ? b : a) : Value();
    default: return {};
  }
}

Value fold_memory(ValueNode& node) {
  if (!node.predicate) return {};
  const auto known = node.predicate->as_constant();
  if (!known) return {};
  if (*known == 0) return node.operands[0];
  node.predicate.reset();
  node.operands.clear();
  return {};
}

Value fold_index(const ValueNode& node) {
  const auto base = node.indices[0].as_constant();
  if (!base || (node.type.lanes > 1 && !node.indices[1].is_constant(0))) return {};
  const uint64_t bits = integer_lane(node.type.dtype, *base);
  return lane_integer(node.type.dtype, bits) == *base ? as_constant(node.type, bits) : Value();
}

Value fold_extract(const ValueNode& node) {
  const Value& from = node.operands[0];
  const uint32_t lane = static_cast<uint32_t>(node.bits);
  switch (from->op) {
    case ValueOp::constant: return as_constant(node.type, from->bits);
    case ValueOp::broadcast: return from->operands[0];
    case ValueOp::lanes: return from->operands[lane];
    case ValueOp::index:
      return index_value(from->indices[0] + from->indices[1] * Expr(static_cast<int64_t>(lane)),
                         node.type.dtype);
    default: return from->type.lanes == 1 ? from : Value();
  }
}

Value fold_lanes(const ValueNode& node) {
  if (node.operands.size() == 1) return node.operands[0];
  if (!all_constant(node)) return {};
  for (const Value& v : node.operands)
    if (v->bits != node.operands[0]->bits) return {};
  return as_constant(node.type, node.operands[0]->bits);
}

Value fold_conversion(const ValueNode& node) {
  const Value& from = node.operands[0];
  if (from->type == node.type) return from;
  if (!is_constant(from)) return {};
  return as_constant(node.type, node.op == ValueOp::cast
                                    ? cast_lane(from->type.dtype, node.type.dtype, from->bits)
                                    : from->bits);
}

Value fold_operation(const ValueNode& node) {
  const DType type = node.operands[0]->type.dtype;
  if (info(node.op).arity == 1)
    return is_constant(node.operands[0])
               ? as_constant(node.type, unary_lane(node.op, type, node.operands[0]->bits))
               : Value();
  if (all_constant(node))
    return as_constant(node.type, binary_lane(node.op, type, node.operands[0]->bits, node.operands[1]->bits));
  return fold_neutral(node);
}

Value simplified(ValueNode& node) {
  switch (node.op) {
    case ValueOp::constant:
    case ValueOp::local:
    case ValueOp::muladd: return {};
    case ValueOp::index: return fold_index(node);
    case ValueOp::access:
    case ValueOp::load: return fold_memory(node);
    case ValueOp::select:
      return is_constant(node.operands[0]) ? node.operands[node.operands[0]->bits ? 1 : 2] : Value();
    case ValueOp::cast:
    case ValueOp::bitcast:
    case ValueOp::broadcast: return fold_conversion(node);
    case ValueOp::lanes: return fold_lanes(node);
    case ValueOp::extract: return fold_extract(node);
    default: return fold_operation(node);
  }
}

}  // namespace

Value fold(ValueNode node) {
  if (const std::string error = type_error(node); !error.empty()) {
    const std::string context = std::string(info(node.op).name) + ": " + error;
    internal_error(__FILE__, __LINE__, "an ill-typed value", context);
  }
  if (Value v = simplified(node)) return v;
  return Value(std::make_shared<const ValueNode>(std::move(node)));
}

}  // namespace weft::loops

#include "loops/types.hpp"

#include <array>

#include "base/check.hpp"
#include "loops/lane.hpp"

namespace weft::loops {
namespace {

constexpr auto kTable = std::to_array<ValueOpInfo>({
#define WEFT_VALUE_OP(name, arity, operands, result) \
  {#name, arity, OperandRule::operands, ResultRule::result},
#include "loops/loops.def"
#undef WEFT_VALUE_OP
});

bool is_arithmetic(DType type) { return type != DType::boolean && info(type).bits >= 32; }

bool allows(OperandRule rule, DType type) {
  switch (rule) {
    case OperandRule::any: return is_arithmetic(type) || type == DType::boolean;
    case OperandRule::number: return is_arithmetic(type);
    case OperandRule::floating: return is_arithmetic(type) && is_float(type);
    case OperandRule::integer: return is_arithmetic(type) && is_integer(type);
    case OperandRule::boolean: return type == DType::boolean;
    case OperandRule::mixed: return true;
  }
  WEFT_UNREACHABLE("operand rule");
}

std::string memory_error(const ValueNode& node) {
  const size_t wanted = node.predicate ? 1 : 0;
  if (node.operands.size() != wanted) return "a predicated load has one operand, another none";
  if (node.predicate && node.operands[0]->type != node.type)
    return "the other value has another type than the load";
  if (node.op == ValueOp::load && node.indices.size() != 1) return "a load has one index";
  if (node.op == ValueOp::access && node.type.lanes != 1) return "an access is scalar";
  return {};
}

std::string select_error(const ValueNode& node) {
  const Type condition = node.operands[0]->type;
  if (condition.dtype != DType::boolean || condition.lanes != node.type.lanes)
    return "the condition is no boolean of as many lanes";
  if (node.operands[1]->type != node.type || node.operands[2]->type != node.type)
    return "the alternatives differ in type";
  return {};
}

std::string lanes_error(const ValueNode& node) {
  if (node.operands.size() != node.type.lanes) return "as many scalars as lanes are wanted";
  for (const Value& v : node.operands)
    if (v->type != Type{node.type.dtype, 1}) return "a lane has another type";
  return {};
}

std::string conversion_error(const ValueNode& node) {
  const Type from = node.operands[0]->type;
  switch (node.op) {
    case ValueOp::cast: return from.lanes == node.type.lanes ? "" : "a cast keeps the lanes";
    case ValueOp::bitcast:
      if (from.lanes != node.type.lanes || info(from.dtype).bits != info(node.type.dtype).bits)
        return "a bitcast keeps the width";
      return from.dtype == DType::boolean || node.type.dtype == DType::boolean
                 ? "booleans have no bits to cast"
                 : "";
    case ValueOp::broadcast:
      return from == Type{node.type.dtype, 1} ? "" : "a broadcast is of a scalar of its type";
    default:  // extract
      if (from.dtype != node.type.dtype || node.type.lanes != 1)
        return "an extract gives a scalar of its operand's type";
      return node.bits < from.lanes ? "" : "there is no such lane";
  }
}

std::string mixed_error(const ValueNode& node) {
  switch (node.op) {
    case ValueOp::constant:
      if (node.type.dtype == DType::boolean) return node.bits <= 1 ? "" : "a boolean is 0 or 1";
      return (node.bits & ~lane_mask(node.type.dtype)) == 0 ? "" : "bits beyond the type's width";
    case ValueOp::index:
      if (node.indices.size() != 2) return "an index value has a base and a stride";
      return node.type.dtype == DType::i32 || node.type.dtype == DType::i64
                 ? ""
                 : "an index value is an i32 or i64";
    case ValueOp::local: return node.name.empty() ? "a local has a name" : "";
    case ValueOp::access:
    case ValueOp::load: return memory_error(node);
    case ValueOp::select: return select_error(node);
    case ValueOp::lanes: return lanes_error(node);
    default: return conversion_error(node);
  }
}

std::string uniform_error(const ValueNode& node, const ValueOpInfo& row) {
  const Type first = node.operands[0]->type;
  if (!allows(row.operands, first.dtype)) return "no such operation on " + to_string(first);
  for (const Value& v : node.operands)
    if (v->type != first) return "operands of types " + to_string(first) + " and " + to_string(v->type);
  const Type wanted = row.result == ResultRule::boolean ? Type{DType::boolean, first.lanes} : first;
  return node.type == wanted ? ""
                             : "the result should be " + to_string(wanted) + ", not " + to_string(node.type);
}

}  // namespace

const ValueOpInfo& info(ValueOp op) { return kTable[static_cast<size_t>(op)]; }

std::optional<ValueOp> parse_value_op(std::string_view name) {
  for (size_t i = 0; i < kTable.size(); ++i)
    if (kTable[i].name == name) return static_cast<ValueOp>(i);
  return std::nullopt;
}

std::string to_string(const Type& type) {
  std::string text(to_string(type.dtype));
  if (type.lanes != 1) text += "x" + std::to_string(type.lanes);
  return text;
}

std::string type_error(const ValueNode& node) {
  if (node.type.lanes < 1 || node.type.lanes > kMaxLanes) return "too many lanes";
  const ValueOpInfo& row = info(node.op);
  const bool memory = node.op == ValueOp::load || node.op == ValueOp::access;
  if (!memory && row.arity >= 0 && node.operands.size() != static_cast<size_t>(row.arity))
    return "wrong number of operands";
  for (const Value& v : node.operands)
    if (!v) return "an operand is null";
  return row.operands == OperandRule::mixed ? mixed_error(node) : uniform_error(node, row);
}

}  // namespace weft::loops

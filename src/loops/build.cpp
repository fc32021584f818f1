// The builders of values and statements. Each checks what it builds; fold() simplifies where the result is
// exact.
#include "base/check.hpp"
#include "loops/fold.hpp"
#include "loops/lane.hpp"
#include "loops/types.hpp"

namespace weft::loops {
namespace {

using Operands = std::vector<Value>;

ValueNode leaf(ValueOp op, Type type) {
  ValueNode node;
  node.op = op;
  node.type = type;
  return node;
}

ValueNode operation(ValueOp op, Type type, Operands operands) {
  ValueNode node = leaf(op, type);
  node.operands = std::move(operands);
  return node;
}

// Operands arrive as separate values: one move each, where an initializer list would copy.
template <class... Values>
Operands list(Values&&... values) {
  Operands operands;
  operands.reserve(sizeof...(values));
  (operands.push_back(std::move(values)), ...);
  return operands;
}

Value make(ValueOp op, Operands operands) {
  WEFT_CHECK(!operands.empty() && operands[0], info(op).name);
  const Type first = operands[0]->type;
  const bool boolean = info(op).result == ResultRule::boolean;
  return fold(operation(op, boolean ? Type{DType::boolean, first.lanes} : first, std::move(operands)));
}

std::vector<Expr> one(Expr e) {
  std::vector<Expr> list;
  list.push_back(std::move(e));
  return list;
}

ValueNode memory_node(ValueOp op, Type type, uint32_t buffer, std::vector<Expr> indices) {
  ValueNode node = leaf(op, type);
  node.buffer = buffer;
  node.indices = std::move(indices);
  return node;
}

ValueNode predicated(ValueNode node, Expr predicate, Value other) {
  node.predicate = std::move(predicate);
  node.operands.push_back(std::move(other));
  return node;
}

}  // namespace

Value constant(Type type, double value) {
  if (is_float(type.dtype)) return constant_bits(type, float_lane(type.dtype, value));
  const uint64_t bits = cast_lane(DType::f64, type.dtype, float_lane(DType::f64, value));
  const bool exact = lane_float(DType::f64, cast_lane(type.dtype, DType::f64, bits)) == value;
  WEFT_CHECK(exact, "an integer constant that its type does not hold");
  return constant_bits(type, bits);
}

Value constant_bits(Type type, uint64_t bits) {
  ValueNode node = leaf(ValueOp::constant, type);
  node.bits = bits;
  return fold(std::move(node));
}

Value constant_int(Type type, int64_t value) {
  if (is_float(type.dtype))
    return constant_bits(type, cast_lane(DType::i64, type.dtype, static_cast<uint64_t>(value)));
  const uint64_t bits = cast_lane(DType::i64, type.dtype, static_cast<uint64_t>(value));
  WEFT_CHECK(lane_integer(type.dtype, bits) == value || info(type.dtype).bits == 64,
             "an integer constant that its type does not hold");
  return constant_bits(type, bits);
}

Value index_value(Expr e, DType dtype) { return index_vector(std::move(e), Expr(0), 1, dtype); }

Value index_vector(Expr base, Expr stride, uint32_t lanes, DType dtype) {
  ValueNode node = leaf(ValueOp::index, {dtype, lanes});
  node.indices.reserve(2);
  node.indices.push_back(std::move(base));
  node.indices.push_back(std::move(stride));
  return fold(std::move(node));
}

Value local(Type type, std::string name) {
  ValueNode node = leaf(ValueOp::local, type);
  node.name = std::move(name);
  return fold(std::move(node));
}

Value load(Type type, uint32_t buffer, Expr index) {
  return fold(memory_node(ValueOp::load, type, buffer, one(std::move(index))));
}

Value load_if(Type type, uint32_t buffer, Expr index, Expr predicate, Value other) {
  return fold(predicated(memory_node(ValueOp::load, type, buffer, one(std::move(index))),
                         std::move(predicate), std::move(other)));
}

Value access(DType dtype, uint32_t tensor, std::vector<Expr> indices) {
  return fold(memory_node(ValueOp::access, {dtype, 1}, tensor, std::move(indices)));
}

Value access_if(DType dtype, uint32_t tensor, std::vector<Expr> indices, Expr predicate, Value other) {
  return fold(predicated(memory_node(ValueOp::access, {dtype, 1}, tensor, std::move(indices)),
                         std::move(predicate), std::move(other)));
}

Value unary(ValueOp op, Value a) { return make(op, list(std::move(a))); }

Value binary(ValueOp op, Value a, Value b) { return make(op, list(std::move(a), std::move(b))); }

Value muladd(Value a, Value b, Value c) {
  return make(ValueOp::muladd, list(std::move(a), std::move(b), std::move(c)));
}

Value select(Value condition, Value a, Value b) {
  WEFT_CHECK(condition && a && b);
  const Type type = a->type;
  return fold(operation(ValueOp::select, type, list(std::move(condition), std::move(a), std::move(b))));
}

Value cast(DType to, Value a) {
  WEFT_CHECK(a);
  const Type type{to, a->type.lanes};
  return fold(operation(ValueOp::cast, type, list(std::move(a))));
}

Value bitcast(DType to, Value a) {
  WEFT_CHECK(a);
  const Type type{to, a->type.lanes};
  return fold(operation(ValueOp::bitcast, type, list(std::move(a))));
}

Value broadcast(Value scalar, uint32_t lanes) {
  WEFT_CHECK(scalar);
  const Type type{scalar->type.dtype, lanes};
  return fold(operation(ValueOp::broadcast, type, list(std::move(scalar))));
}

Value make_lanes(std::vector<Value> scalars) {
  WEFT_CHECK(!scalars.empty() && scalars[0]);
  const Type type{scalars[0]->type.dtype, static_cast<uint32_t>(scalars.size())};
  return fold(operation(ValueOp::lanes, type, std::move(scalars)));
}

Value extract(Value vector, uint32_t lane) {
  WEFT_CHECK(vector);
  const Type type{vector->type.dtype, 1};
  ValueNode node = operation(ValueOp::extract, type, list(std::move(vector)));
  node.bits = lane;
  return fold(std::move(node));
}

Value with_operands(const ValueNode& node, std::vector<Value> operands) {
  ValueNode copy;
  copy.op = node.op;
  copy.type = node.type;
  copy.operands = std::move(operands);
  copy.bits = node.bits;
  copy.name = node.name;
  copy.buffer = node.buffer;
  copy.indices = node.indices;
  copy.predicate = node.predicate;
  return fold(std::move(copy));
}

expr::Variable loop_facts(std::string name, const Expr& extent) {
  expr::Interval range{0, std::nullopt};
  if (const auto most = expr::bounds(extent).max) range.max = *most > 0 ? *most - 1 : 0;
  return {std::move(name), range, 1};
}

Expr loop_variable(std::string name, const Expr& extent) {
  expr::Variable facts = loop_facts(std::move(name), extent);
  return expr::variable(std::move(facts.name), facts.range);
}

Statement make_for(std::string variable, Expr extent, ForKind kind, Block body) {
  WEFT_CHECK(!variable.empty(), "a loop without a variable");
  return {For{std::move(variable), std::move(extent), kind, std::make_shared<const Block>(std::move(body))}};
}

Statement make_store(uint32_t buffer, Expr index, Value value) {
  WEFT_CHECK(value, "a store of nothing");
  return {Store{buffer, std::move(index), std::move(value)}};
}

Statement make_let(std::string name, Value value) {
  WEFT_CHECK(value && !name.empty(), "a let of nothing");
  return {Let{std::move(name), std::move(value)}};
}

Statement make_let_index(expr::Variable variable, Value value) {
  WEFT_CHECK(value && value->type == Type(DType::i32, 1), "an index is bound to a scalar i32");
  return {LetIndex{std::move(variable), std::move(value)}};
}

Statement make_if(Expr condition, Block then_block, Block else_block) {
  If node{std::move(condition), std::make_shared<const Block>(std::move(then_block)), nullptr};
  if (!else_block.empty()) node.else_block = std::make_shared<const Block>(std::move(else_block));
  return {std::move(node)};
}

Expr block_count(const Kernel& kernel) {
  if (kernel.body.size() != 1) return 1;
  const For* loop = std::get_if<For>(&kernel.body[0].node);
  return loop && loop->kind == ForKind::blocks ? loop->extent : Expr(1);
}

}  // namespace weft::loops

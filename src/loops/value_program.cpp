#include "loops/value_program.hpp"

#include <bit>
#include <cstring>

#include "base/check.hpp"
#include "loops/lane.hpp"

namespace weft::loops {
namespace {

static_assert(std::endian::native == std::endian::little, "elements are copied to the low bytes of a lane");

uint64_t poison_bits(DType type) {
  switch (type) {
    case DType::f64: return 0x7ff4a5a5a5a5a5a5u;
    case DType::f32: return 0x7fa5a5a5u;
    case DType::f16: return 0x7d55u;
    case DType::bf16: return 0x7fa5u;
    case DType::boolean: return 1;
    default: return 0xa5a5a5a5a5a5a5a5u & lane_mask(type);
  }
}

void run_load(const Operation& o, Machine& machine, uint64_t* result) {
  if (o.predicate && machine.indices.run(*o.predicate, machine.variables) == 0) {
    const uint64_t* other = machine.lanes.data() + o.operands[0];
    for (uint32_t lane = 0; lane < o.type.lanes; ++lane) result[lane] = other[lane];
    return;
  }
  const int64_t index = machine.indices.run(o.index, machine.variables);
  const BufferView& buffer = machine.buffers[o.buffer];
  if (index < 0 || index > buffer.loadable - o.type.lanes) machine.out_of_bounds(o.buffer, index);
  for (uint32_t lane = 0; lane < o.type.lanes; ++lane) result[lane] = read_lane(buffer, index + lane);
}

void run_index(const Operation& o, Machine& machine, uint64_t* result) {
  const int64_t base = machine.indices.run(o.index, machine.variables);
  const int64_t stride = o.type.lanes > 1 ? machine.indices.run(o.stride, machine.variables) : 0;
  for (uint32_t lane = 0; lane < o.type.lanes; ++lane)
    result[lane] = integer_lane(o.type.dtype, base + lane * stride);
}

// Operations that treat each lane alike.
uint64_t run_lane(const Operation& o, const uint64_t* lanes, uint32_t lane) {
  const auto operand = [&](size_t i) { return lanes[o.operands[i] + lane]; };
  switch (o.op) {
    case ValueOp::muladd: return muladd_lane(o.from.dtype, operand(0), operand(1), operand(2));
    case ValueOp::select: return operand(0) ? operand(1) : operand(2);
    case ValueOp::cast: return cast_lane(o.from.dtype, o.type.dtype, operand(0));
    case ValueOp::bitcast: return operand(0);
    case ValueOp::broadcast: return lanes[o.operands[0]];
    case ValueOp::lanes: return lanes[o.operands[lane]];
    case ValueOp::extract: return lanes[o.operands[0] + o.bits];
    default:
      if (o.operands.size() == 1) return unary_lane(o.op, o.from.dtype, operand(0));
      return binary_lane(o.op, o.from.dtype, operand(0), operand(1));
  }
}

void run_operation(const Operation& o, Machine& machine) {
  uint64_t* result = machine.lanes.data() + o.result;
  switch (o.op) {
    case ValueOp::constant:
      for (uint32_t lane = 0; lane < o.type.lanes; ++lane) result[lane] = o.bits;
      return;
    case ValueOp::index: return run_index(o, machine, result);
    case ValueOp::load: return run_load(o, machine, result);
    default:
      for (uint32_t lane = 0; lane < o.type.lanes; ++lane)
        result[lane] = run_lane(o, machine.lanes.data(), lane);
  }
}

}  // namespace

uint64_t read_lane(const BufferView& buffer, int64_t index) {
  const uint32_t size = byte_size(buffer.dtype);
  uint64_t bits = 0;
  std::memcpy(&bits, buffer.bytes + index * size, size);
  return buffer.dtype == DType::boolean ? bits != 0 : bits;
}

void write_lane(const BufferView& buffer, int64_t index, uint64_t bits) {
  const uint32_t size = byte_size(buffer.dtype);
  std::memcpy(buffer.bytes + index * size, &bits, size);
}

void poison(const BufferView& buffer, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; ++i) write_lane(buffer, i, poison_bits(buffer.dtype));
}

uint32_t ValueCompiler::allocate(uint32_t lanes) {
  const uint32_t slot = next_;
  next_ += lanes;
  if (machine_.lanes.size() < next_) machine_.lanes.resize(next_);
  return slot;
}

uint32_t ValueCompiler::add(const Value& value, std::vector<Operation>& out) {
  if (const auto known = done_.find(value.get()); known != done_.end()) return known->second;
  if (value->op == ValueOp::local) {
    const auto bound = locals_.find(value->name);
    WEFT_CHECK(bound != locals_.end() && bound->second.type == value->type, value->name);
    return bound->second.slot;
  }
  WEFT_CHECK(value->op != ValueOp::access, "an access is evaluated once storage is applied");
  Operation o{value->op, value->type, {}, 0, {}, value->bits, value->buffer, 0, 0, {}};
  if (!value->operands.empty()) o.from = value->operands[0]->type;
  for (const Value& operand : value->operands) o.operands.push_back(add(operand, out));
  if (!value->indices.empty()) o.index = machine_.indices.add(value->indices[0], variables_);
  if (value->indices.size() > 1) o.stride = machine_.indices.add(value->indices[1], variables_);
  if (value->predicate) o.predicate = machine_.indices.add(*value->predicate, variables_);
  o.result = allocate(value->type.lanes);
  const uint32_t slot = o.result;
  out.push_back(std::move(o));
  done_.emplace(value.get(), slot);
  return slot;
}

void run(const std::vector<Operation>& code, Machine& machine) {
  for (const Operation& o : code) run_operation(o, machine);
}

}  // namespace weft::loops

#include "targets/wasm/emit_value.hpp"

#include "base/check.hpp"
#include "loops/lane.hpp"
#include "targets/wasm/emit_table.hpp"

namespace weft::wasm {

using namespace loops;

namespace {

bool is_trivial(const ValueNode& n) {
  return n.op == ValueOp::local || (n.op == ValueOp::constant && n.type.lanes == 1);
}

bool is_register(const Kernel& kernel, uint32_t buffer) {
  return kernel.buffers[buffer].space == BufferSpace::registers;
}

}  // namespace

void ValueEmitter::emit(const Value& root, Code& out) {
  uses_.clear();
  kept_.clear();
  count(root);
  value(root, out);
}

void ValueEmitter::count(const Value& root) {
  std::vector<const ValueNode*> open = {root.get()};
  while (!open.empty()) {
    const ValueNode* n = open.back();
    open.pop_back();
    if (uses_[n]++ > 0) continue;
    for (const Value& operand : n->operands) open.push_back(operand.get());
  }
}

void ValueEmitter::value(const Value& v, Code& out) {
  if (const auto known = kept_.find(v.get()); known != kept_.end()) return out.get(known->second);
  node(*v, out);
  if (uses_[v.get()] < 2 || is_trivial(*v)) return;
  const uint32_t local = locals_.make(val_type(v->type));
  out.tee(local);
  kept_.emplace(v.get(), local);
}

void ValueEmitter::operands(const ValueNode& n, Code& out) {
  for (const Value& operand : n.operands) value(operand, out);
}

void ValueEmitter::node(const ValueNode& n, Code& out) {
  WEFT_CHECK(is_held(n.type), "a vector that legalisation should have split: " + to_string(n.type));
  switch (n.op) {
    case ValueOp::constant: return constant(n, out);
    case ValueOp::index: return index(n, out);
    case ValueOp::local: {
      const auto at = bound.find(n.name);
      WEFT_CHECK(at != bound.end(), n.name);
      return out.get(at->second);
    }
    case ValueOp::load: return load(n, out);
    case ValueOp::muladd: return muladd(n, out);
    case ValueOp::select: return select(n, out);
    case ValueOp::shift_left:
    case ValueOp::shift_right: return shift(n, out);
    case ValueOp::cast: return cast(n, out);
    case ValueOp::bitcast: return bitcast(n, out);
    case ValueOp::broadcast: return broadcast(n, out);
    case ValueOp::lanes: return lanes(n, out);
    case ValueOp::extract: return extract(n, out);
    default: return operation(n, out);
  }
}

void ValueEmitter::operation(const ValueNode& n, Code& out) {
  const Type type = n.operands[0]->type;
  operands(n, out);
  const auto instr = find_instr(n.op, type.dtype, type.lanes > 1);
  WEFT_CHECK(instr, std::string(loops::info(n.op).name) + " of " + to_string(type));
  out.op(*instr);
  if (n.type.dtype == DType::boolean && type.dtype != DType::boolean && type.lanes == 2 &&
      lane_width(type) == 4)
    widen_mask(out);
}

void ValueEmitter::constant(const ValueNode& n, Code& out) {
  const bool integer = is_integer(n.type.dtype);
  uint64_t bits = integer ? static_cast<uint64_t>(lane_integer(n.type.dtype, n.bits)) : n.bits;
  if (n.type.lanes == 1) {
    const ValType type = val_type(n.type);
    return out.constant(type, type == ValType::i32 ? bits & 0xffffffffu : bits);
  }
  if (n.type.dtype == DType::boolean) bits = n.bits ? ~uint64_t{0} : 0;
  out.v128(splat_bytes(bits, lane_width(n.type)));
}

void ValueEmitter::index(const ValueNode& n, Code& out) {
  const bool wide = n.type.dtype == DType::i64;
  addresses_.evaluate(n.indices[0], out);
  if (wide) out.op(Instr::i64_extend_i32_s);
  if (n.type.lanes == 1) return;
  splat(n.type, out);
  const auto stride = n.indices[1].as_constant();
  const uint32_t width = lane_width(n.type);
  Bytes16 steps{};
  for (uint32_t i = 0; i < 16; ++i) {
    const int64_t step = static_cast<int64_t>(i / width) * stride.value_or(1);
    steps[i] = static_cast<uint8_t>(static_cast<uint64_t>(step) >> (8 * (i % width)));
  }
  out.v128(steps);
  if (!stride) {
    addresses_.evaluate(n.indices[1], out);
    if (wide) out.op(Instr::i64_extend_i32_s);
    splat(n.type, out);
    out.op(wide ? Instr::i64x2_mul : Instr::i32x4_mul);
  }
  out.op(wide ? Instr::i64x2_add : Instr::i32x4_add);
}

void ValueEmitter::load(const ValueNode& n, Code& out) {
  if (n.predicate) return predicated_load(n, out);
  plain_load(n, out);
}

void ValueEmitter::plain_load(const ValueNode& n, Code& out) {
  if (is_register(kernel_, n.buffer)) return register_load(n, out);
  memory(load_instr(n.type), n, out);
  after_load(n.type, out);
}

void ValueEmitter::memory(Instr instr, const ValueNode& n, Code& out) {
  const Addresses::Place place = addresses_.place(n.buffer, n.indices[0], out);
  Op op;
  op.kind = OpKind::memory;
  op.instr = instr;
  op.align = std::min(natural_alignment(instr), natural_alignment(load_instr({n.type.dtype, 1})));
  op.group = place.group;
  op.bits = static_cast<uint64_t>(place.offset);
  out.ops.push_back(op);
}

void ValueEmitter::register_load(const ValueNode& n, Code& out) {
  const Registers::Slot slot = registers_.find(n.buffer, n.indices[0], n.type.lanes);
  out.get(slot.local);
  if (slot.lane) extract_lane(slot.type, *slot.lane, out);
}

// The other value is computed in front of the branch, where later uses of its parts find them.
void ValueEmitter::predicated_load(const ValueNode& n, Code& out) {
  const Value& other = n.operands[0];
  std::optional<uint32_t> kept;
  if (other->op != ValueOp::constant) {
    kept = locals_.make(val_type(n.type));
    value(other, out);
    out.set(*kept);
  }
  addresses_.evaluate(*n.predicate, out);
  out.begin(OpKind::begin_if, val_type(n.type));
  plain_load(n, out);
  out.begin_else();
  if (kept) out.get(*kept);
  else constant(*other, out);
  out.end();
}

void ValueEmitter::broadcast(const ValueNode& n, Code& out) {
  const Value& scalar = n.operands[0];
  const uint32_t bits = info(n.type.dtype).bits;
  const bool from_memory =
      scalar->op == ValueOp::load && !scalar->predicate && !is_register(kernel_, scalar->buffer);
  if (from_memory && bits >= 32 && uses_[scalar.get()] < 2)
    return memory(bits == 32 ? Instr::v128_load32_splat : Instr::v128_load64_splat, *scalar, out);
  value(scalar, out);
  splat(n.type, out);
}

void ValueEmitter::lanes(const ValueNode& n, Code& out) {
  value(n.operands[0], out);
  splat(n.type, out);
  for (uint32_t i = 1; i < n.type.lanes; ++i) {
    value(n.operands[i], out);
    replace_lane(n.type, i, out);
  }
}

void ValueEmitter::extract(const ValueNode& n, Code& out) {
  operands(n, out);
  extract_lane(n.operands[0]->type, static_cast<uint32_t>(n.bits), out);
}

void ValueEmitter::muladd(const ValueNode& n, Code& out) {
  const bool vector = n.type.lanes > 1;
  const bool fused = vector && features_.relaxed && is_float(n.type.dtype);
  if (fused) {
    operands(n, out);
    return out.op(n.type.dtype == DType::f32 ? Instr::f32x4_relaxed_madd : Instr::f64x2_relaxed_madd);
  }
  value(n.operands[0], out);
  value(n.operands[1], out);
  out.op(*find_instr(ValueOp::mul, n.type.dtype, vector));
  value(n.operands[2], out);
  out.op(*find_instr(ValueOp::add, n.type.dtype, vector));
}

void ValueEmitter::select(const ValueNode& n, Code& out) {
  const Value& condition = n.operands[0];
  value(n.operands[1], out);
  value(n.operands[2], out);
  value(condition, out);
  if (n.type.lanes == 1) return out.op(Instr::select);
  if (lane_width(condition->type) > lane_width(n.type)) narrow_lanes(out);
  out.op(Instr::v128_bitselect);
}

// Vectors are shifted by one scalar; legalisation has split the others.
void ValueEmitter::shift(const ValueNode& n, Code& out) {
  const Value& count = n.operands[1];
  if (n.type.lanes == 1) return operation(n, out);
  value(n.operands[0], out);
  if (count->op == ValueOp::constant) {
    out.i32(static_cast<int64_t>(count->bits));
  } else {
    const bool is_broadcast = count->op == ValueOp::broadcast;
    WEFT_CHECK(is_broadcast || count->op == ValueOp::local, "a vector of shift counts");
    value(is_broadcast ? count->operands[0] : count, out);
    if (!is_broadcast) extract_lane(count->type, 0, out);  // a broadcast that is used twice
    if (lane_width(n.type) == 8) out.op(Instr::i32_wrap_i64);
  }
  out.op(*find_instr(n.op, n.type.dtype, true));
}

void ValueEmitter::cast(const ValueNode& n, Code& out) {
  const Type from = n.operands[0]->type;
  operands(n, out);
  if (const auto instr = find_cast(from.dtype, n.type.dtype, n.type.lanes)) return out.op(*instr);
  WEFT_CHECK(!is_float(from.dtype) && !is_float(n.type.dtype),
             "a cast that legalisation should have replaced");
  const uint32_t from_bits = info(from.dtype).bits, to_bits = info(n.type.dtype).bits;
  if (from.dtype == DType::boolean && n.type.lanes > 1) {
    if (n.type.lanes == 2) narrow_lanes(out);
    out.v128(splat_bytes(1, 4));
    out.op(Instr::v128_and);
  }
  if (from_bits == 64 && to_bits < 64) {
    if (n.type.lanes == 1) out.op(Instr::i32_wrap_i64);
    else narrow_lanes(out);
  }
  const bool widens = from_bits < 32 && to_bits == 64;
  if (widens) {
    const DType middle = is_signed(from.dtype) ? DType::i32 : DType::u32;
    return out.op(*find_cast(middle, n.type.dtype, n.type.lanes));
  }
  const bool fits = from_bits < to_bits && (!is_signed(from.dtype) || is_signed(n.type.dtype));
  if (!fits && from.dtype != DType::boolean) narrow(n.type, out);
}

// Only elements narrower than 32 bits change how they are held: by their sign.
void ValueEmitter::bitcast(const ValueNode& n, Code& out) {
  const DType from = n.operands[0]->type.dtype, to = n.type.dtype;
  operands(n, out);
  if (info(to).bits < 32) {
    if (is_signed(from) != is_signed(to)) narrow(n.type, out);
    return;
  }
  if (n.type.lanes > 1 || is_float(from) == is_float(to)) return;
  const bool wide = info(to).bits == 64;
  if (is_float(to)) return out.op(wide ? Instr::f64_reinterpret_i64 : Instr::f32_reinterpret_i32);
  out.op(wide ? Instr::i64_reinterpret_f64 : Instr::i32_reinterpret_f32);
}

void ValueEmitter::register_store(const Store& store, Code& out) {
  const Registers::Slot slot = registers_.find(store.buffer, store.index, store.value->type.lanes);
  if (slot.lane) out.get(slot.local);
  emit(store.value, out);
  if (slot.lane) replace_lane(slot.type, *slot.lane, out);
  out.set(slot.local);
}

void ValueEmitter::store(const Store& store, Code& out) {
  if (is_register(kernel_, store.buffer)) return register_store(store, out);
  const Addresses::Place place = addresses_.place(store.buffer, store.index, out);
  emit(store.value, out);
  const Type type = store.value->type;
  before_store(type, out);
  Op op;
  op.instr = store_instr(type);
  const bool lane = op.instr == Instr::v128_store16_lane || op.instr == Instr::v128_store32_lane ||
                    op.instr == Instr::v128_store64_lane;
  op.kind = lane ? OpKind::memory_lane : OpKind::memory;
  op.align = std::min(natural_alignment(op.instr), natural_alignment(load_instr({type.dtype, 1})));
  op.group = place.group;
  op.bits = static_cast<uint64_t>(place.offset);
  out.ops.push_back(op);
}

}  // namespace weft::wasm

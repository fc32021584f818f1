#include "targets/wasm/emit_table.hpp"
#include "targets/wasm/legalize.hpp"

namespace weft::wasm {

using namespace loops;

namespace {

Value all_bits(const Type& type) {
  return constant_bits(type, info(type.dtype).bits == 64 ? ~uint64_t{0} : 0xffffffffu);
}

// u64 vectors compare as i64 after the sign bit is flipped.
Value signed_compare(const Value& v) {
  const Type type = v->operands[0]->type;
  const Value sign = constant_bits(type, uint64_t{1} << 63);
  const Value a = bitcast(DType::i64, binary(ValueOp::bit_xor, v->operands[0], sign));
  const Value b = bitcast(DType::i64, binary(ValueOp::bit_xor, v->operands[1], sign));
  return binary(v->op, a, b);
}

Value replaced(const Value& v) {
  const ValueNode& n = *v;
  if (n.operands.empty() || info(n.op).operands == OperandRule::mixed) return v;
  const Type type = n.operands[0]->type;
  if (!is_integer(type.dtype) || find_instr(n.op, type.dtype, type.lanes > 1)) return v;
  const auto& o = n.operands;
  const Value zero = constant_int(type, 0);
  switch (n.op) {
    case ValueOp::neg: return binary(ValueOp::sub, zero, o[0]);
    case ValueOp::abs:
      if (!is_signed(type.dtype)) return o[0];
      return select(binary(ValueOp::less, o[0], zero), binary(ValueOp::sub, zero, o[0]), o[0]);
    case ValueOp::bit_not: return binary(ValueOp::bit_xor, o[0], all_bits(type));
    case ValueOp::min: return select(replaced(binary(ValueOp::less, o[0], o[1])), o[0], o[1]);
    case ValueOp::max: return select(replaced(binary(ValueOp::less, o[0], o[1])), o[1], o[0]);
    case ValueOp::less:
    case ValueOp::less_equal: return type.lanes > 1 ? signed_compare(v) : v;
    default: return v;
  }
}

}  // namespace

Kernel legalize_operations(const Kernel& kernel) { return rewrite_values(kernel, replaced); }

}  // namespace weft::wasm

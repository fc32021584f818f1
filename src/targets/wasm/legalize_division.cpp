// a / b with x / 0 = 0 and min / -1 = min, a % b with x % 0 = 0: the divisor is replaced where wasm would
// trap.
#include "targets/wasm/legalize.hpp"

namespace weft::wasm {

using namespace loops;

namespace {

Value guarded(const Value& v) {
  if (v->op != ValueOp::div && v->op != ValueOp::rem) return v;
  if (!is_integer(v->type.dtype)) return v;
  const Value &a = v->operands[0], &b = v->operands[1];
  const Type type = v->type;
  const Value zero = constant_int(type, 0), one = constant_int(type, 1);
  // Only division of the least value by -1 traps: its remainder does not.
  const bool negates = v->op == ValueOp::div && is_signed(type.dtype);
  const Value minus_one = negates ? constant_int(type, -1) : Value();
  if (b->op == ValueOp::constant && b->bits != 0 && !(negates && b->bits == minus_one->bits)) return v;
  const Value is_zero = binary(ValueOp::equal, b, zero);
  const Value is_minus_one = negates ? binary(ValueOp::equal, b, minus_one) : Value();
  const Value unsafe = negates ? binary(ValueOp::logical_or, is_zero, is_minus_one) : is_zero;
  const Value divisor = select(unsafe, one, b);
  Value result = binary(v->op, a, divisor);
  if (v->op == ValueOp::rem) return result;  // x % 1 = 0
  if (negates) result = select(is_minus_one, binary(ValueOp::sub, zero, a), result);
  return select(is_zero, zero, result);
}

}  // namespace

Kernel legalize_division(const Kernel& kernel) { return rewrite_values(kernel, guarded); }

}  // namespace weft::wasm

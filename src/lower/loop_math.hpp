// The algebra of base/elementary.hpp over Loop IR values: our exp, tanh, … as kernel code, the very
// expressions that run in the evaluator.
#pragma once

#include "loops/loops.hpp"

namespace weft::lower {

/// All F are f32, all I i32, all B boolean values.
struct LoopMath {
  using F = loops::Value;
  using I = loops::Value;
  using B = loops::Value;

  static F constant_f32(float x) { return loops::constant({DType::f32}, static_cast<double>(x)); }
  static I constant_i32(int32_t x) { return loops::constant_int({DType::i32}, x); }
#define WEFT_UNARY(name, op) \
  static loops::Value name(const loops::Value& a) { return loops::unary(loops::ValueOp::op, a); }
#define WEFT_BINARY(name, op)                                              \
  static loops::Value name(const loops::Value& a, const loops::Value& b) { \
    return loops::binary(loops::ValueOp::op, a, b);                        \
  }
  WEFT_BINARY(add, add)
  WEFT_BINARY(sub, sub)
  WEFT_BINARY(mul, mul)
  WEFT_BINARY(div, div)
  WEFT_BINARY(min, min)
  WEFT_BINARY(max, max)
  WEFT_UNARY(neg, neg)
  WEFT_UNARY(abs, abs)
  WEFT_UNARY(sqrt, sqrt)
  WEFT_UNARY(floor, floor)
  WEFT_UNARY(trunc, trunc)
  WEFT_UNARY(nearest, nearest)
  WEFT_BINARY(less, less)
  WEFT_BINARY(less_equal, less_equal)
  WEFT_BINARY(equal, equal)
  WEFT_BINARY(logical_and, logical_and)
  WEFT_BINARY(logical_or, logical_or)
  WEFT_UNARY(logical_not, logical_not)
  WEFT_BINARY(bit_and, bit_and)
  WEFT_BINARY(bit_or, bit_or)
  WEFT_BINARY(bit_xor, bit_xor)
  WEFT_BINARY(shl, shift_left)
  WEFT_BINARY(shr_s, shift_right)
#undef WEFT_UNARY
#undef WEFT_BINARY
  static I shr_u(const I& a, const I& b) {
    const loops::Value wide = loops::bitcast(DType::u32, a);
    return loops::bitcast(DType::i32,
                          loops::binary(loops::ValueOp::shift_right, wide, loops::bitcast(DType::u32, b)));
  }
  static F muladd(const F& a, const F& b, const F& c) { return loops::muladd(a, b, c); }
  static loops::Value select(const B& c, const loops::Value& a, const loops::Value& b) {
    return loops::select(c, a, b);
  }
  static I convert_i32(const F& x) { return loops::cast(DType::i32, x); }
  static F convert_f32(const I& x) { return loops::cast(DType::f32, x); }
  static I bitcast_i32(const F& x) { return loops::bitcast(DType::i32, x); }
  static F bitcast_f32(const I& x) { return loops::bitcast(DType::f32, x); }
};

}  // namespace weft::lower

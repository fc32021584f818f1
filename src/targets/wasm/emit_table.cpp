#include "targets/wasm/emit_table.hpp"

#include <array>

#include "base/check.hpp"

namespace weft::wasm {

using loops::ValueOp;

namespace {

struct OpRow {
  ValueOp op;
  DType type;
  Instr scalar, vector;  ///< nop: none
};

constexpr auto kOps = std::to_array<OpRow>({
#define FLOATS(op, name)                                             \
  {ValueOp::op, DType::f32, Instr::f32_##name, Instr::f32x4_##name}, \
      {ValueOp::op, DType::f64, Instr::f64_##name, Instr::f64x2_##name},
#define INTEGERS(op, name)                                               \
  {ValueOp::op, DType::i32, Instr::i32_##name, Instr::i32x4_##name},     \
      {ValueOp::op, DType::u32, Instr::i32_##name, Instr::i32x4_##name}, \
      {ValueOp::op, DType::i64, Instr::i64_##name, Instr::i64x2_##name}, \
      {ValueOp::op, DType::u64, Instr::i64_##name, Instr::i64x2_##name},
#define SIGNS(op, name)                                                          \
  {ValueOp::op, DType::i32, Instr::i32_##name##_s, Instr::i32x4_##name##_s},     \
      {ValueOp::op, DType::u32, Instr::i32_##name##_u, Instr::i32x4_##name##_u}, \
      {ValueOp::op, DType::i64, Instr::i64_##name##_s, Instr::i64x2_##name##_s},
#define BITS(op, name)                                                  \
  {ValueOp::op, DType::i32, Instr::i32_##name, Instr::v128_##name},     \
      {ValueOp::op, DType::u32, Instr::i32_##name, Instr::v128_##name}, \
      {ValueOp::op, DType::i64, Instr::i64_##name, Instr::v128_##name}, \
      {ValueOp::op, DType::u64, Instr::i64_##name, Instr::v128_##name},
#define SCALARS(op, name)                                           \
  {ValueOp::op, DType::i32, Instr::i32_##name##_s, Instr::nop},     \
      {ValueOp::op, DType::u32, Instr::i32_##name##_u, Instr::nop}, \
      {ValueOp::op, DType::i64, Instr::i64_##name##_s, Instr::nop}, \
      {ValueOp::op, DType::u64, Instr::i64_##name##_u, Instr::nop},
    FLOATS(neg, neg) FLOATS(abs, abs) FLOATS(floor, floor) FLOATS(ceil, ceil) FLOATS(trunc, trunc)
        FLOATS(nearest, nearest) FLOATS(sqrt, sqrt) FLOATS(add, add) FLOATS(sub, sub) FLOATS(mul, mul)
            FLOATS(div, div) FLOATS(min, min) FLOATS(max, max) FLOATS(equal, eq) FLOATS(less, lt) FLOATS(
                less_equal, le) INTEGERS(add, add) INTEGERS(sub, sub) INTEGERS(mul, mul) INTEGERS(equal, eq)
                SIGNS(less, lt) SIGNS(less_equal, le){ValueOp::less, DType::u64, Instr::i64_lt_u, Instr::nop},
    {ValueOp::less_equal, DType::u64, Instr::i64_le_u, Instr::nop},
    SCALARS(div, div) SCALARS(rem, rem) BITS(bit_and, and) BITS(bit_or, or) BITS(bit_xor, xor)
        INTEGERS(shift_left, shl){ValueOp::shift_right, DType::i32, Instr::i32_shr_s, Instr::i32x4_shr_s},
    {ValueOp::shift_right, DType::u32, Instr::i32_shr_u, Instr::i32x4_shr_u},
    {ValueOp::shift_right, DType::i64, Instr::i64_shr_s, Instr::i64x2_shr_s},
    {ValueOp::shift_right, DType::u64, Instr::i64_shr_u, Instr::i64x2_shr_u},
    {ValueOp::neg, DType::i32, Instr::nop, Instr::i32x4_neg},
    {ValueOp::neg, DType::i64, Instr::nop, Instr::i64x2_neg},
    {ValueOp::abs, DType::i32, Instr::nop, Instr::i32x4_abs},
    {ValueOp::abs, DType::i64, Instr::nop, Instr::i64x2_abs},
    {ValueOp::min, DType::i32, Instr::nop, Instr::i32x4_min_s},
    {ValueOp::min, DType::u32, Instr::nop, Instr::i32x4_min_u},
    {ValueOp::max, DType::i32, Instr::nop, Instr::i32x4_max_s},
    {ValueOp::max, DType::u32, Instr::nop, Instr::i32x4_max_u},
    {ValueOp::logical_not, DType::boolean, Instr::i32_eqz, Instr::v128_not},
    {ValueOp::logical_and, DType::boolean, Instr::i32_and, Instr::v128_and},
    {ValueOp::logical_or, DType::boolean, Instr::i32_or, Instr::v128_or},
    {ValueOp::equal, DType::boolean, Instr::i32_eq, Instr::i32x4_eq},
#undef FLOATS
#undef INTEGERS
#undef SIGNS
#undef BITS
#undef SCALARS
});

struct CastRow {
  DType from, to;
  Instr scalar, four, two;  ///< two: 64-bit lanes, or 32-bit lanes in the low half
};

constexpr auto kCasts = std::to_array<CastRow>({
    {DType::i32, DType::f32, Instr::f32_convert_i32_s, Instr::f32x4_convert_i32x4_s,
     Instr::f32x4_convert_i32x4_s},
    {DType::u32, DType::f32, Instr::f32_convert_i32_u, Instr::f32x4_convert_i32x4_u,
     Instr::f32x4_convert_i32x4_u},
    {DType::i64, DType::f32, Instr::f32_convert_i64_s, Instr::nop, Instr::nop},
    {DType::u64, DType::f32, Instr::f32_convert_i64_u, Instr::nop, Instr::nop},
    {DType::i32, DType::f64, Instr::f64_convert_i32_s, Instr::nop, Instr::f64x2_convert_low_i32x4_s},
    {DType::u32, DType::f64, Instr::f64_convert_i32_u, Instr::nop, Instr::f64x2_convert_low_i32x4_u},
    {DType::i64, DType::f64, Instr::f64_convert_i64_s, Instr::nop, Instr::nop},
    {DType::u64, DType::f64, Instr::f64_convert_i64_u, Instr::nop, Instr::nop},
    {DType::f32, DType::i32, Instr::i32_trunc_sat_f32_s, Instr::i32x4_trunc_sat_f32x4_s,
     Instr::i32x4_trunc_sat_f32x4_s},
    {DType::f32, DType::u32, Instr::i32_trunc_sat_f32_u, Instr::i32x4_trunc_sat_f32x4_u,
     Instr::i32x4_trunc_sat_f32x4_u},
    {DType::f32, DType::i64, Instr::i64_trunc_sat_f32_s, Instr::nop, Instr::nop},
    {DType::f32, DType::u64, Instr::i64_trunc_sat_f32_u, Instr::nop, Instr::nop},
    {DType::f64, DType::i32, Instr::i32_trunc_sat_f64_s, Instr::nop, Instr::i32x4_trunc_sat_f64x2_s_zero},
    {DType::f64, DType::u32, Instr::i32_trunc_sat_f64_u, Instr::nop, Instr::i32x4_trunc_sat_f64x2_u_zero},
    {DType::f64, DType::i64, Instr::i64_trunc_sat_f64_s, Instr::nop, Instr::nop},
    {DType::f64, DType::u64, Instr::i64_trunc_sat_f64_u, Instr::nop, Instr::nop},
    {DType::f32, DType::f64, Instr::f64_promote_f32, Instr::nop, Instr::f64x2_promote_low_f32x4},
    {DType::f64, DType::f32, Instr::f32_demote_f64, Instr::nop, Instr::f32x4_demote_f64x2_zero},
    {DType::i32, DType::i64, Instr::i64_extend_i32_s, Instr::nop, Instr::i64x2_extend_low_i32x4_s},
    {DType::i32, DType::u64, Instr::i64_extend_i32_s, Instr::nop, Instr::i64x2_extend_low_i32x4_s},
    {DType::u32, DType::i64, Instr::i64_extend_i32_u, Instr::nop, Instr::i64x2_extend_low_i32x4_u},
    {DType::u32, DType::u64, Instr::i64_extend_i32_u, Instr::nop, Instr::i64x2_extend_low_i32x4_u},
});

}  // namespace

std::optional<Instr> find_instr(ValueOp op, DType type, bool vector) {
  for (const OpRow& row : kOps) {
    if (row.op != op || row.type != type) continue;
    const Instr instr = vector ? row.vector : row.scalar;
    return instr == Instr::nop ? std::nullopt : std::optional(instr);
  }
  return std::nullopt;
}

std::optional<Instr> find_cast(DType from, DType to, uint32_t lanes) {
  for (const CastRow& row : kCasts) {
    if (row.from != from || row.to != to) continue;
    const Instr instr = lanes == 1 ? row.scalar : lanes == 2 ? row.two : row.four;
    return instr == Instr::nop ? std::nullopt : std::optional(instr);
  }
  return std::nullopt;
}

ValType val_type(const loops::Type& type) {
  if (type.lanes > 1) return ValType::v128;
  if (type.dtype == DType::f32) return ValType::f32;
  if (type.dtype == DType::f64) return ValType::f64;
  return info(type.dtype).bits == 64 ? ValType::i64 : ValType::i32;
}

uint32_t lane_width(const loops::Type& type) {
  if (type.dtype == DType::boolean) return 16 / type.lanes;
  return info(type.dtype).bits == 64 ? 8 : 4;
}

bool is_held(const loops::Type& type) {
  return type.lanes == 1 || type.lanes == 2 || (type.lanes == 4 && info(type.dtype).bits <= 32);
}

}  // namespace weft::wasm

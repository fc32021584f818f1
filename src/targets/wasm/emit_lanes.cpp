// Lanes and memory forms: elements narrower than 32 bits are widened when they are loaded into vectors.
#include "base/check.hpp"
#include "targets/wasm/emit_table.hpp"
#include "targets/wasm/emit_value.hpp"

namespace weft::wasm {

using loops::Type;

Bytes16 splat_bytes(uint64_t bits, uint32_t width) {
  Bytes16 bytes{};
  for (uint32_t i = 0; i < 16; ++i) bytes[i] = static_cast<uint8_t>(bits >> (8 * (i % width)));
  return bytes;
}

void narrow_lanes(Code& out) {
  out.v128({});
  out.shuffle({0, 1, 2, 3, 8, 9, 10, 11, 16, 16, 16, 16, 16, 16, 16, 16});
}

void widen_mask(Code& out) { out.op(Instr::i64x2_extend_low_i32x4_s); }

namespace {

// 0 or 1 -> 0 or -1
void negate_scalar(Code& out) {
  out.i32(31);
  out.op(Instr::i32_shl);
  out.i32(31);
  out.op(Instr::i32_shr_s);
}

void scalar_to_lane(const Type& type, Code& out) {
  if (type.dtype != DType::boolean) return;
  negate_scalar(out);
  if (type.lanes == 2) out.op(Instr::i64_extend_i32_s);
}

bool wide_lanes(const Type& type) { return lane_width(type) == 8; }

}  // namespace

void splat(const Type& type, Code& out) {
  scalar_to_lane(type, out);
  if (type.dtype == DType::f32) return out.op(Instr::f32x4_splat);
  if (type.dtype == DType::f64) return out.op(Instr::f64x2_splat);
  out.op(wide_lanes(type) ? Instr::i64x2_splat : Instr::i32x4_splat);
}

void extract_lane(const Type& type, uint32_t lane, Code& out) {
  if (type.dtype == DType::f32) return out.lane(Instr::f32x4_extract_lane, lane);
  if (type.dtype == DType::f64) return out.lane(Instr::f64x2_extract_lane, lane);
  if (type.dtype == DType::boolean) {
    out.lane(Instr::i32x4_extract_lane, lane * (4 / type.lanes));
    out.i32(1);
    return out.op(Instr::i32_and);
  }
  out.lane(wide_lanes(type) ? Instr::i64x2_extract_lane : Instr::i32x4_extract_lane, lane);
}

void replace_lane(const Type& type, uint32_t lane, Code& out) {
  scalar_to_lane(type, out);
  if (type.dtype == DType::f32) return out.lane(Instr::f32x4_replace_lane, lane);
  if (type.dtype == DType::f64) return out.lane(Instr::f64x2_replace_lane, lane);
  out.lane(wide_lanes(type) ? Instr::i64x2_replace_lane : Instr::i32x4_replace_lane, lane);
}

namespace {

Instr scalar_load(DType type) {
  switch (type) {
    case DType::f32: return Instr::f32_load;
    case DType::f64: return Instr::f64_load;
    case DType::i64:
    case DType::u64: return Instr::i64_load;
    default: break;
  }
  switch (info(type).bits) {
    case 8: return is_signed(type) ? Instr::i32_load8_s : Instr::i32_load8_u;
    case 16: return is_signed(type) ? Instr::i32_load16_s : Instr::i32_load16_u;
    default: return Instr::i32_load;
  }
}

}  // namespace

Instr load_instr(const Type& type) {
  if (type.lanes == 1) return scalar_load(type.dtype);
  switch (info(type.dtype).bits * type.lanes) {
    case 16: return Instr::v128_load16_splat;
    case 32: return Instr::v128_load32_zero;
    case 64:
      if (type.lanes == 2) return Instr::v128_load64_zero;
      return is_signed(type.dtype) ? Instr::v128_load16x4_s : Instr::v128_load16x4_u;
    default: return Instr::v128_load;
  }
}

void after_load(const Type& type, Code& out) {
  if (type.lanes == 1) return;
  const uint32_t bits = info(type.dtype).bits;
  const bool sign = is_signed(type.dtype);
  if (bits == 8) out.op(sign ? Instr::i16x8_extend_low_i8x16_s : Instr::i16x8_extend_low_i8x16_u);
  if (bits == 8 || (bits == 16 && type.lanes == 2))
    out.op(sign ? Instr::i32x4_extend_low_i16x8_s : Instr::i32x4_extend_low_i16x8_u);
  if (type.dtype != DType::boolean) return;
  out.op(Instr::i32x4_neg);
  if (type.lanes == 2) widen_mask(out);
}

void before_store(const Type& type, Code& out) {
  if (type.lanes == 1) return;
  const uint32_t bits = info(type.dtype).bits;
  if (type.dtype == DType::boolean) {
    out.v128(splat_bytes(1, lane_width(type)));
    out.op(Instr::v128_and);
  }
  if (bits >= 32) return;
  const uint32_t width = lane_width(type), bytes = bits / 8;
  Bytes16 lanes{};
  for (uint32_t i = 0; i < type.lanes * bytes; ++i)
    lanes[i] = static_cast<uint8_t>(i / bytes * width + i % bytes);
  // Both operands of a shuffle are wanted; bytes after the stored ones do not matter.
  out.v128({});
  out.shuffle(lanes);
}

Instr store_instr(const Type& type) {
  const uint32_t bits = info(type.dtype).bits * type.lanes;
  if (type.lanes > 1) {
    switch (bits) {
      case 16: return Instr::v128_store16_lane;
      case 32: return Instr::v128_store32_lane;
      case 64: return Instr::v128_store64_lane;
      default: return Instr::v128_store;
    }
  }
  if (type.dtype == DType::f32) return Instr::f32_store;
  if (type.dtype == DType::f64) return Instr::f64_store;
  switch (bits) {
    case 8: return Instr::i32_store8;
    case 16: return Instr::i32_store16;
    case 32: return Instr::i32_store;
    default: return Instr::i64_store;
  }
}

void narrow(const Type& type, Code& out) {
  const uint32_t bits = info(type.dtype).bits;
  if (bits >= 32) return;
  const bool vector = type.lanes > 1;
  if (is_signed(type.dtype)) {
    if (!vector) return out.op(bits == 8 ? Instr::i32_extend8_s : Instr::i32_extend16_s);
    out.i32(32 - bits);
    out.op(Instr::i32x4_shl);
    out.i32(32 - bits);
    return out.op(Instr::i32x4_shr_s);
  }
  const uint32_t mask = (1u << bits) - 1;
  if (vector) {
    out.v128(splat_bytes(mask, 4));
    return out.op(Instr::v128_and);
  }
  out.i32(mask);
  out.op(Instr::i32_and);
}

}  // namespace weft::wasm

// Element types as guests write them.
#pragma once

#include <cstdint>
#include <span>

#include "nn/types.hpp"

namespace weft::nn {

/// The product of the extents; UINT64_MAX where it does not fit.
uint64_t element_count(std::span<const uint32_t> dims);

/// The type that a guest means by `tensor_type` of witx: 0 f16, 1 f32, 2 f64, 3 u8, 4 i32, 5 i64. Guests of
/// the wasi-nn crate up to 0.5 mean u8 by 2 and i32 by 3. How many bytes the tensor has tells them apart: no
/// two meanings of a code have one size. invalid_argument where no meaning has `bytes` bytes for `elements`
/// elements.
Outcome<DType> witx_dtype(uint8_t code, uint64_t elements, uint64_t bytes);

/// The type by whose name a guest passes elements of `type`: itself, where wasi-nn's witx has it, else one of
/// its size.
DType carrier(DType type);

/// Whether data of type `given` may be an input of type `port`: the same type, or for a type that wasi-nn has
/// no name for, the one of its size: u8 for boolean and i8, f16 for i16, u16 and bf16, i32 for u32, i64 for
/// u64. The bytes are taken as they are.
bool carries(DType given, DType port);

}  // namespace weft::nn

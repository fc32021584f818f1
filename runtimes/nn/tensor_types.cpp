#include "nn/tensor_types.hpp"

#include <fmt/format.h>

#include <array>
#include <optional>

namespace weft::nn {
namespace {

struct Meaning {
  DType today;
  std::optional<DType> legacy;
};

constexpr std::array<Meaning, 6> kMeanings = {{
    {DType::f16, {}},
    {DType::f32, {}},
    {DType::f64, DType::u8},
    {DType::u8, DType::i32},
    {DType::i32, {}},
    {DType::i64, {}},
}};

bool fits(DType type, uint64_t elements, uint64_t bytes) {
  return elements <= UINT64_MAX / 8 && elements * byte_size(type) == bytes;
}

}  // namespace

uint64_t element_count(std::span<const uint32_t> dims) {
  uint64_t count = 1;
  bool overflow = false;
  for (const uint32_t extent : dims) {
    if (extent == 0) return 0;
    overflow = overflow || __builtin_mul_overflow(count, uint64_t{extent}, &count);
  }
  return overflow ? UINT64_MAX : count;
}

Outcome<DType> witx_dtype(uint8_t code, uint64_t elements, uint64_t bytes) {
  if (code >= kMeanings.size()) {
    return refuse(Errno::invalid_argument,
                  fmt::format("tensor type {} is none of 0 to {}", code, kMeanings.size() - 1));
  }
  const Meaning& meaning = kMeanings[code];
  if (fits(meaning.today, elements, bytes)) return meaning.today;
  if (meaning.legacy && fits(*meaning.legacy, elements, bytes)) return *meaning.legacy;
  return refuse(Errno::invalid_argument,
                elements == UINT64_MAX ? std::string("the tensor's extents are more than 64 bits can count")
                                       : fmt::format("{} elements of tensor type {} ({}) are not {} bytes",
                                                     elements, code, to_string(meaning.today), bytes));
}

DType carrier(DType type) {
  switch (type) {
    case DType::boolean:
    case DType::i8: return DType::u8;
    case DType::i16:
    case DType::u16:
    case DType::bf16: return DType::f16;
    case DType::u32: return DType::i32;
    case DType::u64: return DType::i64;
    default: return type;
  }
}

bool carries(DType given, DType port) { return given == port || given == carrier(port); }

}  // namespace weft::nn

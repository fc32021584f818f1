// Element types. A boolean is one byte, 0 or 1.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace weft {

enum class DType : uint8_t {
#define WEFT_DTYPE(name, bits, kind, safetensors, typescript) name,
#include "base/dtype.def"
#undef WEFT_DTYPE
};

enum class DTypeKind : uint8_t { floating, signed_integer, unsigned_integer, boolean };

struct DTypeInfo {
  std::string_view name;  ///< "f32": as printed in every IR; a boolean prints as "boolean"
  uint32_t bits;
  DTypeKind kind;
  std::string_view safetensors;
  std::string_view typescript;
};

const DTypeInfo& info(DType type);
inline std::string_view to_string(DType type) { return info(type).name; }
inline uint32_t byte_size(DType type) { return info(type).bits / 8; }
inline bool is_float(DType type) { return info(type).kind == DTypeKind::floating; }
inline bool is_integer(DType type) {
  return info(type).kind == DTypeKind::signed_integer || info(type).kind == DTypeKind::unsigned_integer;
}
inline bool is_signed(DType type) { return info(type).kind == DTypeKind::signed_integer; }
std::optional<DType> parse_dtype(std::string_view name);

}  // namespace weft

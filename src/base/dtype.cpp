#include "base/dtype.hpp"

#include <array>

namespace weft {
namespace {

constexpr auto kTable = std::to_array<DTypeInfo>({
#define WEFT_DTYPE(name, bits, kind, safetensors, typescript) \
  {#name, bits, DTypeKind::kind, safetensors, typescript},
#include "base/dtype.def"
#undef WEFT_DTYPE
});

}  // namespace

const DTypeInfo& info(DType type) { return kTable[static_cast<size_t>(type)]; }

std::optional<DType> parse_dtype(std::string_view name) {
  for (size_t i = 0; i < kTable.size(); ++i)
    if (kTable[i].name == name) return static_cast<DType>(i);
  return std::nullopt;
}

}  // namespace weft

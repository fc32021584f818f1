// What an engine offers beyond plain wasm: the variants in which every kernel can be compiled.
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace weft::wasm {

struct WasmFeatures {
  bool simd128 = false;
  bool relaxed = false;  ///< relaxed SIMD; implies simd128
  friend bool operator==(const WasmFeatures&, const WasmFeatures&) = default;
};

struct WasmVariant {
  std::string_view name;
  WasmFeatures features;
};

inline constexpr std::array<WasmVariant, 3> kVariants = {{
    {"scalar", {false, false}},
    {"simd128", {true, false}},
    {"relaxed", {true, true}},
}};

/// Bytes of a vector: what loops::vectorize is given for the variant; 0 for scalar.
inline int vector_bytes(const WasmFeatures& features) { return features.simd128 ? 16 : 0; }

inline std::optional<WasmFeatures> find_variant(std::string_view name) {
  for (const WasmVariant& variant : kVariants)
    if (variant.name == name) return variant.features;
  return std::nullopt;
}

}  // namespace weft::wasm

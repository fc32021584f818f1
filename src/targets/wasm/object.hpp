// Relocatable objects, for wasm-ld and what calls it (clang, emcc).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "loops/loops.hpp"
#include "targets/wasm/facts.hpp"

namespace weft::wasm {

/// A kernel that other objects call: unrolled, and vectorized for the variant; it is legalised here.
struct NamedKernel {
  std::string symbol;
  loops::Kernel kernel;
};

/// An object of nothing but these functions, in C: void symbol(const uint32_t* params, uint32_t begin,
/// uint32_t end). What params points to is emit_kernel's (emit.hpp). Symbols must differ.
std::vector<uint8_t> emit_kernel_object(std::span<const NamedKernel> kernels, const WasmFeatures& features);

}  // namespace weft::wasm

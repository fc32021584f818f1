// What a core can do, as a module: what "of peak" and "of roof" refer to.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace weft::cli {

struct PeakProbe {
  std::string name;           ///< "FMA", "mul+add": what its loop consists of
  std::vector<uint8_t> code;  ///< exports peak(rounds: i32) -> f32 and stream(bytes: i32), a copy
  uint32_t flops = 0;         ///< of one round
  uint32_t bytes = 0;         ///< the most that stream takes; enough to leave the caches
};

/// The probe of a variant: relaxed_madd, f32x4 mul and add, or f32 mul and add; the same loops as
/// bench/gemm_kernels.mjs and bench/peak.c.
PeakProbe peak_probe(const std::string& variant);

}  // namespace weft::cli

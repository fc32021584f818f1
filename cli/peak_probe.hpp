// As many multiplications and additions as a core can do, as a module: what "share of peak" refers to.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace weft::cli {

struct PeakProbe {
  std::string name;           ///< "FMA", "mul+add": what its loop consists of
  std::vector<uint8_t> code;  ///< exports peak(rounds: i32) -> f32
  uint32_t flops = 0;         ///< of one round
};

/// The probe of a variant: relaxed_madd, f32x4 mul and add, or f32 mul and add; the same loops as
/// bench/gemm_kernels.mjs and bench/peak.c.
PeakProbe peak_probe(const std::string& variant);

}  // namespace weft::cli

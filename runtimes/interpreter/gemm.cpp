#include "interpreter/gemm.hpp"

#include <algorithm>
#include <limits>

#include "kernels.hpp"

namespace weft::interpreter {

const Clip kNoClip{-std::numeric_limits<float>::infinity(), std::numeric_limits<float>::infinity()};

namespace {

/// One call: some panels, from their first one on.
struct Call {
  const float *a, *b, *bias;
  float* out;
  int64_t lda, ldc, k;
  const Clip& clip;
};

template <class Kernel>
void run(const Call& x, int64_t rows, int64_t panels) {
  if (rows <= 0 || panels <= 0) return;
  Kernel{.a = x.a,
         .b = x.b,
         .bias = x.bias,
         .lo = &x.clip.lo,
         .hi = &x.clip.hi,
         .out = x.out,
         .k = static_cast<int32_t>(x.k),
         .lda = static_cast<int32_t>(x.lda),
         .ldc = static_cast<int32_t>(x.ldc),
         .panels = static_cast<int32_t>(panels),
         .rows = static_cast<int32_t>(rows)}();
}

/// Whole panels. Rows in fours; what is left over alone, four panels at a time.
void run_panels(Call x, int64_t rows, int64_t panels) {
  run<kernels::gemm_r4_p1>(x, rows / 4, panels);
  const int64_t done = rows / 4 * 4;
  x.a += done * x.lda;
  x.out += done * x.ldc;
  run<kernels::gemm_r1_p4>(x, rows - done, panels / 4);
  const int64_t wide = panels / 4 * 4;
  x.b += wide * 8 * x.k;
  x.bias += wide * 8;
  x.out += wide * 8;
  run<kernels::gemm_r1_p1>(x, rows - done, panels - wide);
}

}  // namespace

void gemm(const float* a, int64_t lda, int64_t rows, const Panels& b, const Clip& clip, float* out,
          int64_t ldc) {
  const int64_t whole = b.columns / 8, rest = b.columns % 8;
  run_panels({a, b.panel(0), b.bias.floats(), out, lda, ldc, b.k, clip}, rows, whole);
  if (rest == 0) return;
  constexpr int64_t kRows = 64;
  alignas(16) float part[kRows * 8];
  for (int64_t first = 0; first < rows; first += kRows) {
    const int64_t n = std::min(kRows, rows - first);
    run_panels({a + first * lda, b.panel(whole), b.bias.floats() + whole * 8, part, lda, 8, b.k, clip}, n, 1);
    for (int64_t r = 0; r < n; ++r) std::copy_n(part + r * 8, rest, out + (first + r) * ldc + whole * 8);
  }
}

int64_t rows_at_a_time(int64_t k) {
  constexpr int64_t kNear = 48 * 1024;  // elements
  return std::clamp<int64_t>(kNear / std::max<int64_t>(k, 1) / 4 * 4, 16, 512);
}

Panels make_panels(int64_t k, int64_t columns) {
  Panels panels;
  panels.k = k;
  panels.columns = columns;
  panels.values = Buffer(static_cast<uint64_t>(panels.panels() * 8 * k) * sizeof(float));
  panels.bias = Buffer(static_cast<uint64_t>(panels.panels() * 8) * sizeof(float));
  return panels;
}

void pack(const float* b, int64_t row_stride, int64_t column_stride, Panels& into) {
  for (int64_t p = 0; p < into.panels(); ++p) {
    float* panel = into.values.floats() + p * 8 * into.k;
    const int64_t n = std::min<int64_t>(8, into.columns - 8 * p);
    for (int64_t k = 0; k < into.k; ++k)
      for (int64_t c = 0; c < n; ++c) panel[8 * k + c] = b[k * row_stride + (8 * p + c) * column_stride];
  }
}

}  // namespace weft::interpreter

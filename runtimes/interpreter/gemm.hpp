// Products of rows and packed panels.
#pragma once

#include <cstdint>

#include "interpreter/weights.hpp"

namespace weft::interpreter {

/// What a result is held between; nothing: infinities.
struct Clip {
  float lo, hi;
};
extern const Clip kNoClip;

/// out[rows, columns] = clip(bias + a[rows, k] x panels); rows of a and out begin lda and ldc elements apart.
/// Writes nothing but these rows and columns.
void gemm(const float* a, int64_t lda, int64_t rows, const Panels& b, const Clip& clip, float* out,
          int64_t ldc);

/// How many rows of k elements stay near enough to be read once for each panel.
int64_t rows_at_a_time(int64_t k);

/// Panels of a matrix whose element (row, column) is at row * row_stride + column * column_stride; bias may
/// be null.
void pack(const float* b, int64_t row_stride, int64_t column_stride, Panels& into);
/// Without memory, good() of its buffers is false.
Panels make_panels(int64_t k, int64_t columns);

}  // namespace weft::interpreter

// The FMA and mul+add peaks of one core at 128 bits, as C sees them: what the wasm probe of bench/gemm.mjs is held against.
// Prints two numbers, GFLOP/s.
#include <immintrin.h>
#include <stdio.h>
#include <time.h>

#define ACCUMULATORS 12
#define ROUNDS 4000000

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static float sink;

#define PROBE(name, step)                                                             \
  static double name(void) {                                                          \
    double best = 1e9;                                                                \
    for (int repeat = 0; repeat < 7; ++repeat) {                                      \
      __m128 acc[ACCUMULATORS], a = _mm_set1_ps(0.999f), b = _mm_set1_ps(1e-6f);      \
      for (int i = 0; i < ACCUMULATORS; ++i) acc[i] = _mm_set1_ps((float)i);          \
      const double start = now();                                                     \
      for (int n = 0; n < ROUNDS; ++n) {                                              \
        __asm__ volatile("" : "+x"(a), "+x"(b));                                      \
        for (int i = 0; i < ACCUMULATORS; ++i) acc[i] = step;                         \
      }                                                                               \
      const double time = now() - start;                                              \
      if (time < best) best = time;                                                   \
      for (int i = 0; i < ACCUMULATORS; ++i) sink += _mm_cvtss_f32(acc[i]);           \
    }                                                                                 \
    return 2.0 * 4 * ACCUMULATORS * ROUNDS / best / 1e9;                              \
  }

PROBE(fma_peak, _mm_fmadd_ps(a, acc[i], b))
PROBE(mul_add_peak, _mm_add_ps(_mm_mul_ps(a, acc[i]), b))

int main(void) {
  const double fma = fma_peak();
  printf("%.2f %.2f\n", fma, mul_add_peak());
  return sink == 1e30f;
}

// The FMA and mul+add peaks of one core at 128 bits, as C sees them: what the wasm probes of
// bench/gemm_kernels.mjs are held against, which also tell why they look like this. Prints one sample of
// each, GFLOP/s; the caller runs it again and again.
#include <immintrin.h>
#include <stdio.h>
#include <time.h>

#define CHAINS 12
#define ROUNDS 2000000

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static float sink;

// For the compiler the empty assembly changes the factors, so that nothing leaves the loop.
#define PROBE(name, steps, step)                                     \
  static double name(int rounds) {                                   \
    __m128 c[CHAINS], a = _mm_set1_ps(1.0f), b = _mm_set1_ps(1e-6f); \
    for (int i = 0; i < CHAINS; ++i) c[i] = a;                       \
    const double start = now();                                      \
    for (int n = 0; n < rounds; ++n) {                               \
      __asm__ volatile("" : "+x"(a), "+x"(b));                       \
      for (int i = 0; i < CHAINS; ++i) c[i] = step;                  \
    }                                                                \
    const double time = now() - start;                               \
    for (int i = 0; i < CHAINS; ++i) sink += _mm_cvtss_f32(c[i]);    \
    return 2.0 * 4 * (steps) * rounds / time / 1e9;                  \
  }

PROBE(fma_peak, CHAINS, _mm_fmadd_ps(a, b, c[i]))
PROBE(mul_add_peak, CHAINS / 2, i % 2 ? _mm_add_ps(c[i], b) : _mm_mul_ps(c[i], a))

int main(void) {
  // Pages, caches and the clock of a core that was idle.
  fma_peak(ROUNDS / 4);
  mul_add_peak(ROUNDS / 4);
  const double fma = fma_peak(ROUNDS);
  printf("%.2f %.2f\n", fma, mul_add_peak(ROUNDS));
  return sink == 1e30f;
}

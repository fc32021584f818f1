// Our own elementary functions in f32, each written once over an algebra M: ScalarMath runs it here, lower/loop_math.hpp emits it into
// kernels. So the evaluator and every target compute the very same expressions, and no libm is involved (they differ between systems).
//
// The algebra: types F (f32), I (i32), B (condition), all static:
//   F constant_f32(float); I constant_i32(int32_t)
//   add sub mul div min max (F, F or I, I); neg abs sqrt floor trunc nearest (F); min, max propagate NaN as in wasm
//   less less_equal equal -> B; logical_and logical_or logical_not; select(B, x, y): both are evaluated
//   bit_and bit_or bit_xor shl shr_s shr_u (I, I); convert_i32 (truncates, saturates, NaN -> 0); convert_f32; bitcast_i32; bitcast_f32
//   muladd(a, b, c) = a * b + c, rounded twice here, once or twice elsewhere
// Straight-line code: no branch on a value.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "base/scalar_math.hpp"

namespace weft {

namespace elementary {

/// c[0] * x^(n-1) + … + c[n-1], by Horner's rule.
template <class M, size_t n>
typename M::F polynomial(const typename M::F& x, const float (&c)[n]) {
  typename M::F sum = M::constant_f32(c[0]);
  for (size_t i = 1; i < n; ++i) sum = M::muladd(sum, x, M::constant_f32(c[i]));
  return sum;
}

/// 2^n for n in [-126, 127].
template <class M>
typename M::F power_of_two(const typename M::I& n) {
  return M::bitcast_f32(M::shl(M::add(n, M::constant_i32(127)), M::constant_i32(23)));
}

/// p * 2^n for n in [-252, 254]: in two steps, so that results may be subnormal or overflow.
template <class M>
typename M::F scale(const typename M::F& p, const typename M::I& n) {
  const auto half = M::shr_s(n, M::constant_i32(1));
  const auto rest = M::sub(n, half);
  const auto first = M::mul(p, power_of_two<M>(half));
  return M::mul(first, power_of_two<M>(rest));
}

/// |a| with the sign of b.
template <class M>
typename M::F copy_sign(const typename M::F& a, const typename M::F& b) {
  const auto magnitude = M::bit_and(M::bitcast_i32(a), M::constant_i32(0x7fffffff));
  const auto sign = M::bit_and(M::bitcast_i32(b), M::constant_i32(std::numeric_limits<int32_t>::min()));
  return M::bitcast_f32(M::bit_or(magnitude, sign));
}

/// x = m * 2^e with m in [sqrt(1/2), sqrt(2)), for finite x > 0, subnormals too.
template <class M>
struct Parts {
  typename M::F m, e;
};
template <class M>
Parts<M> parts(const typename M::F& x) {
  const auto tiny = M::less(x, M::constant_f32(0x1p-126f));
  const auto normal = M::select(tiny, M::mul(x, M::constant_f32(0x1p23f)), x);
  // Moves the boundary between exponents from 1 to sqrt(1/2).
  const auto bits = M::sub(M::bitcast_i32(normal), M::constant_i32(0x3f3504f3));
  const auto exponent = M::convert_f32(M::shr_s(bits, M::constant_i32(23)));
  const auto mantissa = M::add(M::bit_and(bits, M::constant_i32(0x7fffff)), M::constant_i32(0x3f3504f3));
  const auto shift = M::select(tiny, M::constant_f32(23), M::constant_f32(0));
  return {M::bitcast_f32(mantissa), M::sub(exponent, shift)};
}

/// log(1 + f) - f for f in [sqrt(1/2) - 1, sqrt(2) - 1) (Cephes, logf.c).
template <class M>
typename M::F log1p_rest(const typename M::F& f) {
  const auto square = M::mul(f, f);
  const auto p = polynomial<M>(f, {7.0376836292e-2f, -1.1514610310e-1f, 1.1676998740e-1f, -1.2420140846e-1f, 1.4249322787e-1f,
                                   -1.6668057665e-1f, 2.0000714765e-1f, -2.4999993993e-1f, 3.3333331174e-1f});
  return M::muladd(square, M::constant_f32(-0.5f), M::mul(M::mul(square, f), p));
}

/// 2^f for f in [-0.5, 0.5] (Cephes, exp2f.c).
template <class M>
typename M::F exp2_small(const typename M::F& f) {
  return polynomial<M>(f, {1.535336188319500e-4f, 1.339887440266574e-3f, 9.618437357674640e-3f, 5.550332471162809e-2f,
                           2.402264791363012e-1f, 6.931472028550421e-1f, 1.0f});
}

}  // namespace elementary

/// e^x: Cody-Waite reduction by ln 2, degree 6 (Cephes, expf.c). Overflows to inf, underflows gradually.
template <class M>
typename M::F exp(M&, const typename M::F& x) {
  const auto low = M::max(x, M::constant_f32(-104.0f));
  const auto bounded = M::min(low, M::constant_f32(89.0f));
  const auto n = M::nearest(M::mul(bounded, M::constant_f32(1.44269504088896341f)));
  const auto high = M::sub(bounded, M::mul(n, M::constant_f32(0.693359375f)));
  const auto r = M::sub(high, M::mul(n, M::constant_f32(-2.12194440e-4f)));
  const auto p = elementary::polynomial<M>(
      r, {1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f});
  const auto sum = M::add(M::muladd(M::mul(r, r), p, r), M::constant_f32(1.0f));
  const auto result = elementary::scale<M>(sum, M::convert_i32(n));
  return M::select(M::equal(x, x), result, x);
}

/// Natural logarithm (Cephes, logf.c): log 0 = -inf, of a negative number NaN.
template <class M>
typename M::F log(M&, const typename M::F& x) {
  const auto parts = elementary::parts<M>(x);
  const auto f = M::sub(parts.m, M::constant_f32(1.0f));
  const auto rest = M::muladd(parts.e, M::constant_f32(-2.12194440e-4f), elementary::log1p_rest<M>(f));
  const auto sum = M::muladd(parts.e, M::constant_f32(0.693359375f), M::add(f, rest));
  const auto inf = M::constant_f32(std::numeric_limits<float>::infinity());
  const auto nan = M::constant_f32(std::numeric_limits<float>::quiet_NaN());
  const auto finite = M::select(M::less(x, inf), sum, M::add(x, x));
  const auto zero = M::constant_f32(0.0f);
  return M::select(M::equal(x, zero), M::neg(inf), M::select(M::less(x, zero), nan, finite));
}

/// Hyperbolic tangent (Cephes, tanhf.c).
template <class M>
typename M::F tanh(M& m, const typename M::F& x) {
  const auto magnitude = M::abs(x);
  const auto square = M::mul(x, x);
  const auto p = elementary::polynomial<M>(square, {-5.70498872745e-3f, 2.06390887954e-2f, -5.37397155531e-2f,
                                                    1.33314422036e-1f, -3.33332819422e-1f});
  const auto small = M::muladd(M::mul(p, square), x, x);
  const auto twice = exp(m, M::add(M::min(magnitude, M::constant_f32(10.0f)), M::min(magnitude, M::constant_f32(10.0f))));
  const auto one = M::constant_f32(1.0f);
  const auto large = M::sub(one, M::div(M::constant_f32(2.0f), M::add(twice, one)));
  return M::select(M::less(magnitude, M::constant_f32(0.625f)), small, elementary::copy_sign<M>(large, x));
}

/// 1 / (1 + e^-x)
template <class M>
typename M::F sigmoid(M& m, const typename M::F& x) {
  const auto one = M::constant_f32(1.0f);
  return M::div(one, M::add(one, exp(m, M::neg(x))));
}

/// The error function: an odd polynomial near 0, 1 - e^polynomial beyond (N. Juffa's minimax coefficients).
template <class M>
typename M::F erf(M& m, const typename M::F& x) {
  const auto t = M::abs(x);
  const auto square = M::mul(x, x);
  const auto p = elementary::polynomial<M>(square, {-5.96761703e-4f, 4.99119423e-3f, -2.67681349e-2f, 1.12819925e-1f,
                                                    -3.76125336e-1f, 1.28379166e-1f});
  const auto small = M::muladd(p, x, x);
  const auto bounded = M::min(t, M::constant_f32(4.0f));
  const auto q = elementary::polynomial<M>(bounded, {-1.72853470e-5f, 3.83197126e-4f, -3.88396438e-3f, 2.42546219e-2f,
                                                     -1.06777877e-1f, -6.34846687e-1f, -1.28717512e-1f});
  const auto exponent = M::sub(M::mul(q, bounded), bounded);
  const auto large = M::sub(M::constant_f32(1.0f), exp(m, exponent));
  return M::select(M::less_equal(t, M::constant_f32(0.927734375f)), small, elementary::copy_sign<M>(large, x));
}

namespace elementary {

/// sin (shift 0) or cos (shift 1): Cody-Waite by pi/2 in three parts, good for |x| <= 1e4 (Cephes, sinf.c).
template <class M>
typename M::F circular(const typename M::F& x, int32_t shift) {
  const auto j = M::nearest(M::mul(x, M::constant_f32(0.636619772367581343f)));
  auto r = M::sub(x, M::mul(j, M::constant_f32(1.5703125f)));
  r = M::sub(r, M::mul(j, M::constant_f32(4.837512969970703125e-4f)));
  r = M::sub(r, M::mul(j, M::constant_f32(7.549789948768648e-8f)));
  const auto z = M::mul(r, r);
  const auto s = polynomial<M>(z, {-1.9515295891e-4f, 8.3321608736e-3f, -1.6666654611e-1f});
  const auto sine = M::muladd(M::mul(s, z), r, r);
  const auto c = polynomial<M>(z, {2.443315711809948e-5f, -1.388731625493765e-3f, 4.166664568298827e-2f});
  const auto half = M::muladd(z, M::constant_f32(-0.5f), M::constant_f32(1.0f));
  const auto cosine = M::muladd(M::mul(c, z), z, half);
  const auto quadrant = M::add(M::convert_i32(j), M::constant_i32(shift));
  const auto zero = M::constant_i32(0);
  const auto even = M::equal(M::bit_and(quadrant, M::constant_i32(1)), zero);
  const auto value = M::select(even, sine, cosine);
  const auto positive = M::equal(M::bit_and(quadrant, M::constant_i32(2)), zero);
  return M::select(positive, value, M::neg(value));
}

}  // namespace elementary

template <class M>
typename M::F sin(M&, const typename M::F& x) {
  return elementary::circular<M>(x, 0);
}
template <class M>
typename M::F cos(M&, const typename M::F& x) {
  return elementary::circular<M>(x, 1);
}

/// x^y as C's pow: the exponent part of log2 x and its product with y are kept apart, so that only log2 of the mantissa is rounded.
template <class M>
typename M::F pow(M&, const typename M::F& x, const typename M::F& y_any) {
  const auto zero = M::constant_f32(0.0f), one = M::constant_f32(1.0f);
  const auto inf = M::constant_f32(std::numeric_limits<float>::infinity());
  const auto low = M::max(y_any, M::constant_f32(-1e12f));
  const auto y = M::min(low, M::constant_f32(1e12f));
  const auto magnitude = M::abs(x);
  const auto parts = elementary::parts<M>(M::min(magnitude, M::constant_f32(std::numeric_limits<float>::max())));
  const auto f = M::sub(parts.m, one);
  const auto natural = M::add(f, elementary::log1p_rest<M>(f));
  // log2(m) = natural * log2(e), with log2(e) = 1.5 - 0.0573…: the first product is nearly exact.
  const auto log2m = M::muladd(natural, M::constant_f32(-0.0573049591110366f), M::mul(natural, M::constant_f32(1.5f)));
  const auto y_high = M::bitcast_f32(M::bit_and(M::bitcast_i32(y), M::constant_i32(-4096)));
  const auto y_low = M::sub(y, y_high);
  const auto main_part = M::mul(y_high, parts.e);
  const auto whole = M::nearest(main_part);
  const auto rest = M::add(M::muladd(y_low, parts.e, M::sub(main_part, whole)), M::mul(y, log2m));
  const auto more = M::nearest(rest);
  const auto fraction = M::sub(rest, more);
  const auto exponent_low = M::max(M::add(whole, more), M::constant_f32(-250.0f));
  const auto exponent = M::min(exponent_low, M::constant_f32(250.0f));
  auto result = elementary::scale<M>(elementary::exp2_small<M>(M::select(M::less(M::abs(fraction), one), fraction, zero)),
                                     M::convert_i32(exponent));
  const auto down = M::less(y_any, zero);
  result = M::select(M::equal(magnitude, zero), M::select(down, inf, zero), result);
  result = M::select(M::equal(magnitude, inf), M::select(down, zero, inf), result);
  const auto integer = M::equal(M::trunc(y_any), y_any);
  const auto half = M::mul(y_any, M::constant_f32(0.5f));
  const auto odd = M::logical_and(integer, M::logical_not(M::equal(M::trunc(half), half)));
  const auto negative = M::less(M::bitcast_f32(M::bit_or(M::bit_and(M::bitcast_i32(x), M::constant_i32(std::numeric_limits<int32_t>::min())),
                                                         M::constant_i32(0x3f800000))),
                                zero);
  result = M::select(M::logical_and(negative, odd), M::neg(result), result);
  const auto nan = M::constant_f32(std::numeric_limits<float>::quiet_NaN());
  const auto outside = M::logical_and(M::less(x, zero), M::logical_not(integer));
  result = M::select(M::logical_and(outside, M::less(magnitude, inf)), nan, result);
  result = M::select(M::logical_and(M::equal(x, x), M::equal(y_any, y_any)), result, nan);
  const auto unit = M::logical_and(M::equal(magnitude, one), M::equal(M::abs(y_any), inf));
  const auto always_one = M::logical_or(M::logical_or(M::equal(x, one), M::equal(y_any, zero)), unit);
  return M::select(always_one, one, result);
}

// The same in plain C++ f32, and in f64 for the arbiter (elementary.cpp).
float exp_f32(float x);
float log_f32(float x);
float tanh_f32(float x);
float sigmoid_f32(float x);
float erf_f32(float x);
float sin_f32(float x);
float cos_f32(float x);
float pow_f32(float x, float y);
double exp_f64(double x);
double log_f64(double x);
double tanh_f64(double x);
double sigmoid_f64(double x);
double erf_f64(double x);
double sin_f64(double x);
double cos_f64(double x);
double pow_f64(double x, double y);

}  // namespace weft

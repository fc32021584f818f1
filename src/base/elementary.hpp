// exp, log, tanh, sigmoid, atan, erf, sin, cos, pow on f32, each written once as a template over an algebra
// M: the same expression runs in C++ (ScalarMath, base/scalar_math.hpp) and is emitted into kernels
// (lower/loop_math.hpp), so both agree bit by bit, and no libm is involved (they differ between systems).
//
// The algebra. M has the types F (f32), I (i32), B (boolean), and as (static) members:
//   F constant_f32(float), I constant_i32(int32_t)
//   F add sub mul div (F, F), neg abs sqrt floor nearest trunc (F); nearest rounds ties to even
//   F min max (F, F): NaN if either is NaN, -0 before +0
//   F muladd(a, b, c): a * b + c, rounded once or twice as the target likes; ScalarMath rounds twice
//   B less less_equal equal (F, F), equal (I, I), logical_and logical_or (B, B), logical_not (B)
//   F select(B, F, F), I select(B, I, I): both are evaluated
//   I add sub mul bit_and bit_or bit_xor shl shr_s shr_u (I, I); these wrap, shift counts are modulo 32
//   I convert_i32(F): truncates, saturates, NaN -> 0; F convert_f32(I); I bitcast_i32(F); F bitcast_f32(I)
// The functions are straight-line: no branch or loop depends on a value. Where an exact product matters it is
// a mul and a sub, never a muladd; elsewhere a fused muladd only improves the result.
//
// Polynomials are minimax fits of this project on the intervals given beside them, coefficients rounded to
// f32. The errors stated here are asserted by tests/base/elementary_test.cpp.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <limits>

#include "base/scalar_math.hpp"

namespace weft {

namespace elementary {

/// coefficients[0] + x * (coefficients[1] + x * …).
template <class M>
typename M::F polynomial(M& m, const typename M::F& x, std::initializer_list<float> coefficients) {
  auto c = std::rbegin(coefficients);
  typename M::F sum = m.constant_f32(*c);
  for (++c; c != std::rend(coefficients); ++c) sum = m.muladd(sum, x, m.constant_f32(*c));
  return sum;
}

/// min(max(x, low), high); NaN stays NaN.
template <class M>
typename M::F clamp(M& m, const typename M::F& x, float low, float high) {
  return m.min(m.max(x, m.constant_f32(low)), m.constant_f32(high));
}

/// 2^n as a float; -126 <= n <= 127.
template <class M>
typename M::F power_of_two(M& m, const typename M::I& n) {
  return m.bitcast_f32(m.shl(m.add(n, m.constant_i32(127)), m.constant_i32(23)));
}

/// x * 2^n for -252 <= n <= 254, in two steps so that results overflow and become subnormal as they should.
template <class M>
typename M::F scale(M& m, const typename M::F& x, const typename M::I& n) {
  const typename M::I half = m.shr_s(n, m.constant_i32(1));
  const typename M::I rest = m.sub(n, half);
  return m.mul(m.mul(x, power_of_two(m, half)), power_of_two(m, rest));
}

/// e^x = fraction * 2^exponent.
template <class M>
struct Scaled {
  typename M::F fraction;
  typename M::I exponent;
};

/// Cody and Waite's reduction by multiples of ln 2 (the high part has 15 bits, so its multiples are exact),
/// then a polynomial on |r| <= ln(2) / 2 (relative error 3.9e-9 before rounding). |x| <= 128.
template <class M>
Scaled<M> exp_scaled(M& m, const typename M::F& x) {
  const typename M::F k = m.nearest(m.mul(x, m.constant_f32(1.44269504f)));
  const typename M::F high = m.sub(x, m.mul(k, m.constant_f32(0.693145751953125f)));
  const typename M::F r = m.muladd(k, m.constant_f32(-1.42860677e-6f), high);
  const typename M::F p =
      polynomial(m, r, {0.49999994f, 0.166665211f, 0.041668389f, 0.00836871006f, 0.00138146104f});
  const typename M::F tail = m.muladd(m.mul(r, r), p, r);
  return {m.add(tail, m.constant_f32(1.0f)), m.convert_i32(k)};
}

/// e^x for -87 <= x <= 88, where one scaling step does.
template <class M>
typename M::F exp_normal(M& m, const typename M::F& x) {
  const Scaled<M> e = exp_scaled(m, x);
  return m.mul(e.fraction, power_of_two(m, e.exponent));
}

/// |x| with the sign bit of `sign`.
template <class M>
typename M::F copy_sign(M& m, const typename M::F& x, const typename M::F& sign) {
  const typename M::I bit = m.bit_and(m.bitcast_i32(sign), m.constant_i32(INT32_MIN));
  return m.bitcast_f32(m.bit_or(m.bitcast_i32(m.abs(x)), bit));
}

/// x without its 12 low bits: products of two such values are exact.
template <class M>
typename M::F upper_half(M& m, const typename M::F& x) {
  return m.bitcast_f32(m.bit_and(m.bitcast_i32(x), m.constant_i32(-4096)));
}

/// x = mantissa * 2^exponent with mantissa in [sqrt(1/2), sqrt(2)), for positive finite x, subnormals
/// included.
template <class M>
struct Split {
  typename M::F mantissa, exponent;
};
template <class M>
Split<M> split_exponent(M& m, const typename M::F& x) {
  const typename M::B tiny = m.less(x, m.constant_f32(std::numeric_limits<float>::min()));
  const typename M::F normal = m.select(tiny, m.mul(x, m.constant_f32(0x1p24f)), x);
  const typename M::I bits = m.bitcast_i32(normal);
  constexpr int32_t kSqrtHalf = 0x3f3504f3;
  const typename M::I e = m.shr_s(m.sub(bits, m.constant_i32(kSqrtHalf)), m.constant_i32(23));
  const typename M::F mantissa = m.bitcast_f32(m.sub(bits, m.shl(e, m.constant_i32(23))));
  const typename M::F shift = m.select(tiny, m.constant_f32(24.0f), m.constant_f32(0.0f));
  return {mantissa, m.sub(m.convert_f32(e), shift)};
}

/// sin and cos of x >= 0 share the reduction r = x - k * pi/2; `quadrants` is added to k: 0 gives sin x, 1
/// gives cos x. pi/2 is split in parts of 8, 11, 11 and 24 bits: multiples by k < 2^13 are exact but for the
/// last. |r| <= pi/4.
template <class M>
typename M::F sine(M& m, const typename M::F& x, int32_t quadrants) {
  const typename M::F k = m.nearest(m.mul(x, m.constant_f32(0.636619772f)));
  typename M::F r = m.sub(x, m.mul(k, m.constant_f32(1.5703125f)));
  r = m.sub(r, m.mul(k, m.constant_f32(0.0004837512969970703f)));
  r = m.sub(r, m.mul(k, m.constant_f32(7.549533620476723e-08f)));
  r = m.muladd(k, m.constant_f32(-2.563344151594519e-12f), r);
  r = clamp(m, r, -0.79f, 0.79f);  // beyond the domain of the reduction: keeps the result within [-1, 1]
  const typename M::I q = m.add(m.convert_i32(k), m.constant_i32(quadrants));
  const typename M::F z = m.mul(r, r);
  const typename M::F ps = polynomial(m, z, {-0.166666552f, 0.0083321603f, -0.000195152825f});
  const typename M::F sine_r = m.muladd(m.mul(ps, z), r, r);
  const typename M::F pc = polynomial(m, z, {-0.5f, 0.0416666456f, -0.00138873165f, 2.4433155e-05f});
  const typename M::F cosine_r = m.muladd(pc, z, m.constant_f32(1.0f));
  const typename M::B even = m.equal(m.bit_and(q, m.constant_i32(1)), m.constant_i32(0));
  const typename M::I sign = m.shl(m.bit_and(q, m.constant_i32(2)), m.constant_i32(30));
  return m.bitcast_f32(m.bit_xor(m.bitcast_i32(m.select(even, sine_r, cosine_r)), sign));
}

}  // namespace elementary

/// e^x, <= 1.05 ulp; subnormal results are kept, overflow gives infinity.
template <class M>
typename M::F exp(M& m, const typename M::F& x) {
  const auto e = elementary::exp_scaled(m, elementary::clamp(m, x, -104.0f, 89.0f));
  return elementary::scale(m, e.fraction, e.exponent);
}

/// Natural logarithm, <= 1.1 ulp; 0 -> -inf, negative -> NaN.
template <class M>
typename M::F log(M& m, const typename M::F& x) {
  const auto split = elementary::split_exponent(m, x);
  const typename M::F f = m.sub(split.mantissa, m.constant_f32(1.0f));
  const typename M::F z = m.mul(f, f);
  const typename M::F p =
      elementary::polynomial(m, f,
                             {0.333333135f, -0.250000089f, 0.200021192f, -0.166679963f, 0.142195508f,
                              -0.124055915f, 0.118881747f, -0.116756409f, 0.0674660131f});
  typename M::F tail = m.mul(m.mul(p, f), z);
  tail = m.muladd(split.exponent, m.constant_f32(1.42860677e-6f), tail);
  tail = m.muladd(z, m.constant_f32(-0.5f), tail);
  const typename M::F sum = m.add(f, tail);
  const typename M::F result = m.muladd(split.exponent, m.constant_f32(0.693145751953125f), sum);
  constexpr float kInf = std::numeric_limits<float>::infinity();
  const typename M::F zero = m.constant_f32(0.0f);
  const typename M::F nan = m.constant_f32(std::numeric_limits<float>::quiet_NaN());
  const typename M::F at_most_zero = m.select(m.equal(x, zero), m.constant_f32(-kInf), nan);
  const typename M::F positive = m.select(m.less(x, m.constant_f32(kInf)), result, x);  // inf and NaN pass
  return m.select(m.less_equal(x, zero), at_most_zero, positive);
}

/// <= 2 ulp; odd, so that zeros keep their sign.
template <class M>
typename M::F tanh(M& m, const typename M::F& x) {
  const typename M::F a = m.min(m.abs(x), m.constant_f32(10.0f));  // tanh(10) rounds to 1
  const typename M::F z = m.mul(a, a);
  const typename M::F p =  // on a <= 0.625
      elementary::polynomial(m, z,
                             {-0.333332807f, 0.133314416f, -0.0537397116f, 0.0206390787f, -0.00570497848f});
  const typename M::F small = m.muladd(m.mul(p, z), a, a);
  const typename M::F one = m.constant_f32(1.0f);
  const typename M::F e = elementary::exp_normal(m, m.add(a, a));
  const typename M::F large = m.sub(one, m.div(m.constant_f32(2.0f), m.add(e, one)));
  return elementary::copy_sign(m, m.select(m.less(a, m.constant_f32(0.625f)), small, large), x);
}

/// 1 / (1 + e^-x), <= 2.5 ulp; e^-|x| cannot overflow, and negative x keep their precision down to the
/// subnormals.
template <class M>
typename M::F sigmoid(M& m, const typename M::F& x) {
  const typename M::F one = m.constant_f32(1.0f);
  const typename M::F e = exp(m, m.neg(m.abs(x)));
  const typename M::F numerator = m.select(m.less(x, m.constant_f32(0.0f)), e, one);
  return m.div(numerator, m.add(one, e));
}

/// <= 2 ulp. Below 0.927 a polynomial in x^2, above it 1 - e^(-t + t Q(t)) with t = |x|.
template <class M>
typename M::F erf(M& m, const typename M::F& x) {
  const typename M::F t = m.min(m.abs(x), m.constant_f32(4.0f));  // erf(4) rounds to 1
  const typename M::F p = elementary::polynomial(
      m, m.mul(t, t),
      {0.128379151f, -0.376124829f, 0.112817161f, -0.0267629419f, 0.0049877353f, -0.000596288126f});
  const typename M::F small = m.muladd(p, t, t);
  const typename M::F q = elementary::polynomial(m, t,
                                                 {-0.128651932f, -0.635137379f, -0.106259935f, 0.0237819087f,
                                                  -0.00365183759f, 0.000325109257f, -1.1461525e-05f});
  const typename M::F exponent = m.sub(m.mul(q, t), t);
  const typename M::F large = m.sub(m.constant_f32(1.0f), elementary::exp_normal(m, exponent));
  return elementary::copy_sign(m, m.select(m.less(t, m.constant_f32(0.927f)), small, large), x);
}

/// <= 2.5 ulp for |x| <= 1e4, near its zeros too. Beyond 1e4 the argument reduction loses digits (none are
/// right from about 1e8 on), yet the result stays in [-1, 1]; NaN at the infinities.
template <class M>
typename M::F sin(M& m, const typename M::F& x) {
  const typename M::I sign = m.bit_and(m.bitcast_i32(x), m.constant_i32(INT32_MIN));
  const typename M::F magnitude = elementary::sine(m, m.abs(x), 0);
  return m.bitcast_f32(m.bit_xor(m.bitcast_i32(magnitude), sign));
}

/// As sin.
template <class M>
typename M::F cos(M& m, const typename M::F& x) {
  return elementary::sine(m, m.abs(x), 1);
}

namespace elementary {

/// A sum of two floats, |low| much smaller than |high|.
template <class M>
struct Pair {
  typename M::F high, low;
};

/// log2 of positive finite x to about 2^-29 of itself: with s = (m-1)/(m+1), log2(m) = 2/ln2 * (s + s^3
/// P(s^2)), where s and 2/ln2 are carried as a 12-bit upper part and a rest.
template <class M>
Pair<M> log2_pair(M& m, const typename M::F& x) {
  const Split<M> split = split_exponent(m, x);
  const typename M::F f = m.sub(split.mantissa, m.constant_f32(1.0f));
  const typename M::F two = m.constant_f32(2.0f);
  const typename M::F d = m.add(f, two);
  const typename M::F s = m.div(f, d);
  const typename M::F sh = upper_half(m, s);
  const typename M::F dh = upper_half(m, d);
  const typename M::F dl = m.sub(f, m.sub(dh, two));
  const typename M::F residue = m.sub(f, m.mul(sh, dh));
  const typename M::F sl = m.div(m.sub(residue, m.mul(sh, dl)), d);
  const typename M::F z = m.mul(s, s);
  const typename M::F p = polynomial(m, z, {0.333333313f, 0.200001672f, 0.142686427f, 0.117913015f});
  const typename M::F rest = m.add(sl, m.mul(m.mul(p, z), s));
  const typename M::F high = m.mul(sh, m.constant_f32(2.884765625f));
  const typename M::F rest_low = m.mul(rest, m.constant_f32(2.88539008f));
  const typename M::F low = m.muladd(sh, m.constant_f32(0.0006244567779268147f), rest_low);
  const typename M::F sum = m.add(split.exponent, high);
  const typename M::F error = m.sub(high, m.sub(sum, split.exponent));
  return {sum, m.add(error, low)};
}

/// 2^(high + low) for |high| up to 1e13.
template <class M>
typename M::F exp2_pair(M& m, const Pair<M>& p) {
  const typename M::F k = m.nearest(clamp(m, m.add(p.high, p.low), -151.0f, 129.0f));
  const typename M::F r = clamp(m, m.add(m.sub(p.high, k), p.low), -1.0f, 1.0f);
  const typename M::F q = polynomial(
      m, r, {0.693147182f, 0.240226477f, 0.0555033237f, 0.00961843692f, 0.0013398875f, 0.000153533605f});
  return scale(m, m.muladd(q, r, m.constant_f32(1.0f)), m.convert_i32(k));
}

/// x^y for positive finite x.
template <class M>
typename M::F pow_positive(M& m, const typename M::F& x, const typename M::F& y) {
  const Pair<M> l = log2_pair(m, x);
  // The least non-zero |log2 x| is 2^-24 / ln 2, so beyond 2^32 the exponent's size no longer matters.
  const typename M::F e = clamp(m, y, -0x1p32f, 0x1p32f);
  const typename M::F lh = upper_half(m, m.add(l.high, l.low));
  const typename M::F ll = m.sub(l.low, m.sub(lh, l.high));
  const typename M::F eh = upper_half(m, e);
  const typename M::F el = m.sub(e, eh);
  const typename M::F el_part = m.mul(el, m.add(lh, ll));
  return exp2_pair(m, Pair<M>{m.mul(eh, lh), m.muladd(eh, ll, el_part)});
}

}  // namespace elementary

/// x^y with C's special cases (C17 F.10.4.4); relative error <= 3e-7 where the result is normal.
template <class M>
typename M::F pow(M& m, const typename M::F& x, const typename M::F& y) {
  using F = typename M::F;
  using B = typename M::B;
  const F zero = m.constant_f32(0.0f);
  const F one = m.constant_f32(1.0f);
  const F inf = m.constant_f32(std::numeric_limits<float>::infinity());
  const F nan = m.constant_f32(std::numeric_limits<float>::quiet_NaN());
  const F a = m.abs(x);
  const B y_negative = m.less(y, zero);
  const B a_finite = m.less(a, inf);
  const F at_zero = m.select(y_negative, inf, zero);
  const F at_inf = m.select(y_negative, zero, inf);
  const F not_zero = m.select(a_finite, elementary::pow_positive(m, a, y), at_inf);
  const F magnitude = m.select(m.equal(a, zero), at_zero, not_zero);

  const F half = m.mul(y, m.constant_f32(0.5f));
  const B y_integer = m.equal(m.floor(y), y);
  const B y_odd = m.logical_and(y_integer, m.logical_not(m.equal(m.floor(half), half)));
  const F with_sign = m.select(y_odd, elementary::copy_sign(m, magnitude, x), magnitude);
  const B negative = m.logical_and(m.less(x, zero), a_finite);
  const B outside = m.logical_and(negative, m.logical_not(y_integer));
  const B unordered = m.logical_not(m.logical_and(m.equal(x, x), m.equal(y, y)));
  const F general = m.select(m.logical_or(outside, unordered), nan, with_sign);
  return m.select(m.logical_or(m.equal(y, zero), m.equal(x, one)), one, general);
}

/// Arc tangent, <= 2.7 ulp: reduced by tan(pi/8) and tan(3 pi/8) (Cephes, Moshier), then an odd polynomial.
template <class M>
typename M::F atan(M& m, const typename M::F& x) {
  using F = typename M::F;
  using B = typename M::B;
  const F one = m.constant_f32(1.0f);
  const F a = m.abs(x);
  const B large = m.less(m.constant_f32(2.414213562373095f), a);
  const B middle = m.less(m.constant_f32(0.4142135623730950f), a);
  const F by_middle = m.div(m.sub(a, one), m.add(a, one));
  const F by_large = m.neg(m.div(one, a));
  const F r = m.select(large, by_large, m.select(middle, by_middle, a));
  const F offset = m.select(large, m.constant_f32(1.5707963267948966f),
                            m.select(middle, m.constant_f32(0.7853981633974483f), m.constant_f32(0.0f)));
  const F z = m.mul(r, r);
  const F p = elementary::polynomial(
      m, z, {-3.33329491539e-1f, 1.99777106478e-1f, -1.38776856032e-1f, 8.05374449538e-2f});
  const F tail = m.muladd(m.mul(p, z), r, r);
  return elementary::copy_sign(m, m.add(offset, tail), x);
}

// Ordinary use. The f64 forms are what the arbiter computes with: relative error about 1e-15 (sin and cos for
// |x| <= 1e6).
float exp_f32(float x);
float log_f32(float x);
float tanh_f32(float x);
float sigmoid_f32(float x);
float atan_f32(float x);
float erf_f32(float x);
float sin_f32(float x);
float cos_f32(float x);
float pow_f32(float x, float y);

double exp_f64(double x);
double log_f64(double x);
double tanh_f64(double x);
double sigmoid_f64(double x);
double atan_f64(double x);
double erf_f64(double x);
double sin_f64(double x);
double cos_f64(double x);
double pow_f64(double x, double y);

}  // namespace weft

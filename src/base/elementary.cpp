// The elementary functions in plain C++: f32 from the shared templates, f64 for the arbiter.
#include "base/elementary.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace weft {

#define WEFT_F32(name)        \
  float name##_f32(float x) { \
    ScalarMath m;             \
    return name(m, x);        \
  }
WEFT_F32(exp)
WEFT_F32(log)
WEFT_F32(tanh)
WEFT_F32(sigmoid)
WEFT_F32(atan)
WEFT_F32(erf)
WEFT_F32(sin)
WEFT_F32(cos)
#undef WEFT_F32

float pow_f32(float x, float y) {
  ScalarMath m;
  return pow(m, x, y);
}

namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kLn2High = 0x1.62e42fee00000p-1;  // 32 bits: its multiples by an exponent are exact
constexpr double kLn2Low = 0x1.a39ef35793c76p-33;

/// x * 2^n, |n| <= 2200, rounded once unless the result is subnormal.
double scale(double x, int n) {
  const auto power = [](int e) { return std::bit_cast<double>(static_cast<uint64_t>(e + 1023) << 52); };
  while (n > 1023) x *= power(1023), n -= 1023;
  while (n < -1022) x *= power(-969), n += 969;  // leaves 53 bits, so that only the last step rounds
  return x * power(n);
}

/// e^r - 1 for |r| <= 0.35: the Taylor series, whose rest is below 2^-57 of the result.
double expm1_small(double r) {
  double sum = 0;
  for (int n = 16; n >= 3; --n) sum = (sum + 1) * r / n;
  return r + r * (sum + 1) * r / 2;
}

/// e^(x + low).
double exp_sum(double x, double low) {
  if (x != x) return x;
  if (x > 710) return kInf;
  if (x < -750) return 0;
  const double k = std::rint(x * 0x1.71547652b82fep+0);
  const double r = (x - k * kLn2High) - k * kLn2Low + low;
  return scale(1 + expm1_small(r), static_cast<int>(k));
}

double expm1_f64(double x) { return std::fabs(x) <= 0.35 ? expm1_small(x) : exp_f64(x) - 1; }

struct Split {
  double mantissa;  ///< in [sqrt(1/2), sqrt(2))
  int exponent;
};
Split split_exponent(double x) {
  int exponent = 0;
  if (x < std::numeric_limits<double>::min()) x *= 0x1p54, exponent = -54;
  const auto bits = std::bit_cast<int64_t>(x);
  const int64_t e = (bits - 0x3fe6a09e667f3bcd) >> 52;
  return {std::bit_cast<double>(bits - e * (int64_t{1} << 52)), exponent + static_cast<int>(e)};
}

/// sum of z^n / (2n + 1) from n = 1, for z <= 0.0295.
double atanh_tail(double z) {
  double sum = 0;
  for (int n = 12; n >= 1; --n) sum = (sum + 1.0 / (2 * n + 1)) * z;
  return sum;
}

/// r = x - k * pi/2 as a sum; pi/2 in parts of 33 bits, exact for k < 2^20.
struct Reduced {
  double r;
  int64_t quadrant;
};
Reduced reduce_angle(double x) {
  const double k = std::rint(x * 0x1.45f306dc9c883p-1);
  double r = x - k * 0x1.921fb54400000p+0;
  r -= k * 0x1.0b4611a600000p-34;
  r -= k * 0x1.3198a2e000000p-69;
  r -= k * 0x1.b83a000000000p-104;
  const int64_t quadrant = std::fabs(k) < 0x1p62 ? static_cast<int64_t>(k) : 0;
  return {std::clamp(r, -0.79, 0.79), quadrant};
}

double sine(Reduced a) {
  const double z = a.r * a.r;
  double sum = 0;
  if (a.quadrant & 1) {
    for (int n = 20; n >= 2; n -= 2) sum = -(sum + 1) * z / (n * (n - 1));
    sum += 1;
  } else {
    for (int n = 21; n >= 3; n -= 2) sum = -(sum + 1) * z / (n * (n - 1));
    sum = a.r + a.r * sum;
  }
  return a.quadrant & 2 ? -sum : sum;
}

/// A sum of two doubles.
struct Pair {
  double high, low;
};
Pair two_product(double a, double b) {
  const double high = a * b;
  return {high, std::fma(a, b, -high)};
}
Pair two_sum(double a, double b) {
  const double high = a + b;
  const double b_part = high - a;
  return {high, (a - (high - b_part)) + (b - b_part)};
}

/// Natural logarithm of positive finite x, to about 2^-60 of itself.
Pair log_pair(double x) {
  const Split split = split_exponent(x);
  const double f = split.mantissa - 1;
  const Pair d = two_sum(f, 2);
  const double s = f / d.high;
  const double s_low = (std::fma(-s, d.high, f) - s * d.low) / d.high;
  const double tail = 2 * (s_low + s * atanh_tail(s * s));
  const Pair sum = two_sum(split.exponent * kLn2High, 2 * s);
  const double low = sum.low + (split.exponent * kLn2Low + tail);
  const double high = sum.high + low;
  return {high, low - (high - sum.high)};
}

/// x^y for positive finite x.
double pow_positive(double x, double y) {
  const Pair l = log_pair(x);
  const double e = std::clamp(y, -0x1p64, 0x1p64);
  const Pair p = two_product(l.high, e);
  return exp_sum(p.high, p.low + l.low * e);
}

/// 1 - erf(x) for x >= 3: Laplace's continued fraction.
double erfc_large(double x) {
  double fraction = x;
  for (int n = 60; n >= 1; --n) fraction = x + n * 0.5 / fraction;
  return exp_f64(-x * x) * 0.5641895835477563 / fraction;
}

}  // namespace

double exp_f64(double x) { return exp_sum(x, 0); }

double log_f64(double x) {
  if (x == 0) return -kInf;
  if (!(x > 0)) return kNan;
  if (x == kInf) return x;
  const Pair l = log_pair(x);
  return l.high + l.low;
}

double tanh_f64(double x) {
  const double a = std::fabs(x);
  if (a > 22) return std::copysign(1.0, x);
  const double e = expm1_f64(2 * a);
  return std::copysign(e / (e + 2), x);
}

double sigmoid_f64(double x) {
  const double e = exp_f64(-std::fabs(x));
  return (x < 0 ? e : 1) / (1 + e);
}

double atan_f64(double x) {
  if (x != x) return x;
  const double a = std::fabs(x);
  // atan a = pi/2 - atan 1/a; then atan a = 2 atan(a / (1 + sqrt(1 + a^2))) until the series is short.
  double r = a > 1 ? 1 / a : a;
  double factor = 1;
  for (; r > 0.1; factor *= 2) r = r / (1 + std::sqrt(1 + r * r));
  double sum = 0;
  for (int n = 21; n >= 1; n -= 2) sum = 1.0 / n - r * r * sum;
  const double angle = factor * r * sum;
  return std::copysign(a > 1 ? 1.5707963267948966 - angle : angle, x);
}

double erf_f64(double x) {
  const double a = std::fabs(x);
  if (a != a) return x;
  if (a > 6) return std::copysign(1.0, x);
  if (a > 3) return std::copysign(1 - erfc_large(a), x);
  // erf x = 2/sqrt(pi) e^(-x^2) sum of 2^n x^(2n+1) / (1 3 5 … (2n+1)): all terms positive.
  double sum = 0;
  for (int n = 64; n >= 1; --n) sum = (sum + 1) * (2 * a * a / (2 * n + 1));
  return 1.1283791670955126 * exp_f64(-a * a) * (x + x * sum);
}

double sin_f64(double x) {
  if (x == 0) return x;
  return x - x != 0 ? kNan : sine(reduce_angle(x));
}

double cos_f64(double x) {
  if (x - x != 0) return kNan;
  Reduced a = reduce_angle(x);
  a.quadrant += 1;
  return sine(a);
}

double pow_f64(double x, double y) {
  if (y == 0 || x == 1) return 1;
  if (x != x || y != y) return kNan;
  const double a = std::fabs(x);
  const bool integer = std::floor(y) == y;
  const bool odd = integer && std::floor(y * 0.5) != y * 0.5;
  double magnitude;
  if (a == 0) magnitude = y < 0 ? kInf : 0;
  else if (a == kInf) magnitude = y < 0 ? 0 : kInf;
  else if (x < 0 && !integer) return kNan;
  else magnitude = pow_positive(a, y);
  return odd ? std::copysign(magnitude, x) : magnitude;
}

}  // namespace weft

// The elementary functions against libm, over bit patterns spread across all floats and over dense ordinary
// ranges.
#include "base/elementary.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>

namespace weft {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

double ulp_of(double reference) {
  int exponent = 0;
  std::frexp(reference, &exponent);
  return std::ldexp(1.0, std::max(exponent - 24, -149));
}

/// Distance from the exact value in units of the last place of f32; 1e9 where only one of both is NaN or
/// infinite.
double ulps(float got, double reference) {
  if (std::isnan(got) || std::isnan(reference)) return std::isnan(got) == std::isnan(reference) ? 0 : 1e9;
  const auto rounded = static_cast<float>(reference);
  if (got == rounded) return 0;
  if (std::isinf(got)) return std::fabs(reference) > 3.4028e38 ? 0 : 1e9;
  if (std::isinf(rounded)) return std::fabs(got) > 3.4028e38f ? 0 : 1e9;
  return std::fabs(got - reference) / ulp_of(reference);
}

double libm_sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

struct Case {
  const char* name;
  float (*ours)(float);
  double (*libm)(double);
  double low, high;  ///< the dense range
  double bound;      ///< ulps
  bool everywhere;   ///< also over all bit patterns; else over those with |x| <= 1e4
};

const Case kCases[] = {
    {"exp", exp_f32, std::exp, -104, 89, 1.05, true},
    {"log", log_f32, std::log, 0, 4, 1.1, true},
    {"tanh", tanh_f32, std::tanh, -10, 10, 2, true},
    {"sigmoid", sigmoid_f32, libm_sigmoid, -100, 30, 2.5, true},
    {"atan", atan_f32, std::atan, -50, 50, 2.7, true},
    {"erf", erf_f32, std::erf, -4, 4, 2, true},
    {"sin", sin_f32, std::sin, -1e4, 1e4, 2.5, false},
    {"cos", cos_f32, std::cos, -1e4, 1e4, 2.5, false},
};

TEST(Elementary, F32AgainstLibm) {
  for (const Case& c : kCases) {
    double worst = 0;
    float where = 0;
    const auto check = [&](float x) {
      const double error = ulps(c.ours(x), c.libm(x));
      if (error > worst) worst = error, where = x;
    };
    for (int i = 0; i <= 1000000; ++i) check(static_cast<float>(c.low + (c.high - c.low) * i / 1000000));
    for (uint64_t bits = 0; bits <= UINT32_MAX; bits += 4096 + 5) {
      const auto x = std::bit_cast<float>(static_cast<uint32_t>(bits));
      if (c.everywhere || std::fabs(x) <= 1e4) check(x);
    }
    std::printf("%-8s %.3f ulp at %.9g\n", c.name, worst, static_cast<double>(where));
    EXPECT_LE(worst, c.bound) << c.name << " at " << where;
  }
}

// The floats nearest to multiples of pi/2 are where an argument reduction fails first.
TEST(Elementary, SineNearItsZeros) {
  double worst = 0;
  for (int k = 1; k <= 6366; ++k) {
    const auto near = static_cast<float>(k * 1.5707963267948966);
    for (const float x : {std::nextafter(near, 0.0f), near, std::nextafter(near, kInf)}) {
      worst = std::max(worst, ulps(sin_f32(x), std::sin(static_cast<double>(x))));
      worst = std::max(worst, ulps(cos_f32(x), std::cos(static_cast<double>(x))));
    }
  }
  std::printf("sin, cos near zeros %.3f ulp\n", worst);
  EXPECT_LE(worst, 2);
}

TEST(Elementary, SpecialValues) {
  EXPECT_EQ(exp_f32(0), 1);
  EXPECT_EQ(exp_f32(-kInf), 0);
  EXPECT_EQ(exp_f32(kInf), kInf);
  EXPECT_EQ(exp_f32(89), kInf);
  EXPECT_EQ(log_f32(0), -kInf);
  EXPECT_EQ(log_f32(-0.0f), -kInf);
  EXPECT_EQ(log_f32(1), 0);
  EXPECT_EQ(log_f32(kInf), kInf);
  EXPECT_TRUE(std::isnan(log_f32(-1)));
  EXPECT_TRUE(std::isnan(log_f32(-kInf)));
  for (const auto f : {tanh_f32, erf_f32}) {
    EXPECT_EQ(f(kInf), 1);
    EXPECT_EQ(f(-kInf), -1);
  }
  for (const auto f : {tanh_f32, erf_f32, sin_f32}) {
    EXPECT_TRUE(std::signbit(f(-0.0f)));
    EXPECT_FALSE(std::signbit(f(0.0f)));
    EXPECT_EQ(f(0.0f), 0);
  }
  EXPECT_EQ(sigmoid_f32(-kInf), 0);
  EXPECT_EQ(sigmoid_f32(kInf), 1);
  EXPECT_EQ(sigmoid_f32(0), 0.5f);
  EXPECT_EQ(cos_f32(0), 1);
  for (const auto f : {exp_f32, log_f32, tanh_f32, sigmoid_f32, erf_f32, sin_f32, cos_f32})
    EXPECT_TRUE(std::isnan(f(kNan)));
  for (const auto f : {sin_f32, cos_f32}) {
    EXPECT_TRUE(std::isnan(f(kInf)));
    for (const float x : {1e5f, 1e8f, 1e20f, 3e38f}) EXPECT_LE(std::fabs(f(x)), 1);
  }
}

TEST(Elementary, PowHasTheSpecialValuesOfC) {
  const float samples[] = {0,      -0.0f, 1,     -1,    2,      -2,          0.5f,         -0.5f,
                           3,      -3,    2.5f,  -2.5f, 1e-40f, 16777216.0f, -16777215.0f, 1e30f,
                           -1e30f, kInf,  -kInf, kNan};
  for (const float x : samples) {
    for (const float y : samples) {
      const float got = pow_f32(x, y);
      const double exact = std::pow(static_cast<double>(x), static_cast<double>(y));
      EXPECT_LE(ulps(got, exact), 4) << x << " ^ " << y << " = " << got;
      const double wide = pow_f64(x, y);
      if (std::isnan(exact)) {
        EXPECT_TRUE(std::isnan(wide)) << x << " ^ " << y << " = " << wide;
        continue;
      }
      EXPECT_EQ(std::signbit(got), std::signbit(exact)) << x << " ^ " << y;
      EXPECT_EQ(std::signbit(wide), std::signbit(exact)) << x << " ^ " << y;
      if (std::isinf(exact) || exact == 0) {
        EXPECT_EQ(wide, exact) << x << " ^ " << y;
      }
    }
  }
}

/// In [0, 1).
double next_random(uint64_t& state) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return static_cast<double>(state >> 33) / 2147483648.0;
}

TEST(Elementary, PowOverRandomArguments) {
  uint64_t state = 1;
  double worst = 0;
  double worst_wide = 0;
  for (int i = 0; i < 1500000; ++i) {
    // Bases over all magnitudes and near 1; exponents so that results cover the whole range.
    const double log_base = (next_random(state) - 0.5) * (i % 2 ? 250 : 0.01);
    const auto x = static_cast<float>(std::exp2(log_base));
    auto y = static_cast<float>((next_random(state) - 0.5) * 250 / std::max(std::fabs(log_base), 1e-6));
    const float sign = i % 16 == 0 ? -1 : 1;
    if (sign < 0) y = std::rint(y);
    const double exact = std::pow(static_cast<double>(sign * x), static_cast<double>(y));
    if (std::fabs(exact) > 3e38 || std::fabs(exact) < 1.2e-38) continue;
    worst = std::max(worst, std::fabs((pow_f32(sign * x, y) - exact) / exact));
    worst_wide = std::max(worst_wide, std::fabs((pow_f64(sign * x, y) - exact) / exact));
  }
  std::printf("pow relative error %.3g (f32), %.3g (f64)\n", worst, worst_wide);
  EXPECT_LE(worst, 3e-7);
  EXPECT_LE(worst_wide, 1e-15);
}

long double long_sigmoid(long double x) { return 1 / (1 + std::exp(-x)); }

struct WideCase {
  const char* name;
  double (*ours)(double);
  long double (*libm)(long double);
  double low, high;
};

const WideCase kWideCases[] = {
    {"exp", exp_f64, std::exp, -708, 709},    {"log", log_f64, std::log, 0, 4},
    {"log", log_f64, std::log, 0, 1e300},     {"tanh", tanh_f64, std::tanh, -20, 20},
    {"tanh", tanh_f64, std::tanh, -0.5, 0.5}, {"sigmoid", sigmoid_f64, long_sigmoid, -700, 40},
    {"atan", atan_f64, std::atan, -40, 40},   {"atan", atan_f64, std::atan, -1e-3, 1e-3},
    {"erf", erf_f64, std::erf, -6, 6},        {"erf", erf_f64, std::erf, -1e-3, 1e-3},
    {"sin", sin_f64, std::sin, -1e6, 1e6},    {"cos", cos_f64, std::cos, -10, 10},
};

TEST(Elementary, F64AgainstLibm) {
  for (const WideCase& c : kWideCases) {
    double worst = 0;
    for (int i = 0; i <= 300000; ++i) {
      const double x = c.low + (c.high - c.low) * i / 300000;
      const long double exact = c.libm(x);
      if (exact == 0 || std::isinf(exact)) {
        EXPECT_EQ(c.ours(x), static_cast<double>(exact)) << c.name << " at " << x;
        continue;
      }
      worst = std::max(worst, static_cast<double>(std::fabs((c.ours(x) - exact) / exact)));
    }
    std::printf("%-8s f64 relative error %.3g\n", c.name, worst);
    EXPECT_LE(worst, 1.5e-15) << c.name;
  }
}

TEST(Elementary, F64SpecialValues) {
  EXPECT_EQ(exp_f64(-INFINITY), 0);
  EXPECT_EQ(exp_f64(710), INFINITY);
  EXPECT_NEAR(exp_f64(-744) / std::exp(-744.0), 1, 1e-2);  // subnormal
  EXPECT_EQ(log_f64(0), -INFINITY);
  EXPECT_TRUE(std::isnan(log_f64(-1)));
  EXPECT_NEAR(log_f64(5e-324), std::log(5e-324), 1e-12);
  EXPECT_EQ(sigmoid_f64(-INFINITY), 0);
  EXPECT_EQ(erf_f64(INFINITY), 1);
  EXPECT_EQ(tanh_f64(-INFINITY), -1);
  for (const auto f : {exp_f64, log_f64, tanh_f64, sigmoid_f64, erf_f64, sin_f64, cos_f64})
    EXPECT_TRUE(std::isnan(f(NAN)));
  EXPECT_TRUE(std::isnan(sin_f64(INFINITY)));
}

}  // namespace
}  // namespace weft

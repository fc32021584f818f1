// Our elementary functions against the double ones of the C library: greatest error in units in the last place.
#include "base/elementary.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace weft {
namespace {

double ulps(float actual, double expected) {
  if (std::isnan(expected)) return std::isnan(actual) ? 0 : 1e9;
  const auto rounded = static_cast<float>(expected);
  if (rounded == actual) return 0;
  if (std::isinf(rounded) || std::isinf(actual)) return std::abs(actual) > 3.4e38f || std::isinf(actual) ? 1 : 1e9;
  const float next = std::nextafter(std::abs(rounded), std::numeric_limits<float>::infinity());
  return std::abs(actual - expected) / (static_cast<double>(next) - std::abs(rounded));
}

template <class F, class G>
double worst(F ours, G theirs, double low, double high, int steps = 400000) {
  double most = 0;
  for (int i = 0; i <= steps; ++i) {
    const auto x = static_cast<float>(low + (high - low) * i / steps);
    most = std::max(most, ulps(ours(x), theirs(static_cast<double>(x))));
  }
  return most;
}

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

TEST(Elementary, Exp) {
  EXPECT_LE(worst(exp_f32, [](double x) { return std::exp(x); }, -87, 88.7), 2);
  EXPECT_LE(worst(exp_f32, [](double x) { return std::exp(x); }, -104, -87), 2);
  EXPECT_EQ(exp_f32(0), 1);
  EXPECT_EQ(exp_f32(-kInf), 0);
  EXPECT_EQ(exp_f32(kInf), kInf);
  EXPECT_EQ(exp_f32(200), kInf);
  EXPECT_TRUE(std::isnan(exp_f32(kNaN)));
}

TEST(Elementary, Log) {
  EXPECT_LE(worst(log_f32, [](double x) { return std::log(x); }, 1e-6, 4), 2);
  EXPECT_LE(worst(log_f32, [](double x) { return std::log(x); }, 4, 1e6), 2);
  EXPECT_LE(worst(log_f32, [](double x) { return std::log(x); }, 1e-44, 1e-37), 2);
  EXPECT_EQ(log_f32(0), -kInf);
  EXPECT_EQ(log_f32(1), 0);
  EXPECT_EQ(log_f32(kInf), kInf);
  EXPECT_TRUE(std::isnan(log_f32(-1)));
  EXPECT_TRUE(std::isnan(log_f32(kNaN)));
}

TEST(Elementary, TanhSigmoidErf) {
  EXPECT_LE(worst(tanh_f32, [](double x) { return std::tanh(x); }, -12, 12), 4);
  EXPECT_LE(worst(sigmoid_f32, [](double x) { return 1 / (1 + std::exp(-x)); }, -80, 80), 4);
  EXPECT_LE(worst(erf_f32, [](double x) { return std::erf(x); }, -5, 5), 4);
  EXPECT_EQ(tanh_f32(kInf), 1);
  EXPECT_EQ(tanh_f32(-kInf), -1);
  EXPECT_EQ(sigmoid_f32(-kInf), 0);
  EXPECT_EQ(sigmoid_f32(kInf), 1);
  EXPECT_EQ(erf_f32(kInf), 1);
  EXPECT_EQ(erf_f32(-kInf), -1);
  for (const auto f : {tanh_f32, sigmoid_f32, erf_f32}) EXPECT_TRUE(std::isnan(f(kNaN)));
}

TEST(Elementary, SinCos) {
  // Near their zeros the error is absolute, that of the reduction.
  for (int i = -400000; i <= 400000; ++i) {
    const auto x = static_cast<float>(i * 0.025);
    EXPECT_NEAR(sin_f32(x), std::sin(static_cast<double>(x)), 4e-7) << x;
    EXPECT_NEAR(cos_f32(x), std::cos(static_cast<double>(x)), 4e-7) << x;
    if (HasFailure()) break;
  }
}

TEST(Elementary, Pow) {
  double most = 0;
  for (int i = 1; i < 3000; ++i)
    for (const float y : {-3.0f, -1.5f, -0.5f, 0.33f, 0.5f, 1.0f, 2.0f, 2.2f, 3.0f, 5.0f}) {
      const float x = static_cast<float>(i) * 0.037f;
      const double expected = std::pow(static_cast<double>(x), static_cast<double>(y));
      most = std::max(most, std::abs(pow_f32(x, y) - expected) / std::abs(expected));
    }
  EXPECT_LE(most, 1e-6);
  const float specials[] = {0, -0.0f, 1, -1, 2, -2, 0.5f, -0.5f, 3, -3, kInf, -kInf, kNaN};
  for (const float x : specials)
    for (const float y : specials) {
      const float expected = std::pow(x, y);
      if (std::isnan(expected))
        EXPECT_TRUE(std::isnan(pow_f32(x, y))) << x << " " << y;
      else if (std::isinf(expected) || expected == 0)
        EXPECT_EQ(pow_f32(x, y), expected) << x << " " << y;
      else
        EXPECT_NEAR(pow_f32(x, y), expected, 1e-6 * std::abs(expected)) << x << " " << y;
    }
}

}  // namespace
}  // namespace weft

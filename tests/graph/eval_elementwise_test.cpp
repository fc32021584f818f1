#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "graph/eval_support.hpp"
#include "graph/half.hpp"

namespace weft::graph {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TEST(EvalElementwise, BroadcastsBothWays) {
  const Tensor column = f32({2, 1}, {10, 20});
  const Tensor row = f32({3}, {1, 2, 3});
  expect_values<float>(run(Op::add, {column, row}), {2, 3}, {11, 12, 13, 21, 22, 23});
  expect_values<float>(run(Op::sub, {row, column}), {2, 3}, {-9, -8, -7, -19, -18, -17});
  const Tensor middle = f32({2, 1, 2}, {1, 2, 3, 4});
  expect_values<float>(run(Op::mul, {middle, f32({3, 1}, {1, 10, 100})}), {2, 3, 2},
                       {1, 2, 10, 20, 100, 200, 3, 4, 30, 40, 300, 400});
  expect_values<float>(run(Op::add, {f32({}, {1}), f32({}, {2})}), {}, {3});
  expect_values<float>(run(Op::add, {f32({0, 3}, {}), row}), {0, 3}, {});
}

TEST(EvalElementwise, IntegersWrapAndDivideTowardZero) {
  expect_values<int8_t>(run(Op::add, {i8({1}, {127}), i8({1}, {1})}), {1}, {-128});
  expect_values<int8_t>(run(Op::neg, {i8({2}, {-128, 5})}), {2}, {-128, -5});
  expect_values<int8_t>(run(Op::abs, {i8({2}, {-128, -5})}), {2}, {-128, 5});
  expect_values<uint8_t>(run(Op::sub, {u8({1}, {1}), u8({1}, {2})}), {1}, {255});
  expect_values<int32_t>(run(Op::mul, {i32({1}, {65536}), i32({1}, {65537})}), {1}, {65536});
  expect_values<int32_t>(run(Op::div, {i32({4}, {-7, 7, 5, INT32_MIN}), i32({4}, {2, -2, 0, -1})}), {4},
                         {-3, -3, 0, INT32_MIN});
  expect_values<int32_t>(run(Op::pow, {i32({5}, {3, -2, 2, -1, 7}), i32({5}, {4, 3, -1, -3, 0})}), {5},
                         {81, -8, 0, -1, 1});
}

TEST(EvalElementwise, ModHasTheSignOfTheDivisorOrOfTheDividend) {
  const Tensor a = i32({5}, {-7, 7, -7, 7, 6});
  const Tensor b = i32({5}, {3, -3, -3, 3, 3});
  expect_values<int32_t>(run(Op::mod, {a, b}, ModAttributes{false}), {5}, {2, -2, -1, 1, 0});
  expect_values<int32_t>(run(Op::mod, {a, b}, ModAttributes{true}), {5}, {-1, 1, -1, 1, 0});
  const Tensor x = f32({5}, {-5.5f, 5.5f, 1e30f, 3, kInf});
  const Tensor y = f32({5}, {2, -2, 7, kInf, 2});
  expect_values<float>(
      run(Op::mod, {x, y}, ModAttributes{true}), {5},
      {-1.5f, 1.5f, static_cast<float>(std::fmod(static_cast<double>(1e30f), 7.0)), 3, kNan});
  expect_values<float>(run(Op::mod, {f32({2}, {-5.5f, 5.5f}), f32({2}, {2, -2})}, ModAttributes{false}), {2},
                       {0.5f, -0.5f});
}

TEST(EvalElementwise, FloatEdgeCases) {
  expect_values<float>(run(Op::round, {f32({5}, {0.5f, 1.5f, 2.5f, -0.5f, -1.5f})}), {5},
                       {0, 2, 2, -0.0f, -2});
  expect_values<float>(run(Op::sign, {f32({4}, {-3, 0, 2, kNan})}), {4}, {-1, 0, 1, kNan});
  expect_values<float>(run(Op::minimum, {f32({3}, {1, kNan, 3}), f32({3}, {2, 0, kNan})}), {3},
                       {1, kNan, kNan});
  expect_values<float>(run(Op::maximum, {f32({3}, {1, kNan, 3}), f32({3}, {2, 0, kNan})}), {3},
                       {2, kNan, kNan});
  EXPECT_TRUE(std::signbit(values<float>(run(Op::minimum, {f32({1}, {0}), f32({1}, {-0.0f})}))[0]));
  EXPECT_FALSE(std::signbit(values<float>(run(Op::maximum, {f32({1}, {0}), f32({1}, {-0.0f})}))[0]));
  expect_values<float>(run(Op::div, {f32({3}, {1, -1, 0}), f32({3}, {0, 0, 0})}), {3}, {kInf, -kInf, kNan});
  expect_values<uint8_t>(run(Op::is_nan, {f32({3}, {kNan, kInf, 0})}), {3}, {1, 0, 0});
  expect_values<float>(run(Op::sqrt, {f32({3}, {4, -1, 0})}), {3}, {2, kNan, 0});
  expect_values<float>(run(Op::floor, {f32({2}, {-1.5f, 1.5f})}), {2}, {-2, 1});
  expect_values<float>(run(Op::ceil, {f32({2}, {-1.5f, 1.5f})}), {2}, {-1, 2});
}

TEST(EvalElementwise, TheNaNOfAFoldedConstantIsCanonical) {
  const Tensor y = run(Op::div, {f32({1}, {0}), f32({1}, {0})});
  EXPECT_EQ(values<uint32_t>(y)[0], 0x7fc00000u);
}

TEST(EvalElementwise, Functions) {
  const struct {
    Op op;
    double (*libm)(double);
  } rows[] = {{Op::exp, std::exp},
              {Op::log, std::log},
              {Op::sin, std::sin},
              {Op::cos, std::cos},
              {Op::erf, std::erf},
              {Op::tanh, std::tanh},
              {Op::sigmoid, [](double x) { return 1 / (1 + std::exp(-x)); }}};
  for (const auto& row : rows) {
    const Tensor y = run(row.op, {f32({3}, {0.25f, 1, 3})});
    const Tensor wide = run(row.op, {f64({3}, {0.25, 1, 3})});
    const double x[] = {0.25, 1, 3};
    for (size_t i = 0; i < 3; ++i) {
      EXPECT_NEAR(values<float>(y)[i], row.libm(x[i]), 2e-6) << info(row.op).name;
      EXPECT_NEAR(values<double>(wide)[i], row.libm(x[i]), 4e-15) << info(row.op).name;
    }
  }
  expect_values<float>(run(Op::pow, {f32({3}, {2, -2, 9}), f32({3}, {10, 3, 0.5f})}), {3}, {1024, -8, 3},
                       1e-4);
}

TEST(EvalElementwise, LogicComparisonSelect) {
  const Tensor a = booleans({4}, {0, 0, 1, 1});
  const Tensor b = booleans({4}, {0, 1, 0, 1});
  expect_values<uint8_t>(run(Op::logical_and, {a, b}), {4}, {0, 0, 0, 1});
  expect_values<uint8_t>(run(Op::logical_or, {a, b}), {4}, {0, 1, 1, 1});
  expect_values<uint8_t>(run(Op::logical_xor, {a, b}), {4}, {0, 1, 1, 0});
  expect_values<uint8_t>(run(Op::logical_not, {a}), {4}, {1, 1, 0, 0});
  expect_values<uint8_t>(run(Op::equal, {a, b}), {4}, {1, 0, 0, 1});
  expect_values<uint8_t>(run(Op::less, {f32({3}, {1, 2, kNan}), f32({3}, {2, 2, 2})}), {3}, {1, 0, 0});
  expect_values<uint8_t>(run(Op::less_equal, {i64({3}, {1, 2, 3}), i64({3}, {2, 2, 2})}), {3}, {1, 1, 0});
  expect_values<uint8_t>(run(Op::less, {u8({1}, {200}), u8({1}, {100})}), {1}, {0});
  expect_values<float>(run(Op::select, {booleans({2, 1}, {1, 0}), f32({2}, {1, 2}), f32({}, {9})}), {2, 2},
                       {1, 2, 9, 9});
}

TEST(EvalElementwise, CastsTruncateAndSaturate) {
  const Tensor x = f32({6}, {-1.9f, 1.9f, 300, -300, kNan, kInf});
  expect_values<int8_t>(run(Op::cast, {x}, CastAttributes{DType::i8}), {6}, {-1, 1, 127, -128, 0, 127});
  expect_values<uint8_t>(run(Op::cast, {x}, CastAttributes{DType::u8}), {6}, {0, 1, 255, 0, 0, 255});
  expect_values<int64_t>(run(Op::cast, {f32({3}, {1e30f, -1e30f, kNan})}, CastAttributes{DType::i64}), {3},
                         {INT64_MAX, INT64_MIN, 0});
  expect_values<uint8_t>(run(Op::cast, {x}, CastAttributes{DType::boolean}), {6}, {1, 1, 1, 1, 1, 1});
  expect_values<uint8_t>(run(Op::cast, {f32({3}, {0, -0.0f, 0.1f})}, CastAttributes{DType::boolean}), {3},
                         {0, 0, 1});
  expect_values<int8_t>(run(Op::cast, {i64({2}, {300, -129})}, CastAttributes{DType::i8}), {2}, {44, 127});
  expect_values<float>(run(Op::cast, {booleans({2}, {0, 1})}, CastAttributes{DType::f32}), {2}, {0, 1});
}

// 16-bit floats are computed in f32 and rounded after every operation.
TEST(EvalElementwise, HalfRoundsEachOperation) {
  const Tensor x = f16({2}, {0x3c00, 0x7bff});                               // 1, 65504
  const Tensor small = f16({2}, {0x1000, 0x7bff});                           // 2^-11, 65504
  expect_values<uint16_t>(run(Op::add, {x, small}), {2}, {0x3c00, 0x7c00});  // ties to even; overflow
  expect_values<uint16_t>(run(Op::neg, {x}), {2}, {0xbc00, 0xfbff});
  expect_values<uint8_t>(run(Op::less, {small, x}), {2}, {1, 0});
  EXPECT_EQ(run(Op::cast, {x}, CastAttributes{DType::bf16}).dtype, DType::bf16);
  expect_values<uint16_t>(run(Op::cast, {x}, CastAttributes{DType::bf16}), {2}, {0x3f80, 0x4780});
}

TEST(EvalElementwise, EveryHalfSurvivesItsRoundTrip) {
  for (const DType type : {DType::f16, DType::bf16}) {
    for (uint32_t bits = 0; bits < 65536; ++bits) {
      const float wide = widen_half(type, static_cast<uint16_t>(bits));
      if (wide == wide) {
        ASSERT_EQ(round_to_half(type, wide), bits) << to_string(type);
      } else {
        ASSERT_EQ(round_to_half(type, wide), type == DType::f16 ? 0x7e00 : 0x7fc0);
      }
    }
  }
  EXPECT_EQ(widen_half(DType::f16, 0x3555), 0.333251953125f);
  EXPECT_EQ(widen_half(DType::f16, 1), 0x1p-24f);
  EXPECT_EQ(round_to_half(DType::f16, 65519.99), 0x7bff);
  EXPECT_EQ(round_to_half(DType::f16, 65520), 0x7c00);
  EXPECT_EQ(round_to_half(DType::f16, 0x1p-25), 0);  // a tie, to even
  EXPECT_EQ(round_to_half(DType::f16, 0x1.8p-25), 1);
}

}  // namespace
}  // namespace weft::graph

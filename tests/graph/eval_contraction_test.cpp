#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstdio>

#include "graph/eval_support.hpp"

namespace weft::graph {
namespace {

TEST(EvalContraction, MatmulByHand) {
  expect_values<float>(run(Op::matmul, {iota({2, 3}), iota({3, 2})}), {2, 2}, {10, 13, 28, 40});
  // Batches broadcast: [2, 1, 1, 2] x [3, 2, 1].
  expect_values<float>(run(Op::matmul, {iota({2, 1, 1, 2}), iota({3, 2, 1})}), {2, 3, 1, 1},
                       {1, 3, 5, 3, 13, 23});
  expect_values<int8_t>(run(Op::matmul, {i8({1, 2}, {100, 100}), i8({2, 1}, {2, 3})}), {1, 1}, {-12});
  expect_values<float>(run(Op::matmul, {f32({1, 0}, {}), f32({0, 2}, {})}), {1, 2}, {0, 0});
}

TEST(EvalContraction, ConvByHand) {
  // 1-D, asymmetric padding, stride, dilation.
  ConvAttributes a{{2}, {2}, {1}, {2}, 1};
  // Padded: 0 1 2 3 4 5 0 0; the two windows read {0, 2, 4} and {2, 4, 0}.
  expect_values<float>(run(Op::conv, {f32({1, 1, 5}, {1, 2, 3, 4, 5}), f32({1, 1, 3}, {1, 10, 100})}, a),
                       {1, 1, 2}, {0 + 20 + 400, 2 + 40 + 0});
  // 2-D with bias.
  ConvAttributes same{{1, 1}, {1, 1}, {1, 1}, {1, 1}, 1};
  expect_values<float>(
      run(Op::conv,
          {f32({1, 1, 2, 2}, {1, 2, 3, 4}), f32({1, 1, 3, 3}, std::vector<float>(9, 1)), f32({1}, {0.5f})},
          same),
      {1, 1, 2, 2}, {10.5f, 10.5f, 10.5f, 10.5f});
  // Two groups of one channel each.
  ConvAttributes groups{{1}, {1}, {0}, {0}, 2};
  expect_values<float>(run(Op::conv, {f32({1, 2, 2}, {1, 2, 3, 4}), f32({2, 1, 1}, {10, 100})}, groups),
                       {1, 2, 2}, {10, 20, 300, 400});
}

TEST(EvalContraction, ConvTransposeByHand) {
  ConvTransposeAttributes a{{2}, {1}, {0}, {0}, {0}, 1};
  // Each input stamps the kernel at twice its position.
  expect_values<float>(run(Op::conv_transpose, {f32({1, 1, 2}, {1, 2}), f32({1, 1, 3}, {1, 10, 100})}, a),
                       {1, 1, 5}, {1, 10, 102, 20, 200});
  a.pads_begin = {1};
  a.output_padding = {1};
  expect_values<float>(run(Op::conv_transpose, {f32({1, 1, 2}, {1, 2}), f32({1, 1, 3}, {1, 10, 100})}, a),
                       {1, 1, 5}, {10, 102, 20, 200, 0});
}

/// Pseudo-random values in [-1, 1], multiples of 1/64: their products and small sums are exact in f32.
Tensor noise(Ints shape, uint32_t seed) {
  int64_t n = 1;
  for (const int64_t extent : shape) n *= extent;
  std::vector<float> v;
  for (int64_t i = 0; i < n; ++i) {
    seed = seed * 1664525u + 1013904223u;
    v.push_back((static_cast<float>(seed >> 25) - 64) / 64);
  }
  return f32(std::move(shape), v);
}

struct ConvCase {
  Ints x, w;
  ConvAttributes a;
};

/// The definition, term by term, for three spatial axes.
std::vector<float> direct(const ConvCase& c, const Tensor& x, const Tensor& w, const Tensor& b,
                          const Ints& out) {
  const std::vector<float> xv = values<float>(x), wv = values<float>(w), bv = values<float>(b);
  const auto at = [](const Ints& s, int64_t i, int64_t j, int64_t k, int64_t l, int64_t m) {
    return static_cast<size_t>((((i * s[1] + j) * s[2] + k) * s[3] + l) * s[4] + m);
  };
  std::vector<float> y;
  const int64_t per_group = c.w[0] / c.a.groups;
  for (int64_t n = 0; n < out[0]; ++n)
    for (int64_t o = 0; o < out[1]; ++o)
      for (int64_t p = 0; p < out[2]; ++p)
        for (int64_t q = 0; q < out[3]; ++q)
          for (int64_t r = 0; r < out[4]; ++r) {
            float sum = bv[static_cast<size_t>(o)];
            for (int64_t i = 0; i < c.w[1]; ++i)
              for (int64_t u = 0; u < c.w[2]; ++u)
                for (int64_t v = 0; v < c.w[3]; ++v)
                  for (int64_t s = 0; s < c.w[4]; ++s) {
                    const int64_t xp = p * c.a.strides[0] - c.a.pads_begin[0] + u * c.a.dilations[0];
                    const int64_t xq = q * c.a.strides[1] - c.a.pads_begin[1] + v * c.a.dilations[1];
                    const int64_t xr = r * c.a.strides[2] - c.a.pads_begin[2] + s * c.a.dilations[2];
                    if (xp < 0 || xq < 0 || xr < 0 || xp >= c.x[2] || xq >= c.x[3] || xr >= c.x[4]) continue;
                    sum +=
                        xv[at(c.x, n, o / per_group * c.w[1] + i, xp, xq, xr)] * wv[at(c.w, o, i, u, v, s)];
                  }
            y.push_back(sum);
          }
  return y;
}

const ConvCase kConvCases[] = {
    {{2, 4, 3, 9, 10}, {6, 4, 2, 3, 3}, {{1, 1, 1}, {1, 1, 1}, {0, 1, 1}, {0, 1, 1}, 1}},
    {{1, 6, 1, 11, 7}, {9, 2, 1, 3, 2}, {{1, 2, 3}, {1, 2, 1}, {0, 2, 0}, {0, 1, 2}, 3}},
    {{1, 5, 4, 8, 8}, {5, 1, 3, 3, 3}, {{2, 1, 2}, {1, 1, 2}, {1, 0, 2}, {2, 1, 0}, 5}},
    {{3, 3, 1, 1, 20}, {4, 3, 1, 1, 5}, {{1, 1, 1}, {1, 1, 3}, {0, 0, 6}, {0, 0, 6}, 1}},
};

TEST(EvalContraction, ConvAgainstItsDefinition) {
  for (const ConvCase& c : kConvCases) {
    const Tensor x = noise(c.x, 1), w = noise(c.w, 2), b = noise({c.w[0]}, 3);
    const Tensor y = run(Op::conv, {x, w, b}, c.a);
    ASSERT_EQ(y.shape.size(), 5u);
    expect_values<float>(y, y.shape, direct(c, x, w, b, y.shape));
    const Tensor wide = run(
        Op::cast,
        {run(Op::conv,
             {run(Op::cast, {x}, CastAttributes{DType::f64}), run(Op::cast, {w}, CastAttributes{DType::f64}),
              run(Op::cast, {b}, CastAttributes{DType::f64})},
             c.a)},
        CastAttributes{DType::f32});
    EXPECT_EQ(wide.bytes, y.bytes);  // all sums are exact
  }
}

/// <conv(x), y> = <x, conv_transpose(y)>: the transposed operation is the adjoint.
TEST(EvalContraction, ConvTransposeIsTheAdjointOfConv) {
  for (const ConvCase& c : kConvCases) {
    const Tensor x = noise(c.x, 4), w = noise(c.w, 5);
    const Tensor y = run(Op::conv, {x, w}, c.a);
    const Tensor z = noise(y.shape, 6);
    ConvTransposeAttributes t{c.a.strides,  c.a.dilations, c.a.pads_begin,
                              c.a.pads_end, {0, 0, 0},     c.a.groups};
    for (size_t i = 0; i < 3; ++i) {
      const int64_t reach = (y.shape[i + 2] - 1) * t.strides[i] + (c.w[i + 2] - 1) * t.dilations[i] + 1;
      t.output_padding[i] = c.x[i + 2] + t.pads_begin[i] + t.pads_end[i] - reach;
    }
    const Tensor back = run(Op::conv_transpose, {z, w}, t);
    ASSERT_EQ(back.shape, x.shape);
    double left = 0, right = 0;
    const auto yv = values<float>(y), zv = values<float>(z), xv = values<float>(x), bv = values<float>(back);
    for (size_t i = 0; i < yv.size(); ++i) left += static_cast<double>(yv[i]) * zv[i];
    for (size_t i = 0; i < xv.size(); ++i) right += static_cast<double>(xv[i]) * bv[i];
    EXPECT_EQ(left, right);
  }
}

double seconds_of(Op op, const std::vector<Tensor>& operands, const Attributes& a) {
  const auto start = std::chrono::steady_clock::now();
  run(op, operands, a);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Loose, for machines under load; the figures are for reading.
TEST(EvalContraction, IsFastEnoughForWholeModels) {
  const double conv = 2.0 * 64 * 64 * 9 * 56 * 56 / 1e9;
  const double conv_rate = conv / seconds_of(Op::conv, {noise({1, 64, 56, 56}, 1), noise({64, 64, 3, 3}, 2)},
                                             ConvAttributes{{1, 1}, {1, 1}, {1, 1}, {1, 1}, 1});
  const double matmul = 2.0 * 384 * 384 * 384 / 1e9;
  const double matmul_rate =
      matmul / seconds_of(Op::matmul, {noise({384, 384}, 1), noise({384, 384}, 2)}, {});
  std::printf("conv %.1f GFLOP/s, matmul %.1f GFLOP/s\n", conv_rate, matmul_rate);
  EXPECT_GT(conv_rate, 0.05);
  EXPECT_GT(matmul_rate, 0.05);
}

}  // namespace
}  // namespace weft::graph

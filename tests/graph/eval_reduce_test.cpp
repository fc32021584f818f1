#include <gtest/gtest.h>

#include <limits>

#include "graph/eval_support.hpp"

namespace weft::graph {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TEST(EvalReduce, AxesAndKinds) {
  const Tensor x = iota({2, 3, 2});
  expect_values<float>(run(Op::reduce, {x}, ReduceAttributes{ReduceKind::sum, {1}}), {2, 2}, {6, 9, 24, 27});
  expect_values<float>(run(Op::reduce, {x}, ReduceAttributes{ReduceKind::sum, {0, 2}}), {3}, {14, 22, 30});
  expect_values<float>(run(Op::reduce, {x}, ReduceAttributes{ReduceKind::mean, {0, 1, 2}}), {}, {5.5f});
  expect_values<float>(run(Op::reduce, {x}, ReduceAttributes{ReduceKind::max, {2}}), {2, 3},
                       {1, 3, 5, 7, 9, 11});
  expect_values<float>(run(Op::reduce, {x}, ReduceAttributes{ReduceKind::min, {1, 2}}), {2}, {0, 6});
  expect_values<float>(run(Op::reduce, {f32({3}, {2, 3, 4})}, ReduceAttributes{ReduceKind::product, {0}}), {},
                       {24});
  expect_values<float>(run(Op::reduce, {x}, ReduceAttributes{ReduceKind::sum, {}}), {2, 3, 2},
                       {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
}

TEST(EvalReduce, EdgeCases) {
  expect_values<float>(run(Op::reduce, {f32({0, 2}, {})}, ReduceAttributes{ReduceKind::sum, {0}}), {2},
                       {0, 0});
  expect_values<float>(run(Op::reduce, {f32({0, 2}, {})}, ReduceAttributes{ReduceKind::max, {0}}), {2},
                       {-kInf, -kInf});
  expect_values<float>(run(Op::reduce, {f32({3}, {1, kNan, 2})}, ReduceAttributes{ReduceKind::max, {0}}), {},
                       {kNan});
  expect_values<int8_t>(run(Op::reduce, {i8({2}, {100, 100})}, ReduceAttributes{ReduceKind::sum, {0}}), {},
                        {-56});
  expect_values<int32_t>(run(Op::reduce, {i32({2}, {-3, -4})}, ReduceAttributes{ReduceKind::mean, {0}}), {},
                         {-3});
  // 2^24 + 1 + 1 in f32 alone would stay at 2^24.
  expect_values<float>(run(Op::reduce, {f32({3}, {16777216, 1, 1})}, ReduceAttributes{ReduceKind::sum, {0}}),
                       {}, {16777218});
}

TEST(EvalReduce, ArgumentOfTheExtreme) {
  const Tensor x = f32({2, 3}, {1, 5, 5, 7, 7, 2});
  expect_values<int64_t>(run(Op::arg_reduce, {x}, ArgReduceAttributes{ReduceKind::max, 1, false}), {2},
                         {1, 0});
  expect_values<int64_t>(run(Op::arg_reduce, {x}, ArgReduceAttributes{ReduceKind::max, 1, true}), {2},
                         {2, 1});
  expect_values<int64_t>(run(Op::arg_reduce, {x}, ArgReduceAttributes{ReduceKind::min, 0, false}), {3},
                         {0, 0, 1});
}

WindowAttributes window(ReduceKind kind, Ints size, Ints strides, Ints pads_begin, Ints pads_end,
                        bool count_pads) {
  const Ints ones(size.size(), 1);
  const Ints zeros(size.size(), 0);
  return {kind,
          size,
          strides,
          ones,
          pads_begin,
          pads_end,
          count_pads ? pads_begin : zeros,
          count_pads ? pads_end : zeros};
}

TEST(EvalReduce, Pooling) {
  const Tensor x = iota({1, 1, 4, 4});
  expect_values<float>(
      run(Op::reduce_window, {x}, window(ReduceKind::max, {2, 2}, {2, 2}, {0, 0}, {0, 0}, false)),
      {1, 1, 2, 2}, {5, 7, 13, 15});
  expect_values<float>(
      run(Op::reduce_window, {x}, window(ReduceKind::mean, {3, 3}, {2, 2}, {1, 1}, {0, 0}, false)),
      {1, 1, 2, 2}, {2.5f, 4, 8.5f, 10});
  expect_values<float>(
      run(Op::reduce_window, {x}, window(ReduceKind::mean, {3, 3}, {2, 2}, {1, 1}, {0, 0}, true)),
      {1, 1, 2, 2}, {10.0f / 9, 24.0f / 9, 51.0f / 9, 10}, 1e-6);
  expect_values<float>(run(Op::reduce_window, {f32({1, 2, 3}, {-1, -2, -3, 1, 2, 3})},
                           window(ReduceKind::max, {2}, {1}, {1}, {1}, false)),
                       {1, 2, 4}, {-1, -1, -2, -3, 1, 2, 3, 3});
}

// What ceil_mode adds at the end is padding that a mean never counts.
TEST(EvalReduce, PoolingCountsOnlyDeclaredPads) {
  WindowAttributes w = window(ReduceKind::mean, {2}, {2}, {0}, {1}, false);
  expect_values<float>(run(Op::reduce_window, {f32({1, 1, 3}, {1, 2, 3})}, w), {1, 1, 2}, {1.5f, 3});
  w.counted_end = {1};
  expect_values<float>(run(Op::reduce_window, {f32({1, 1, 3}, {1, 2, 3})}, w), {1, 1, 2}, {1.5f, 1.5f});
}

TEST(EvalReduce, PoolingDilates) {
  WindowAttributes w = window(ReduceKind::sum, {2}, {1}, {0}, {0}, false);
  w.dilations = {2};
  expect_values<float>(run(Op::reduce_window, {f32({1, 1, 4}, {1, 2, 4, 8})}, w), {1, 1, 2}, {5, 10});
}

}  // namespace
}  // namespace weft::graph

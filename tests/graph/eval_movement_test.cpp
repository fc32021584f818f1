#include <gtest/gtest.h>

#include "graph/eval_support.hpp"

namespace weft::graph {
namespace {

TEST(EvalMovement, ReshapeTransposeExpand) {
  expect_values<float>(run(Op::reshape, {iota({2, 3})}, ReshapeAttributes{make_shape({3, 2})}), {3, 2},
                       {0, 1, 2, 3, 4, 5});
  expect_values<float>(run(Op::transpose, {iota({2, 3})}, TransposeAttributes{{1, 0}}), {3, 2},
                       {0, 3, 1, 4, 2, 5});
  expect_values<float>(run(Op::transpose, {iota({2, 1, 3})}, TransposeAttributes{{2, 0, 1}}), {3, 2, 1},
                       {0, 3, 1, 4, 2, 5});
  expect_values<float>(run(Op::expand, {f32({2, 1}, {1, 2})}, ReshapeAttributes{make_shape({2, 2, 3})}),
                       {2, 2, 3}, {1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2});
  expect_values<float>(run(Op::transpose, {f32({}, {4})}, TransposeAttributes{{}}), {}, {4});
}

TEST(EvalMovement, Slice) {
  SliceAttributes a{make_shape({1, 3}), {1, -2}, make_shape({2, 2})};
  expect_values<float>(run(Op::slice, {iota({3, 4})}, a), {2, 2}, {7, 5, 11, 9});
  expect_values<int64_t>(
      run(Op::slice, {i64({4}, {1, 2, 3, 4})}, SliceAttributes{make_shape({3}), {-1}, make_shape({4})}), {4},
      {4, 3, 2, 1});
}

TEST(EvalMovement, Concat) {
  expect_values<float>(run(Op::concat, {iota({2, 1}), iota({2, 2})}, ConcatAttributes{1}), {2, 3},
                       {0, 0, 1, 1, 2, 3});
  expect_values<uint8_t>(
      run(Op::concat, {u8({1, 2}, {1, 2}), u8({0, 2}, {}), u8({1, 2}, {3, 4})}, ConcatAttributes{0}), {2, 2},
      {1, 2, 3, 4});
}

TEST(EvalMovement, Pad) {
  const Tensor x = f32({1, 3}, {1, 2, 3});
  expect_values<float>(run(Op::pad, {x}, PadAttributes{{1, 1}, {0, 2}, PadMode::constant, 9}), {2, 6},
                       {9, 9, 9, 9, 9, 9, 9, 1, 2, 3, 9, 9});
  expect_values<float>(run(Op::pad, {x}, PadAttributes{{0, 2}, {0, 1}, PadMode::edge, 0}), {1, 6},
                       {1, 1, 1, 2, 3, 3});
  expect_values<float>(run(Op::pad, {x}, PadAttributes{{0, 2}, {0, 2}, PadMode::reflect, 0}), {1, 7},
                       {3, 2, 1, 2, 3, 2, 1});
  expect_values<uint16_t>(run(Op::pad, {f16({1}, {0x3c00})}, PadAttributes{{0}, {1}, PadMode::constant, 0.5}),
                          {2}, {0x3c00, 0x3800});
  expect_values<int8_t>(run(Op::pad, {i8({1}, {1})}, PadAttributes{{1}, {0}, PadMode::constant, -7}), {2},
                        {-7, 1});
}

TEST(EvalMovement, Gather) {
  const Tensor x = iota({3, 2});
  expect_values<float>(run(Op::gather, {x, i64({2}, {2, -3})}, AxisAttributes{0}), {2, 2}, {4, 5, 0, 1});
  expect_values<float>(run(Op::gather, {x, i32({1, 2}, {1, 0})}, AxisAttributes{1}), {3, 1, 2},
                       {1, 0, 3, 2, 5, 4});
  expect_values<float>(run(Op::gather, {x, i64({}, {1})}, AxisAttributes{0}), {2}, {2, 3});
  EXPECT_FALSE(try_run(Op::gather, {x, i64({1}, {3})}, AxisAttributes{0}).has_value());
}

ResizeAttributes resizing(Ints shape, std::vector<double> scales, ResizeMode mode, CoordinateMode coordinates,
                          NearestMode nearest = NearestMode::round_prefer_floor) {
  return {make_shape(shape), std::move(scales), mode, coordinates, nearest, -0.75};
}

// The cases of the ONNX operator's documentation (Resize, examples).
TEST(EvalMovement, ResizeNearest) {
  const Tensor x = f32({1, 1, 2, 2}, {1, 2, 3, 4});
  expect_values<float>(
      run(Op::resize, {x},
          resizing({1, 1, 4, 6}, {1, 1, 2, 3}, ResizeMode::nearest, CoordinateMode::half_pixel)),
      {1, 1, 4, 6}, {1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 3, 3, 3, 4, 4, 4});
  const Tensor y = iota({1, 1, 2, 4});
  expect_values<float>(
      run(Op::resize, {y},
          resizing({1, 1, 1, 2}, {1, 1, 0.6, 0.6}, ResizeMode::nearest, CoordinateMode::half_pixel)),
      {1, 1, 1, 2}, {0, 2});
  // Ties: x / 2 for x = 0..3 with asymmetric coordinates.
  const Tensor line = iota({2});
  const auto line_by = [&](NearestMode mode) {
    return run(Op::resize, {line}, resizing({4}, {2}, ResizeMode::nearest, CoordinateMode::asymmetric, mode));
  };
  expect_values<float>(line_by(NearestMode::round_prefer_floor), {4}, {0, 0, 1, 1});
  expect_values<float>(line_by(NearestMode::round_prefer_ceil), {4}, {0, 1, 1, 1});
  expect_values<float>(line_by(NearestMode::floor), {4}, {0, 0, 1, 1});
  expect_values<float>(line_by(NearestMode::ceil), {4}, {0, 1, 1, 1});
}

TEST(EvalMovement, ResizeLinear) {
  const Tensor x = f32({1, 1, 2, 2}, {1, 2, 3, 4});
  expect_values<float>(
      run(Op::resize, {x},
          resizing({1, 1, 4, 4}, {1, 1, 2, 2}, ResizeMode::linear, CoordinateMode::half_pixel)),
      {1, 1, 4, 4},
      {1, 1.25f, 1.75f, 2, 1.5f, 1.75f, 2.25f, 2.5f, 2.5f, 2.75f, 3.25f, 3.5f, 3, 3.25f, 3.75f, 4}, 1e-6);
  expect_values<float>(
      run(Op::resize, {x},
          resizing({1, 1, 4, 4}, {1, 1, 2, 2}, ResizeMode::linear, CoordinateMode::align_corners)),
      {1, 1, 4, 4},
      {1, 1.33333333f, 1.66666667f, 2, 1.66666667f, 2, 2.33333333f, 2.66666667f, 2.33333333f, 2.66666667f, 3,
       3.33333333f, 3, 3.33333333f, 3.66666667f, 4},
      1e-6);
  const Tensor wide = f32({1, 1, 2, 4}, {1, 2, 3, 4, 5, 6, 7, 8});
  expect_values<float>(
      run(Op::resize, {wide},
          resizing({1, 1, 1, 2}, {1, 1, 0.6, 0.6}, ResizeMode::linear, CoordinateMode::half_pixel)),
      {1, 1, 1, 2}, {2.6666665f, 4.3333331f}, 1e-5);
}

TEST(EvalMovement, NothingCannotBeResizedToSomething) {
  const auto attributes = resizing({2}, {1}, ResizeMode::linear, CoordinateMode::half_pixel);
  EXPECT_FALSE(try_run(Op::resize, {f32({0}, {})}, attributes).has_value());
}

TEST(EvalMovement, ResizeCubic) {
  std::vector<float> v;
  for (int i = 1; i <= 16; ++i) v.push_back(static_cast<float>(i));
  const Tensor y = run(Op::resize, {f32({1, 1, 4, 4}, v)},
                       resizing({1, 1, 8, 8}, {1, 1, 2, 2}, ResizeMode::cubic, CoordinateMode::half_pixel));
  const float first_row[] = {0.47265625f, 0.76953125f, 1.24609375f, 1.875f,
                             2.28125f,    2.91015625f, 3.38671875f, 3.68359375f};
  for (size_t i = 0; i < 8; ++i) EXPECT_NEAR(values<float>(y)[i], first_row[i], 1e-5) << i;
  const Tensor corners =
      run(Op::resize, {f32({1, 1, 4, 4}, v)},
          resizing({1, 1, 8, 8}, {1, 1, 2, 2}, ResizeMode::cubic, CoordinateMode::align_corners));
  EXPECT_NEAR(values<float>(corners)[0], 1, 1e-5);
  EXPECT_NEAR(values<float>(corners)[1], 1.34110787f, 1e-5);
  EXPECT_NEAR(values<float>(corners)[63], 16, 1e-5);
}

}  // namespace
}  // namespace weft::graph

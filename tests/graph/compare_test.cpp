#include "graph/compare.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

namespace weft::graph {
namespace {

template <class T>
Tensor tensor(DType dtype, const std::vector<T>& elements) {
  Tensor t{dtype, {static_cast<int64_t>(elements.size())}, std::vector<uint8_t>(elements.size() * sizeof(T))};
  if (!elements.empty()) std::memcpy(t.bytes.data(), elements.data(), t.bytes.size());
  return t;
}

constexpr float kInf = std::numeric_limits<float>::infinity();
const float kNan = std::nanf("");

TEST(Compare, FindsTheWorst) {
  const Difference d =
      compare(tensor<float>(DType::f32, {1, 2.5f, -4, 0}), tensor<double>(DType::f64, {1, 2, -4, -0.0}));
  EXPECT_EQ(d.elements, 4u);
  EXPECT_EQ(d.differing, 1u);
  EXPECT_EQ(d.worst, 1u);
  EXPECT_EQ(d.max_abs, 0.5);
  EXPECT_EQ(d.largest, 4);
  EXPECT_EQ(d.relative(), 0.125);
  EXPECT_EQ(d.got, 2.5);
  EXPECT_EQ(d.expected, 2);
}

TEST(Compare, SpecialValues) {
  const auto difference = [](float got, float expected) {
    return compare(tensor<float>(DType::f32, {got}), tensor<float>(DType::f32, {expected})).max_abs;
  };
  EXPECT_EQ(difference(kNan, kNan), 0);
  EXPECT_EQ(difference(kInf, kInf), 0);
  EXPECT_EQ(difference(kNan, 1), kInf);
  EXPECT_EQ(difference(1, kNan), kInf);
  EXPECT_EQ(difference(kInf, -kInf), kInf);
  EXPECT_EQ(difference(1, kInf), kInf);
}

TEST(Compare, HalvesAndIntegers) {
  EXPECT_EQ(compare(tensor<uint16_t>(DType::f16, {0x3c00}), tensor<double>(DType::f64, {1.25})).max_abs,
            0.25);
  EXPECT_EQ(
      compare(tensor<uint8_t>(DType::boolean, {1, 0}), tensor<uint8_t>(DType::boolean, {1, 1})).differing,
      1u);
  EXPECT_EQ(compare(tensor<int64_t>(DType::i64, {}), tensor<int64_t>(DType::i64, {})).relative(), 0);
}

}  // namespace
}  // namespace weft::graph

// Tensors and single operations for the evaluator's tests.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <type_traits>
#include <vector>

#include "base/result.hpp"
#include "graph/eval.hpp"

namespace weft::graph {

template <class T>
Tensor tensor_of(DType dtype, Ints shape, const std::vector<T>& values) {
  Tensor t{dtype, std::move(shape), std::vector<uint8_t>(values.size() * sizeof(T))};
  if (!values.empty()) std::memcpy(t.bytes.data(), values.data(), t.bytes.size());
  return t;
}
inline Tensor f32(Ints shape, const std::vector<float>& v) {
  return tensor_of(DType::f32, std::move(shape), v);
}
inline Tensor f64(Ints shape, const std::vector<double>& v) {
  return tensor_of(DType::f64, std::move(shape), v);
}
inline Tensor i64(Ints shape, const std::vector<int64_t>& v) {
  return tensor_of(DType::i64, std::move(shape), v);
}
inline Tensor i32(Ints shape, const std::vector<int32_t>& v) {
  return tensor_of(DType::i32, std::move(shape), v);
}
inline Tensor i8(Ints shape, const std::vector<int8_t>& v) {
  return tensor_of(DType::i8, std::move(shape), v);
}
inline Tensor u8(Ints shape, const std::vector<uint8_t>& v) {
  return tensor_of(DType::u8, std::move(shape), v);
}
inline Tensor booleans(Ints shape, const std::vector<uint8_t>& v) {
  return tensor_of(DType::boolean, std::move(shape), v);
}
inline Tensor f16(Ints shape, const std::vector<uint16_t>& v) {
  return tensor_of(DType::f16, std::move(shape), v);
}

template <class T>
std::vector<T> values(const Tensor& t) {
  std::vector<T> v(t.bytes.size() / sizeof(T));
  if (!v.empty()) std::memcpy(v.data(), t.bytes.data(), t.bytes.size());
  return v;
}

/// 0, 1, 2, … as f32.
inline Tensor iota(Ints shape) {
  int64_t n = 1;
  for (const int64_t extent : shape) n *= extent;
  std::vector<float> v;
  for (int64_t i = 0; i < n; ++i) v.push_back(static_cast<float>(i));
  return f32(std::move(shape), v);
}

inline Result<Tensor> try_run(Op op, const std::vector<Tensor>& operands, Attributes attributes = {}) {
  std::vector<const Tensor*> pointers;
  for (const Tensor& t : operands) pointers.push_back(&t);
  Graph g;
  return evaluate_node(g, Node{op, std::move(attributes), {}, kNoValue, "test", -1}, pointers);
}

inline Tensor run(Op op, const std::vector<Tensor>& operands, Attributes attributes = {}) {
  Result<Tensor> y = try_run(op, operands, std::move(attributes));
  if (!y) {
    ADD_FAILURE() << info(op).name << ": " << to_string(y.error());
    return {};
  }
  return *y;
}

template <class T>
void expect_values(const Tensor& t, const Ints& shape, const std::vector<T>& expected, double tolerance = 0) {
  EXPECT_EQ(t.shape, shape);
  const std::vector<T> got = values<T>(t);
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i) {
    if constexpr (std::is_floating_point_v<T>) {
      if (expected[i] != expected[i]) {
        EXPECT_NE(got[i], got[i]) << "at " << i;
        continue;
      }
      if (tolerance > 0) {
        EXPECT_NEAR(got[i], expected[i], tolerance) << "at " << i;
        continue;
      }
    }
    EXPECT_EQ(got[i], expected[i]) << "at " << i;
  }
}

}  // namespace weft::graph

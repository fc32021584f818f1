// Graphs and tensors for the tests of passes.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "graph/eval.hpp"
#include "graph/graph.hpp"

namespace weft::passes {

inline graph::Tensor f32_tensor(graph::Ints shape, const std::vector<float>& values) {
  graph::Tensor t{DType::f32, std::move(shape), std::vector<uint8_t>(values.size() * sizeof(float))};
  if (!values.empty()) std::memcpy(t.bytes.data(), values.data(), t.bytes.size());
  return t;
}

inline std::vector<double> numbers(const graph::Tensor& t) {
  std::vector<double> result;
  for (size_t at = 0; at < t.bytes.size(); at += byte_size(t.dtype)) {
    uint64_t bits = 0;
    std::memcpy(&bits, t.bytes.data() + at, byte_size(t.dtype));
    switch (t.dtype) {
      case DType::f32: result.push_back(std::bit_cast<float>(static_cast<uint32_t>(bits))); break;
      case DType::f64: result.push_back(std::bit_cast<double>(bits)); break;
      case DType::i32: result.push_back(static_cast<int32_t>(bits)); break;
      case DType::i8: result.push_back(static_cast<int8_t>(bits)); break;
      default: result.push_back(static_cast<double>(static_cast<int64_t>(bits))); break;
    }
  }
  return result;
}

inline std::vector<graph::Tensor> evaluated(const graph::Graph& g, const std::vector<graph::Tensor>& inputs) {
  auto result = graph::evaluate(g, {}, inputs);
  if (!result) {
    ADD_FAILURE() << to_string(result.error());
    return {};
  }
  return std::move(*result);
}

/// Equal bit for bit (tolerance 0, NaN equal to NaN), or floats within tolerance * max(1, |expected|).
inline void expect_close(const graph::Tensor& got, const graph::Tensor& expected, double tolerance,
                         const std::string& where) {
  ASSERT_EQ(got.dtype, expected.dtype) << where;
  ASSERT_EQ(got.shape, expected.shape) << where;
  if (got.bytes == expected.bytes) return;
  ASSERT_TRUE(is_float(got.dtype)) << where << ": integers differ";
  const std::vector<double> a = numbers(got), b = numbers(expected);
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::isnan(a[i]) && std::isnan(b[i])) continue;
    const bool close =
        tolerance == 0 ? a[i] == b[i] && std::signbit(a[i]) == std::signbit(b[i])
                       : a[i] == b[i] || std::fabs(a[i] - b[i]) <= tolerance * std::max(1.0, std::fabs(b[i]));
    ASSERT_TRUE(close) << where << ": element " << i << " is " << a[i] << ", not " << b[i];
  }
}

inline size_t count_nodes(const graph::Graph& g, graph::Op op) {
  size_t count = 0;
  for (const graph::Node& node : g.nodes) count += node.op == op ? 1 : 0;
  return count;
}

}  // namespace weft::passes

// The driver: inputs, constants, precision, lifetimes.
#include <gtest/gtest.h>

#include <cmath>

#include "graph/eval_support.hpp"

namespace weft::graph {
namespace {

ValueId node(Graph& g, Op op, std::vector<ValueId> inputs, Attributes attributes = {}) {
  Result<ValueId> id = add_node(g, op, std::move(inputs), std::move(attributes), "", "test");
  EXPECT_TRUE(id.has_value()) << (id ? "" : to_string(id.error()));
  return id ? *id : 0;
}

/// y = (x + c) - c, whose rounding shows the precision.
Graph rounding_graph(DType dtype) {
  Graph g;
  const ValueId x = add_input(g, "x", {dtype, make_shape({2})});
  const Tensor big = run(Op::cast, {f32({1}, {16777216})}, CastAttributes{dtype});
  const ValueId c = add_constant(g, "c", {dtype, make_shape({1})}, big.bytes);
  const ValueId sum = node(g, Op::add, {x, c});
  g.outputs.push_back({"y", node(g, Op::sub, {sum, c})});
  return g;
}

TEST(Eval, DoublePrecisionRoundsOnlyTheOutputs) {
  const Graph g = rounding_graph(DType::f32);
  const Tensor x = f32({2}, {0.25f, 1.5f});
  const auto plain = evaluate(g, {}, {x});
  ASSERT_TRUE(plain.has_value());
  expect_values<float>((*plain)[0], {2}, {0, 2});
  EvalOptions wide;
  wide.double_precision = true;
  int seen = 0;
  wide.on_value = [&](ValueId, const Tensor& t) {
    EXPECT_EQ(t.dtype, DType::f32);
    ++seen;
  };
  const auto exact = evaluate(g, {}, {x}, wide);
  ASSERT_TRUE(exact.has_value());
  EXPECT_EQ((*exact)[0].dtype, DType::f32);
  expect_values<float>((*exact)[0], {2}, {0.25f, 1.5f});
  EXPECT_EQ(seen, 2);
}

TEST(Eval, HalfGraphsInDoublePrecisionKeepTheirTypes) {
  Graph g;
  const ValueId x = add_input(g, "x", {DType::f16, make_shape({1})});
  const ValueId wide = node(g, Op::cast, {x}, CastAttributes{DType::f32});
  const ValueId less = node(g, Op::less, {wide, wide});
  g.outputs = {{"f", node(g, Op::add, {x, x})},
               {"b", less},
               {"i", node(g, Op::cast, {x}, CastAttributes{DType::i32})}};
  EvalOptions options;
  options.double_precision = true;
  const auto y = evaluate(g, {}, {f16({1}, {0x4500})}, options);  // 5
  ASSERT_TRUE(y.has_value());
  EXPECT_EQ((*y)[0].dtype, DType::f16);
  expect_values<uint16_t>((*y)[0], {1}, {0x4900});
  expect_values<uint8_t>((*y)[1], {1}, {0});
  expect_values<int32_t>((*y)[2], {1}, {5});
}

TEST(Eval, RefusesWrongInputs) {
  const Graph g = rounding_graph(DType::f32);
  for (const Tensor& x : {f32({3}, {1, 2, 3}), i32({2}, {1, 2}), Tensor{DType::f32, {2}, {}}}) {
    const auto y = evaluate(g, {}, {x});
    ASSERT_FALSE(y.has_value());
    EXPECT_EQ(y.error().kind, ErrorKind::invalid_argument);
    EXPECT_EQ(y.error().node, "x");
  }
  EXPECT_FALSE(evaluate(g, {}, {}).has_value());
}

TEST(Eval, ReadsConstantsFromBlobs) {
  const std::vector<uint8_t> file = {9, 9, 1, 2, 3};
  Graph g;
  const ValueId c = add_constant(g, "c", {DType::u8, make_shape({3})}, BlobRange{0, 2, 3});
  g.outputs = {{"c", c}, {"again", c}, {"twice", node(g, Op::add, {c, c})}};
  const auto y = evaluate(g, {std::make_shared<MemorySource>(file)}, {});
  ASSERT_TRUE(y.has_value());
  expect_values<uint8_t>((*y)[0], {3}, {1, 2, 3});
  expect_values<uint8_t>((*y)[1], {3}, {1, 2, 3});
  expect_values<uint8_t>((*y)[2], {3}, {2, 4, 6});
  g.constants[c] = BlobRange{0, 3, 3};
  EXPECT_FALSE(evaluate(g, {std::make_shared<MemorySource>(file)}, {}).has_value());
}

TEST(Eval, AnInputMayBeAnOutputAndValuesMayBeUnused) {
  Graph g;
  const ValueId x = add_input(g, "x", {DType::f32, make_shape({1})});
  node(g, Op::exp, {x});
  g.outputs = {{"x", x}};
  const auto y = evaluate(g, {}, {f32({1}, {3})});
  ASSERT_TRUE(y.has_value());
  expect_values<float>((*y)[0], {1}, {3});
}

TEST(Eval, NodesThatDoNotFitAreErrorsNotCrashes) {
  EXPECT_FALSE(try_run(Op::add, {f32({2}, {1, 2}), f32({3}, {1, 2, 3})}).has_value());
  EXPECT_FALSE(try_run(Op::matmul, {f32({1, 2}, {1, 2}), f32({1, 2}, {1, 2})}).has_value());
}

}  // namespace
}  // namespace weft::graph

// Weights that are larger than the window come in parts, whatever their layout, and are packed as they would
// be whole.
#include <gtest/gtest.h>

#include "base/check.hpp"
#include "compile/stream.hpp"
#include "lower/pipeline.hpp"

namespace weft::compile {
namespace {

using graph::Graph;
using graph::Op;
using graph::ValueId;

ValueId constant(Graph& g, const std::string& name, const graph::Ints& shape) {
  graph::Type type{DType::f32, {}};
  for (const int64_t extent : shape) type.shape.emplace_back(extent);
  const auto tensor = weft::testing::random_tensor(type, g.values.size() + 1, {.low = -0.5, .high = 0.5});
  return graph::add_constant(g, name, type, tensor.bytes);
}

ValueId node(Graph& g, Op op, std::vector<ValueId> inputs,
             graph::Attributes attributes = graph::NoAttributes{}) {
  const auto made = graph::add_node(g, op, std::move(inputs), std::move(attributes), "v", "");
  WEFT_CHECK(made.has_value());
  return *made;
}

Graph with_input(const graph::Ints& shape) {
  Graph g;
  graph::Type type{DType::f32, {}};
  for (const int64_t extent : shape) type.shape.emplace_back(extent);
  g.inputs.push_back({"x", graph::add_value(g, "x", type)});
  return g;
}

Graph finish(Graph g, ValueId output) {
  g.outputs.push_back({"y", output});
  return g;
}

/// Computes the same on every engine, and no weight was loaded as a whole.
void check(const Graph& g, size_t windows) {
  weft::testing::expect_same_results(g, {1e-4, 1e-4});
  const Graph fused = passes::fuse_groups(g);
  for (const weft::testing::Engine& engine : weft::testing::engines()) {
    if (!engine.options.stream_weights) continue;
    std::string log;
    auto built = weft::testing::build_verified(fused, engine, log);
    ASSERT_TRUE(built.has_value()) << built.error().message;
    for (const plan::Uncut& weight : built->uncut)
      ADD_FAILURE() << engine.name << ": " << built->program.buffers[weight.buffer].name << ": "
                    << weight.reason;
    size_t found = 0;
    for (const plan::Buffer& buffer : built->program.buffers) {
      found += buffer.window != 0;
      EXPECT_LE(buffer.window, 2 * kSmallestWindow) << buffer.name;
    }
    EXPECT_EQ(found, windows) << engine.name;
    ASSERT_TRUE(plan::place_buffers(built->program, 1024).has_value());
    const auto sound = plan::verify(built->program);
    EXPECT_TRUE(sound.has_value()) << sound.error().message;
  }
}

TEST(Stream, RowsOfAMatrix) {
  Graph g = with_input({3, 301});
  const ValueId y = node(g, Op::matmul, {g.inputs[0].value, constant(g, "w", {301, 263})});
  check(finish(std::move(g), y), 1);
}

TEST(Stream, ColumnsOfAMatrix) {
  Graph g = with_input({3, 301});
  const ValueId w = constant(g, "w", {263, 301});
  const ValueId t = node(g, Op::transpose, {w}, graph::TransposeAttributes{{1, 0}});
  const ValueId y = node(g, Op::matmul, {g.inputs[0].value, t});
  check(finish(std::move(g), y), 1);
}

TEST(Stream, Convolution) {
  for (const int64_t size : {1, 3}) {
    SCOPED_TRACE(size);
    const int64_t in = size == 1 ? 250 : 37, out = size == 1 ? 290 : 233;
    Graph g = with_input({1, in, 3, 3});
    const graph::ConvAttributes window{{1, 1}, {1, 1}, {size / 2, size / 2}, {size / 2, size / 2}, 1};
    const ValueId y = node(g, Op::conv, {g.inputs[0].value, constant(g, "w", {out, in, size, size})}, window);
    check(finish(std::move(g), y), 1);
  }
}

TEST(Stream, ScaledWhileItIsPacked) {
  Graph g = with_input({1, 37, 3, 3});
  const ValueId w = constant(g, "w", {233, 37, 3, 3});
  const ValueId scaled = node(g, Op::mul, {w, constant(g, "s", {233, 1, 1, 1})});
  const ValueId y = node(g, Op::conv, {g.inputs[0].value, scaled},
                         graph::ConvAttributes{{1, 1}, {1, 1}, {1, 1}, {1, 1}, 1});
  check(finish(std::move(g), y), 1);
}

TEST(Stream, OrderOfUse) {
  Graph g = with_input({3, 301});
  const ValueId last = constant(g, "last", {263, 299}), small = constant(g, "small", {263}),
                first = constant(g, "first", {301, 263});
  ValueId y = node(g, Op::matmul, {g.inputs[0].value, first});
  y = node(g, Op::add, {y, small});
  y = node(g, Op::matmul, {y, last});
  g = finish(std::move(g), y);
  EXPECT_EQ(constant_order(passes::fuse_groups(g)), (std::vector<ValueId>{small, first, last}));
  check(g, 2);
}

}  // namespace
}  // namespace weft::compile

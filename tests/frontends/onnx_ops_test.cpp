// What changed between operator set versions, and the forms that ONNX's own node tests do not reach.
#include "frontends/onnx_support.hpp"

namespace weft::testing {
namespace {

std::vector<float> count_up(size_t n, float first = 0) {
  std::vector<float> values(n);
  for (size_t i = 0; i < n; ++i) values[i] = first + static_cast<float>(i);
  return values;
}

/// x -> one node -> y
OnnxModel one(int64_t opset, std::string_view op, const std::vector<Dim>& dims,
              const std::vector<Proto>& attributes = {}, const std::vector<Proto>& initializers = {},
              std::vector<std::string> inputs = {"x"}) {
  OnnxModel m(opset);
  m.input("x", dims);
  for (const Proto& tensor : initializers) m.initializer(tensor);
  m.node(op, inputs, {"y"}, attributes).output("y");
  return m;
}

TEST(OnnxOps, SoftmaxFlattensBefore13) {
  const std::vector<float> zeros(8, 0);
  expect_near(run1(one(12, "Softmax", {2, 2, 2}), {2, 2, 2}, zeros), {2, 2, 2}, std::vector<float>(8, 0.25f));
  expect_near(run1(one(13, "Softmax", {2, 2, 2}), {2, 2, 2}, zeros), {2, 2, 2}, std::vector<float>(8, 0.5f));
  expect_near(run1(one(11, "Softmax", {2, 2, 2}, {attr("axis", 0)}), {2, 2, 2}, zeros), {2, 2, 2},
              std::vector<float>(8, 0.125f));
}

TEST(OnnxOps, SqueezeAxesMoved) {
  expect_near(
      run1(one(11, "Squeeze", {1, 2, 1}, {attr("axes", std::vector<int64_t>{-1})}), {1, 2, 1}, {1, 2}),
      {1, 2}, {1, 2});
  const auto moved = one(13, "Squeeze", {1, 2, 1}, {}, {int64s("a", {1}, {0})}, {"x", "a"});
  expect_near(run1(moved, {1, 2, 1}, {1, 2}), {2, 1}, {1, 2});
  expect_near(run1(one(13, "Squeeze", {1, 2, 1}), {1, 2, 1}, {1, 2}), {2}, {1, 2});
  const auto unsqueeze = one(13, "Unsqueeze", {2}, {}, {int64s("a", {2}, {-1, 0})}, {"x", "a"});
  expect_near(run1(unsqueeze, {2}, {1, 2}), {1, 2, 1}, {1, 2});
  expect_near(run1(one(1, "Unsqueeze", {2}, {attr("axes", std::vector<int64_t>{0, 2})}), {2}, {1, 2}),
              {1, 2, 1}, {1, 2});
}

TEST(OnnxOps, ReduceSumAxesMoved) {
  const std::vector<float> x = count_up(6);
  expect_near(run1(one(11, "ReduceSum", {2, 3}, {attr("axes", std::vector<int64_t>{1}), attr("keepdims", 0)}),
                   {2, 3}, x),
              {2}, {3, 12});
  expect_near(run1(one(13, "ReduceSum", {2, 3}, {}, {int64s("a", {1}, {-2})}, {"x", "a"}), {2, 3}, x), {1, 3},
              {3, 5, 7});
  expect_near(run1(one(13, "ReduceSum", {2, 3}), {2, 3}, x), {1, 1}, {15});
  expect_near(run1(one(13, "ReduceSum", {2, 3}, {attr("noop_with_empty_axes", 1)}), {2, 3}, x), {2, 3}, x);
  expect_near(run1(one(13, "ReduceMean", {2, 3}, {attr("axes", std::vector<int64_t>{0})}), {2, 3}, x), {1, 3},
              {1.5, 2.5, 3.5});
}

TEST(OnnxOps, ClipBoundsMoved) {
  expect_near(run1(one(6, "Clip", {3}, {attr("min", -1.0f), attr("max", 1.0f)}), {3}, {-3, 0, 3}), {3},
              {-1, 0, 1});
  expect_near(run1(one(6, "Clip", {3}, {attr("max", 1.0f)}), {3}, {-3, 0, 3}), {3}, {-3, 0, 1});
  expect_near(run1(one(11, "Clip", {3}, {}, {floats("h", {}, {1})}, {"x", "", "h"}), {3}, {-3, 0, 3}), {3},
              {-3, 0, 1});
  expect_near(run1(one(13, "Clip", {3}), {3}, {-3, 0, 3}), {3}, {-3, 0, 3});
}

TEST(OnnxOps, LegacyBroadcastAlignsAtAxis) {
  const auto m = one(6, "Add", {1, 2, 2}, {attr("broadcast", 1), attr("axis", 1)},
                     {floats("b", {2}, {10, 20})}, {"x", "b"});
  expect_near(run1(m, {1, 2, 2}, {0, 1, 2, 3}), {1, 2, 2}, {10, 11, 22, 23});
  const auto last = one(6, "Mul", {2, 2}, {attr("broadcast", 1)}, {floats("b", {2}, {10, 100})}, {"x", "b"});
  expect_near(run1(last, {2, 2}, {1, 2, 3, 4}), {2, 2}, {10, 200, 30, 400});
}

TEST(OnnxOps, PowersThatAreKnown) {
  const std::vector<float> x = {-3, -0.5f, 0, 2, 7};
  const auto power = [&](const Proto& p) { return run1(one(13, "Pow", {5}, {}, {p}, {"x", "p"}), {5}, x); };
  expect_near(power(floats("p", {}, {2})), {5}, {9, 0.25f, 0, 4, 49});
  expect_near(power(floats("p", {1}, {3})), {5}, {-27, -0.125f, 0, 8, 343});
  expect_near(power(int64s("p", {}, {2})), {5}, {9, 0.25f, 0, 4, 49});
  expect_near(power(int64s("p", {1, 1}, {2})), {1, 5}, {9, 0.25f, 0, 4, 49});
  expect_near(power(floats("p", {5}, {2, 2, 2, 2, 3})), {5}, {9, 0.25f, 0, 4, 343});
}

TEST(OnnxOps, PadGenerations) {
  const std::vector<int64_t> pads = {0, 1, 0, 0};
  const std::vector<float> expected = {9, 1, 2, 9, 3, 4};
  expect_near(
      run1(one(1, "Pad", {2, 2}, {attr("paddings", pads), attr("value", 9.0f)}), {2, 2}, {1, 2, 3, 4}),
      {2, 3}, expected);
  expect_near(run1(one(2, "Pad", {2, 2}, {attr("pads", pads), attr("value", 9.0f)}), {2, 2}, {1, 2, 3, 4}),
              {2, 3}, expected);
  const auto operands =
      one(13, "Pad", {2, 2}, {}, {int64s("p", {4}, pads), floats("v", {}, {9})}, {"x", "p", "v"});
  expect_near(run1(operands, {2, 2}, {1, 2, 3, 4}), {2, 3}, expected);
  const auto axes =
      one(18, "Pad", {2, 2}, {}, {int64s("p", {2}, {1, 0}), floats("v", {}, {9}), int64s("a", {1}, {-1})},
          {"x", "p", "v", "a"});
  expect_near(run1(axes, {2, 2}, {1, 2, 3, 4}), {2, 3}, expected);
  const auto crops = one(13, "Pad", {2, 2}, {}, {int64s("p", {4}, {-1, 1, 0, -1})}, {"x", "p"});
  expect_near(run1(crops, {2, 2}, {1, 2, 3, 4}), {1, 2}, {0, 3});
}

TEST(OnnxOps, SliceGenerations) {
  const std::vector<float> x = count_up(5);
  expect_near(run1(one(1, "Slice", {5},
                       {attr("starts", std::vector<int64_t>{-3}), attr("ends", std::vector<int64_t>{1000})}),
                   {5}, x),
              {3}, {2, 3, 4});
  const auto slice = [&](int64_t start, int64_t end, int64_t step) {
    return one(
        13, "Slice", {5}, {},
        {int64s("s", {1}, {start}), int64s("e", {1}, {end}), int64s("a", {1}, {0}), int64s("t", {1}, {step})},
        {"x", "s", "e", "a", "t"});
  };
  expect_near(run1(slice(-1, INT64_MIN, -2), {5}, x), {3}, {4, 2, 0});
  expect_near(run1(slice(INT64_MAX, -6, -1), {5}, x), {5}, {4, 3, 2, 1, 0});
  expect_near(run1(slice(1, 4, INT64_MAX), {5}, x), {1}, {1});
  expect_near(run1(slice(3, INT64_MIN, INT64_MIN), {5}, x), {1}, {3});
  expect_near(run1(slice(4, 2, 1), {5}, x), {0}, {});
}

TEST(OnnxOps, UpsampleAndResizeGenerations) {
  const std::vector<float> expected = {1, 1, 2, 2};
  expect_near(run1(one(7, "Upsample", {1, 1, 1, 2}, {attr("scales", std::vector<float>{1, 1, 1, 2})}),
                   {1, 1, 1, 2}, {1, 2}),
              {1, 1, 1, 4}, expected);
  const Proto scales = floats("s", {4}, {1, 1, 1, 2});
  expect_near(run1(one(9, "Upsample", {1, 1, 1, 2}, {}, {scales}, {"x", "s"}), {1, 1, 1, 2}, {1, 2}),
              {1, 1, 1, 4}, expected);
  expect_near(run1(one(10, "Resize", {1, 1, 1, 2}, {}, {scales}, {"x", "s"}), {1, 1, 1, 2}, {1, 2}),
              {1, 1, 1, 4}, expected);
  // Opset 10 maps asymmetrically, 11 by half pixels.
  expect_near(run1(one(10, "Resize", {1, 1, 1, 2}, {attr("mode", "linear")}, {scales}, {"x", "s"}),
                   {1, 1, 1, 2}, {0, 4}),
              {1, 1, 1, 4}, {0, 2, 4, 4});
  expect_near(run1(one(11, "Resize", {1, 1, 1, 2}, {attr("mode", "linear")}, {floats("r", {0}, {}), scales},
                       {"x", "r", "s"}),
                   {1, 1, 1, 2}, {0, 4}),
              {1, 1, 1, 4}, {0, 1, 3, 4});
  const auto sizes =
      one(13, "Resize", {1, 1, 1, 2}, {}, {int64s("n", {4}, {1, 1, 1, 4})}, {"x", "", "", "n"});
  expect_near(run1(sizes, {1, 1, 1, 2}, {1, 2}), {1, 1, 1, 4}, expected);
}

TEST(OnnxOps, BatchNormalization) {
  const auto m = one(9, "BatchNormalization", {1, 2, 1, 1}, {attr("epsilon", 0.0f)},
                     {floats("s", {2}, {2, 3}), floats("b", {2}, {1, 1}), floats("m", {2}, {1, 2}),
                      floats("v", {2}, {4, 9})},
                     {"x", "s", "b", "m", "v"});
  expect_near(run1(m, {1, 2, 1, 1}, {3, 5}), {1, 2, 1, 1}, {3, 4});
}

TEST(OnnxOps, ReshapeForms) {
  const auto reshape = [](int64_t opset, const std::vector<int64_t>& shape, const std::vector<Dim>& from,
                          int64_t allow_zero = 0) {
    return one(opset, "Reshape", from, {attr("allowzero", allow_zero)},
               {int64s("s", {static_cast<int64_t>(shape.size())}, shape)}, {"x", "s"});
  };
  const std::vector<float> x = count_up(6);
  expect_near(run1(reshape(13, {0, -1}, {2, 3, 1}), {2, 3, 1}, x), {2, 3}, x);
  expect_near(run1(reshape(14, {3, 0}, {0, 2}, 1), {0, 2}, {}), {3, 0}, {});
  expect_near(run1(one(1, "Reshape", {2, 3}, {attr("shape", std::vector<int64_t>{-1, 2})}), {2, 3}, x),
              {3, 2}, x);
  EXPECT_TRUE(contains(error_of(reshape(13, {4, -1}, {2, 3})), "[2, 3] cannot become [4, -1]"));
  EXPECT_TRUE(contains(error_of(reshape(13, {-1, -1}, {2, 3})), "the shape [-1, -1]"));
  EXPECT_TRUE(
      contains(error_of(reshape(13, {int64_t{1} << 40, int64_t{1} << 40}, {2, 3})), "limit: Reshape"));
}

TEST(OnnxOps, AveragePoolCountsPads) {
  const std::vector<int64_t> window = {2}, pads = {1, 1};
  const std::vector<float> x = {2, 4, 6};
  expect_near(run1(one(10, "AveragePool", {1, 1, 3}, {attr("kernel_shape", window), attr("pads", pads)}),
                   {1, 1, 3}, x),
              {1, 1, 4}, {2, 3, 5, 6});
  expect_near(run1(one(10, "AveragePool", {1, 1, 3},
                       {attr("kernel_shape", window), attr("pads", pads), attr("count_include_pad", 1)}),
                   {1, 1, 3}, x),
              {1, 1, 4}, {1, 3, 5, 3});
  // What ceil_mode adds is never counted.
  expect_near(run1(one(10, "AveragePool", {1, 1, 3},
                       {attr("kernel_shape", window), attr("strides", std::vector<int64_t>{2}),
                        attr("ceil_mode", 1), attr("count_include_pad", 1)}),
                   {1, 1, 3}, x),
              {1, 1, 2}, {3, 6});
}

TEST(OnnxOps, AutoPad) {
  const Proto w = floats("w", {1, 1, 2}, {1, 10});
  const auto conv = [&](const char* mode) {
    return one(11, "Conv", {1, 1, 3}, {attr("auto_pad", mode)}, {w}, {"x", "w"});
  };
  expect_near(run1(conv("SAME_UPPER"), {1, 1, 3}, {1, 2, 3}), {1, 1, 3}, {21, 32, 3});
  expect_near(run1(conv("SAME_LOWER"), {1, 1, 3}, {1, 2, 3}), {1, 1, 3}, {10, 21, 32});
  expect_near(run1(conv("VALID"), {1, 1, 3}, {1, 2, 3}), {1, 1, 2}, {21, 32});
}

TEST(OnnxOps, ConvTransposeOutputShape) {
  const Proto w = floats("w", {1, 1, 2}, {1, 10});
  const auto m =
      one(11, "ConvTranspose", {1, 1, 2},
          {attr("strides", std::vector<int64_t>{2}), attr("output_shape", std::vector<int64_t>{5})}, {w},
          {"x", "w"});
  expect_near(run1(m, {1, 1, 2}, {1, 2}), {1, 1, 5}, {1, 10, 2, 20, 0});
}

TEST(OnnxOps, Gemm) {
  const auto m = one(13, "Gemm", {2, 1}, {attr("transA", 1), attr("alpha", 2.0f), attr("beta", 3.0f)},
                     {floats("b", {2, 2}, {1, 2, 3, 4}), floats("c", {2}, {1, 1})}, {"x", "b", "c"});
  expect_near(run1(m, {2, 1}, {1, 10}), {1, 2}, {65, 87});
}

TEST(OnnxOps, IdentityLikeNodesVanish) {
  OnnxModel m(9);
  m.input("x", {2}).node("Identity", {"x"}, {"a"}).node("Dropout", {"a"}, {"b"}, {attr("ratio", 0.5f)});
  m.node("Relu", {"b"}, {"c"}).node("Identity", {"c"}, {"y"}).output("y");
  const auto imported = import(m);
  ASSERT_TRUE(imported) << to_string(imported.error());
  ASSERT_EQ(imported->graph.nodes.size(), 1u);
  EXPECT_EQ(imported->graph.values[imported->graph.nodes[0].output].name, "c");
  EXPECT_EQ(imported->graph.outputs[0].name, "y");
}

TEST(OnnxOps, ShapeArithmeticIsComputedAtImport) {
  OnnxModel m(13);
  m.input("x", {2, 3, 4}).initializer(int64s("i", {1}, {0})).initializer(int64s("rest", {1}, {-1}));
  m.node("Shape", {"x"}, {"s"})
      .node("Gather", {"s", "i"}, {"b"})
      .node("Concat", {"b", "rest"}, {"t"}, {attr("axis", 0)});
  m.node("Reshape", {"x", "t"}, {"y"}).output("y");
  const auto imported = import(m);
  ASSERT_TRUE(imported) << to_string(imported.error());
  ASSERT_EQ(imported->graph.nodes.size(), 1u);
  EXPECT_EQ(imported->graph.values[imported->graph.nodes[0].output].name, "y");
}

TEST(OnnxOps, ConstantForms) {
  const auto with = [](const Proto& attribute) {
    OnnxModel m(13);
    m.node("Constant", {}, {"y"}, {attribute}).output("y");
    const auto outputs = run(m, {});
    return outputs.size() == 1 ? outputs[0] : graph::Tensor{};
  };
  expect_near(with(attr("value_float", 1.5f)), {}, {1.5});
  expect_near(with(attr("value_floats", std::vector<float>{1, 2})), {2}, {1, 2});
  expect_near(with(attr("value", floats("", {1, 2}, {3, 4}))), {1, 2}, {3, 4});
  EXPECT_EQ(values_of<int64_t>(with(attr("value_int", 7))), std::vector<int64_t>{7});
  EXPECT_EQ(values_of<int64_t>(with(attr("value_ints", std::vector<int64_t>{7, -8}))),
            (std::vector<int64_t>{7, -8}));
}

TEST(OnnxOps, TypedTensorData) {
  const auto with = [](const Proto& tensor, int64_t size) {
    OnnxModel m(13);
    m.initializer(tensor).node("Identity", {"w"}, {"y"}).output("y");
    const auto outputs = run(m, {});
    EXPECT_EQ(outputs.size(), 1u);
    EXPECT_EQ(outputs.at(0).shape, graph::Ints{size});
    return outputs.at(0);
  };
  const float packed[] = {1, 2};
  Proto chunks =
      tensor_header("w", kFloat, {3}).bytes(4, {reinterpret_cast<const char*>(packed), 8}).float32(4, 3);
  expect_near(with(chunks, 3), {3}, {1, 2, 3});
  expect_near(with(tensor_header("w", kFloat, {2}).bytes(4, {reinterpret_cast<const char*>(packed), 8}), 2),
              {2}, {1, 2});
  const Proto bytes = tensor_header("w", kUint8, {2}).varint(5, 200).varint(5, 3);
  EXPECT_EQ(values_of<uint8_t>(with(bytes, 2)), (std::vector<uint8_t>{200, 3}));
  const Proto ints = tensor_header("w", kInt32, {2})
                         .bytes(5, std::string("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x05", 11));
  EXPECT_EQ(values_of<int32_t>(with(ints, 2)), (std::vector<int32_t>{-1, 5}));
  const Proto half = tensor_header("w", kFloat16, {1}).varint(5, 0x3c00);
  EXPECT_EQ(values_of<uint16_t>(with(half, 1)), (std::vector<uint16_t>{0x3c00}));
}

TEST(OnnxOps, InitializersThatAreInputsAreConstants) {
  OnnxModel m(8);
  m.input("x", {2})
      .input("w", {2})
      .initializer(floats("w", {2}, {1, 2}))
      .node("Add", {"x", "w"}, {"y"})
      .output("y");
  expect_near(run1(m, {2}, {10, 20}), {2}, {11, 22});
}

TEST(OnnxOps, IntermediateNamesDoNotClash) {
  OnnxModel m(18);
  m.input("x", {2})
      .node("Mish", {"x"}, {"y"})
      .node("Relu", {"y"}, {"y.exp"})
      .node("Relu", {"y.exp"}, {"z"})
      .output("z")
      .output("y.exp");
  const auto imported = import(m);
  ASSERT_TRUE(imported) << to_string(imported.error());
  const graph::Graph& g = imported->graph;
  EXPECT_EQ(g.values[g.outputs[1].value].name, "y.exp");
}

}  // namespace
}  // namespace weft::testing

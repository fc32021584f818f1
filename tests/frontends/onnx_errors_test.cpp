// Every way in which a model file can be wrong gives one message that names its place.
#include "frontends/onnx_support.hpp"

namespace weft::testing {
namespace {

OnnxModel relu(std::vector<Dim> dims = {2, 3}) {
  OnnxModel m(13);
  m.input("x", dims).node("Relu", {"x"}, {"y"}, {}, "act").output("y");
  return m;
}

TEST(OnnxErrors, EmptyAndForeignFiles) {
  EXPECT_EQ(error_of(std::string()), "invalid-model: the model file is empty");
  EXPECT_TRUE(
      contains(error_of(std::string("not a model at all")), "invalid-model: the file is damaged at byte"));
  EXPECT_EQ(error_of(Proto().varint(1, 8).text()),
            "invalid-model: the file is not an ONNX model: it holds no graph");
}

TEST(OnnxErrors, EveryTruncation) {
  const std::string bytes = relu().bytes();
  ASSERT_TRUE(import(bytes));
  for (size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(import(bytes.substr(0, size))) << size;
}

TEST(OnnxErrors, EveryBitFlipEnds) {
  const std::string bytes = relu().bytes();
  size_t refused = 0;
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
    refused += !import(flipped);
  }
  EXPECT_GT(refused, bytes.size());
}

TEST(OnnxErrors, WireFormat) {
  EXPECT_TRUE(contains(error_of(std::string("\x3a\xff\xff\xff\xff\x0f", 6)),
                       "a field of 4294967295 bytes where 0 are left"));
  EXPECT_TRUE(contains(error_of(std::string("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11)),
                       "more than 64 bits"));
  EXPECT_TRUE(contains(error_of(std::string("\x3b\x3c", 2)), "wire type 3"));
  EXPECT_TRUE(contains(error_of(std::string("\x02\x00", 2)), "field number 0"));
}

TEST(OnnxErrors, UnresolvedDimensionsAllAtOnce) {
  OnnxModel m(13);
  m.input("a", {"batch", 3}).input("b", {"", 4}).input("c", {5});
  m.node("Relu", {"a"}, {"y"}).output("y");
  EXPECT_EQ(
      error_of(m),
      "invalid-argument: some extents of the inputs are not known: \"a\" is f32[batch, 3], \"b\" is "
      "f32[?, 4], \"c\" is "
      "f32[5]; give them with --shape a=Nx3 --shape b=Nx4, where N is an extent, or a range like 1..512");
  EXPECT_TRUE(contains(error_of(relu({"n", 3, "h"})), "--dim h=N --dim n=N or --shape x=Nx3xN"));
}

TEST(OnnxErrors, OptionsResolveDimensions) {
  onnx::ReadOptions options;
  options.dims = {{"n", 2}, {"h", 5}};
  auto by_name = import(relu({"n", 3, "h"}), options);
  ASSERT_TRUE(by_name) << to_string(by_name.error());
  EXPECT_EQ(graph::to_string(by_name->graph.values[by_name->graph.outputs[0].value].type), "f32[2, 3, 5]");
  options.shapes = {{"x", {7, 3, 1}}};
  auto by_shape = import(relu({"n", 3, "h"}), options);
  ASSERT_TRUE(by_shape) << to_string(by_shape.error());
  EXPECT_EQ(graph::to_string(by_shape->graph.values[by_shape->graph.outputs[0].value].type), "f32[7, 3, 1]");
}

TEST(OnnxErrors, OptionsThatNameNothing) {
  onnx::ReadOptions options;
  options.shapes = {{"z", {1}}};
  EXPECT_EQ(error_of(relu(), options),
            "invalid-argument: --shape names the input \"z\"; the model has \"x\"");
  options.shapes.clear();
  options.dims = {{"m", 1}};
  EXPECT_EQ(error_of(relu({"n"}), options), "invalid-argument: --dim names \"m\"; the model has \"n\"");
  options.dims.clear();
  options.shapes = {{"x", {1}}};
  EXPECT_EQ(error_of(relu(), options),
            "invalid-argument: --shape gives 1 extents; the input is f32[2, 3] @ x");
}

TEST(OnnxErrors, Extents) {
  EXPECT_EQ(error_of(relu({-1, 3})), "invalid-model: the input has the negative extent -1 @ x");
  onnx::ReadOptions options;
  options.shapes = {{"x", {int64_t{1} << 41, 0}}};
  EXPECT_TRUE(contains(error_of(relu(), options), "limit: the input has the extent 2199023255552"));
  options.shapes = {{"x", {1 << 20, 1 << 20}}};
  EXPECT_EQ(error_of(relu(), options), "limit: the input would take more than 4 GiB @ x");
}

TEST(OnnxErrors, UnknownOperatorsAllAtOnce) {
  OnnxModel m(13);
  m.opset("my.ops", 2).input("x", {2});
  for (const char* name : {"a", "b", "c", "d"}) m.node("Bogus", {"x"}, {name}, {}, name);
  m.node("Relu", {"x"}, {"r"}).node("Wild", {"r"}, {"y"}, {}, "", "my.ops").output("y");
  EXPECT_EQ(error_of(m),
            "unsupported: the model uses 2 operators that weft does not know: Bogus (opset 13) x 4: \"a\", "
            "\"b\", \"c\", …; "
            "my.ops.Wild (opset 2) x 1: \"Wild -> y\" @ a");
  const auto found = onnx::find_unsupported({std::make_shared<StringSource>(m.bytes())}, {});
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 2u);
  EXPECT_EQ((*found)[0].count, 4u);
  EXPECT_EQ((*found)[1].domain, "my.ops");
}

TEST(OnnxErrors, OperatorsOutsideOfTheirVersions) {
  OnnxModel old(6);
  old.input("x", {2}).node("Sin", {"x"}, {"y"}).output("y");
  EXPECT_TRUE(contains(error_of(old), "Sin (opset 6) x 1"));
  OnnxModel upsample(11);
  upsample.input("x", {2}).node("Upsample", {"x"}, {"y"}).output("y");
  EXPECT_TRUE(contains(error_of(upsample), "Upsample (opset 11) x 1"));
}

TEST(OnnxErrors, Cycle) {
  OnnxModel m(13);
  m.input("x", {2});
  m.node("Add", {"x", "c"}, {"a"}, {}, "n1")
      .node("Relu", {"a"}, {"b"}, {}, "n2")
      .node("Relu", {"b"}, {"c"}, {}, "n3");
  m.node("Relu", {"c"}, {"y"}, {}, "n4").output("y");
  EXPECT_EQ(error_of(m), "invalid-model: the graph has a cycle: \"n2\" -> \"n3\" -> \"n1\" -> \"n2\" @ n2");
}

TEST(OnnxErrors, UnsortedGraphsAreSorted) {
  OnnxModel m(13);
  m.input("x", {1}).node("Relu", {"a"}, {"y"}).node("Neg", {"x"}, {"a"}).output("y");
  expect_near(run1(m, {1}, {-2}), {1}, {2});
}

TEST(OnnxErrors, NamesThatClashOrLackAProducer) {
  OnnxModel twice(13);
  twice.input("x", {2}).node("Relu", {"x"}, {"y"}, {}, "a").node("Neg", {"x"}, {"y"}, {}, "b").output("y");
  EXPECT_EQ(error_of(twice), "invalid-model: the value \"y\" is produced by \"a\" already @ b");
  OnnxModel input(13);
  input.input("x", {2}).node("Relu", {"x"}, {"x"}, {}, "a").output("x");
  EXPECT_EQ(error_of(input),
            "invalid-model: its output \"x\" is an input or an initializer of the graph @ a");
  OnnxModel inputs(13);
  inputs.input("x", {2}).input("x", {3}).node("Relu", {"x"}, {"y"}).output("y");
  EXPECT_EQ(error_of(inputs), "invalid-model: two inputs are called \"x\" @ x");
  OnnxModel missing(13);
  missing.input("x", {2}).node("Add", {"x", "q"}, {"y"}, {}, "a").output("y");
  EXPECT_EQ(error_of(missing), "invalid-model: it reads \"q\", which nothing produces @ a");
  OnnxModel output(13);
  output.input("x", {2}).node("Relu", {"x"}, {"y"}).output("z");
  EXPECT_EQ(error_of(output), "invalid-model: nothing produces the output \"z\" @ z");
  OnnxModel operand(13);
  operand.input("x", {2}).node("Add", {"x"}, {"y"}, {}, "a").output("y");
  EXPECT_EQ(error_of(operand), "invalid-model: Add: input 1 is missing @ a");
}

TEST(OnnxErrors, WrongTypes) {
  OnnxModel dtypes(13);
  dtypes.input("x", {2}).input("i", {2}, kInt64).node("Add", {"x", "i"}, {"y"}, {}, "a").output("y");
  EXPECT_TRUE(contains(error_of(dtypes), "invalid-model: Add: "));
  OnnxModel attribute(13);
  attribute.input("x", {2}).node("Softmax", {"x"}, {"y"}, {attr("axis", 1.0f)}, "s").output("y");
  EXPECT_EQ(error_of(attribute), "invalid-model: Softmax: the attribute \"axis\" has the wrong type @ s");
  OnnxModel text(13);
  text.input("x", {2}, kString).node("Relu", {"x"}, {"y"}).output("y");
  EXPECT_EQ(error_of(text), "unsupported: Relu (opset 13): its operand 0 is a tensor of strings @ Relu -> y");
  OnnxModel complex(13);
  complex.input("x", {2}, kComplex64).node("Identity", {"x"}, {"y"}).output("y");
  EXPECT_EQ(error_of(complex), "unsupported: the input's element type is COMPLEX64 @ x");
}

TEST(OnnxErrors, Initializers) {
  const auto with = [](const Proto& w) {
    OnnxModel m(13);
    m.input("x", {2}).initializer(w).node("Add", {"x", "w"}, {"y"}).output("y");
    return error_of(m);
  };
  EXPECT_EQ(with(floats("w", {2}, {1})), "invalid-model: it holds 4 bytes, its shape needs 8 @ w");
  EXPECT_EQ(with(floats("w", {-2}, {1, 2})), "invalid-model: the tensor has the negative extent -2 @ w");
  EXPECT_EQ(with(floats("w", {int64_t{1} << 60}, {1})),
            "limit: the tensor has the extent 1152921504606846976, above the limit of 2^40 @ w");
  EXPECT_EQ(with(floats("w", {1 << 20, 1 << 20}, {1})), "limit: the tensor would take more than 4 GiB @ w");
  EXPECT_EQ(with(tensor_header("w", kFloat, {2})),
            "invalid-model: it holds 0 elements, its shape needs 2 @ w");
  EXPECT_EQ(with(tensor_header("w", kString, {2})),
            "invalid-model: it holds 0 strings, its shape needs 2 @ w");
  EXPECT_EQ(with(tensor_header("w", kComplex64, {2})),
            "unsupported: initializer (opset 13): its element type is COMPLEX64 @ w");
}

OnnxModel external(const std::string& location, const char* offset = "4", const char* length = "8") {
  Proto w = tensor_header("w", kFloat, {2}).varint(14, 1);
  w.message(13, Proto().bytes(1, "location").bytes(2, location));
  w.message(13, Proto().bytes(1, "offset").bytes(2, offset))
      .message(13, Proto().bytes(1, "length").bytes(2, length));
  OnnxModel m(13);
  m.input("x", {2}).initializer(w).node("Add", {"x", "w"}, {"y"}).output("y");
  return m;
}

TEST(OnnxErrors, ExternalData) {
  onnx::ReadOptions options;
  std::vector<std::string> opened;
  options.open_external = [&](std::string_view path) -> Result<std::shared_ptr<const Source>> {
    opened.emplace_back(path);
    if (path != "d/w.bin") return fail(ErrorKind::not_found, "there is no such file");
    const float values[] = {0, 10, 20};
    return std::make_shared<StringSource>(std::string(reinterpret_cast<const char*>(values), sizeof(values)));
  };
  for (const char* path : {"/etc/passwd", "../w.bin", "a/../../w.bin", "a\\..\\w.bin", "C:w.bin", ""})
    EXPECT_TRUE(contains(error_of(external(path), options), "outside of the model's folder @ w")) << path;
  EXPECT_TRUE(opened.empty());
  EXPECT_EQ(error_of(external("w.bin"), options), "not-found: there is no such file @ w");
  EXPECT_EQ(error_of(external("w.bin")), "not-found: its data lies in \"w.bin\", which was not given @ w");
  EXPECT_EQ(error_of(external("d/w.bin", "8"), options),
            "invalid-model: its data ends at byte 16 of \"d/w.bin\", which has 12 @ w");
  EXPECT_TRUE(
      contains(error_of(external("d/w.bin", "4", "9"), options), "its data has 9 bytes, its shape needs 8"));
  EXPECT_TRUE(contains(error_of(external("d/w.bin", "-4"), options), "has the offset \"-4\""));
  auto imported = import(external("d/w.bin"), options);
  ASSERT_TRUE(imported) << to_string(imported.error());
  ASSERT_EQ(imported->blobs.size(), 2u);
  auto y = graph::evaluate(imported->graph, imported->blobs, {make_tensor<float>(DType::f32, {2}, {1, 2})});
  ASSERT_TRUE(y);
  expect_near((*y)[0], {2}, {11, 22});
}

TEST(OnnxErrors, Bombs) {
  const auto with = [](const char* op, const std::vector<std::string>& inputs) {
    OnnxModel m(13);
    m.input("x", {1}).initializer(int64s("n", {2}, {1 << 20, 1 << 20})).initializer(int64s("zero", {}, {0}));
    m.initializer(int64s("one", {}, {1})).initializer(int64s("many", {}, {int64_t{1} << 60}));
    m.initializer(floats("m", {1, 1}, {1})).node(op, inputs, {"y"}, {}, "bomb").output("y");
    return error_of(m);
  };
  EXPECT_EQ(with("ConstantOfShape", {"n"}),
            "limit: ConstantOfShape: the result would take more than 2 GiB @ bomb");
  EXPECT_EQ(with("Expand", {"x", "n"}), "limit: Expand: the result would take more than 2 GiB @ bomb");
  EXPECT_EQ(with("Tile", {"m", "n"}), "limit: Tile: the result would take more than 2 GiB @ bomb");
  EXPECT_TRUE(contains(with("Range", {"zero", "many", "one"}), "limit: Range: "));
}

TEST(OnnxErrors, OperandsThatMustBeConstant) {
  OnnxModel m(13);
  m.input("x", {4}).input("s", {2}, kInt64).node("Reshape", {"x", "s"}, {"y"}, {}, "r").output("y");
  EXPECT_EQ(error_of(m),
            "unsupported: Reshape (opset 13): more than one extent of the shape is computed from the model's "
            "inputs "
            "@ r");
}

TEST(OnnxErrors, RefusedNodesAllAtOnceWithoutWhatDependsOnThem) {
  OnnxModel m(13);
  m.input("x", {4}).input("s", {2}, kInt64).input("n", {}, kInt64);
  m.node("Reshape", {"x", "s"}, {"a"}, {}, "r1").node("Reshape", {"x", "s"}, {"b"}, {}, "r2");
  m.node("Transpose", {"a"}, {"t"}, {attr("perm", 7)}, "wrong, if anyone came here");
  m.node("Bogus", {"t"}, {"u"}, {}, "bogus").node("Relu", {"u"}, {"v"}, {}, "after");
  m.node("Expand", {"x", "s"}, {"y"}, {}, "e").output("y").output("v").output("b");
  m.node("Relu", {"x"}, {"z"}).output("z");
  EXPECT_EQ(
      error_of(m),
      "unsupported: the model uses 1 operator that weft does not know: Bogus (opset 13) x 1: \"bogus\"; it "
      "has 3 nodes that weft refuses: Reshape (opset 13) x 2: \"r1\", \"r2\": more than one extent of "
      "the shape is computed from the model's inputs; Expand (opset 13) x 1: \"e\": the shape[0] is computed "
      "from "
      "the model's inputs: say how large it may be with --bound y=N, or --bound N for all such extents @ "
      "bogus");
  const Blobs blobs = {std::make_shared<StringSource>(m.bytes())};
  const auto found = onnx::find_unsupported(blobs, {});
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 3u);
  EXPECT_EQ((*found)[0].reason, "");
  EXPECT_EQ((*found)[1].nodes, (std::vector<std::string>{"r1", "r2"}));
  EXPECT_EQ((*found)[2].version, 13);
}

}  // namespace
}  // namespace weft::testing

// weft.h on bundles that the compiler writes here: results beside ONNX Runtime's, open extents, states, error
// cells, refusals. Needs Wasmtime: tools/setup wasmtime.
#include <gtest/gtest.h>
#include <weft.hpp>

#include <chrono>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <thread>

#include "support/bundle_folder.hpp"
#include "support/onnx_writer.hpp"

namespace fs = std::filesystem;

namespace weft::native {
namespace {

using weft::testing::attr;
using weft::testing::BundleFolder;
using weft::testing::floats;
using weft::testing::int64s;
using weft::testing::kInt64;
using weft::testing::OnnxModel;

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path << ": tools/models makes it";
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<float> read_floats(const fs::path& path) {
  const std::string bytes = read_file(path);
  std::vector<float> values(bytes.size() / 4);
  std::memcpy(values.data(), bytes.data(), 4 * values.size());
  return values;
}

std::vector<float> values(const Tensor& tensor) {
  return {tensor.as<float>(), tensor.as<float>() + tensor.size<float>()};
}

/// The largest difference by the largest reference value.
double relative_error(const std::vector<float>& got, const std::vector<float>& reference) {
  double worst = got.size() == reference.size() ? 0 : INFINITY, largest = 0;
  for (size_t i = 0; i < reference.size() && i < got.size(); ++i) {
    worst = std::max(worst, std::abs(double{got[i]} - double{reference[i]}));
    largest = std::max(largest, std::abs(double{reference[i]}));
  }
  return worst / largest;
}

/// The error that a call throws.
template <class Call>
RuntimeError error_of(Call call) {
  try {
    call();
  } catch (const RuntimeError& error) {
    return error;
  }
  return RuntimeError({WEFT_OK, "no error", "", 0, 0, 0});
}

compile::CompileOptions variants(std::vector<std::string> names) {
  compile::CompileOptions options;
  options.variants = std::move(names);
  options.name = "model";
  return options;
}

/// Models of tools/models with one input, in every variant beside ONNX Runtime.
class Oracle : public ::testing::TestWithParam<std::string> {};

TEST_P(Oracle, EveryVariant) {
  const fs::path folder = fs::path(WEFT_SOURCE_DIR) / "build/models" / GetParam();
  const auto input = nlohmann::json::parse(read_file(folder / "inputs.json"))[0];
  compile::CompileOptions options = variants({"scalar", "simd128", "relaxed"});
  size_t count = 1;
  for (const int64_t extent : input["shape"]) {
    options.read.shapes[input["name"]].emplace_back(extent);
    count *= static_cast<size_t>(extent);
  }
  const BundleFolder bundle(read_file(folder / "model.onnx"), options);
  const auto oracle = nlohmann::json::parse(read_file(folder / "oracle/index.json"))[0];
  ASSERT_EQ(oracle["kind"], "output");
  const std::vector<float> pixels = read_floats(folder / "input0.bin"),
                           reference = read_floats(folder / "oracle" / oracle["file"]);
  ASSERT_EQ(pixels.size(), count);
  std::vector<float> scalar;
  for (const char* variant : {"scalar", "simd128", "relaxed"}) {
    Instance instance(Model(bundle.path, variant));
    EXPECT_STREQ(instance.model().variant(), variant);
    instance.set_input(input["name"].get<std::string>(), pixels.data(), pixels.size());
    instance.run();
    const std::vector<float> got = values(instance.output(oracle["name"].get<std::string>()));
    EXPECT_EQ(instance.output(0).shape(), oracle["shape"].get<std::vector<uint32_t>>());
    EXPECT_LE(relative_error(got, reference), 1e-4) << variant;
    if (scalar.empty()) scalar = got;
    const bool is_exact = std::string_view(variant) != "relaxed";
    EXPECT_TRUE(!is_exact || std::memcmp(got.data(), scalar.data(), 4 * got.size()) == 0)
        << "simd128 differs from scalar";
    instance.run();
    EXPECT_EQ(std::memcmp(instance.output(0).data(), got.data(), 4 * got.size()), 0)
        << "a second run differs";
  }
}
INSTANTIATE_TEST_SUITE_P(Models, Oracle, ::testing::Values("squeezenet", "ppocr-rec", "ppocr-cls"),
                         [](const auto& suite) {
                           std::string name = suite.param;
                           std::erase(name, '-');
                           return name;
                         });

/// y = x * w + x, x: f32[n, 3] of an open n.
std::string scaled_model() {
  return OnnxModel(17)
      .input("x", {"n", 3})
      .initializer(floats("w", {3}, {1, 10, 100}))
      .node("Mul", {"x", "w"}, {"m"})
      .node("Add", {"m", "x"}, {"y"})
      .output("y")
      .bytes();
}

TEST(Library, InstancesOfAModelDoNotMeet) {
  compile::CompileOptions options = variants({"simd128"});
  options.read.dims["n"] = 2;
  const BundleFolder bundle(scaled_model(), options);
  const Model model(bundle.path);
  const weft_port port = model.input(0);
  EXPECT_STREQ(port.name, "x");
  EXPECT_EQ(port.dtype, WEFT_F32);
  ASSERT_EQ(port.rank, 2u);
  EXPECT_EQ(port.shape[0].min, 2u);
  EXPECT_EQ(port.shape[0].max, 2u);
  EXPECT_STREQ(port.shape[0].name, "");
  Instance a(model), b(model);
  const std::vector<float> one(6, 1), two(6, 2);
  a.set_input(0, one.data(), 6);
  b.set_input(0, two.data(), 6);
  a.run();
  b.run();
  EXPECT_EQ(values(a.output(0)), (std::vector<float>{2, 11, 101, 2, 11, 101}));
  EXPECT_EQ(values(b.output("y")), (std::vector<float>{4, 22, 202, 4, 22, 202}));
}

TEST(Library, OpenExtents) {
  compile::CompileOptions options = variants({"simd128"});
  options.read.dims.insert_or_assign("n", onnx::ExtentRange(2, 40000, 2));
  const BundleFolder bundle(scaled_model(), options);
  const Model model(bundle.path);
  const weft_extent& n = model.input(0).shape[0];
  EXPECT_EQ(n.min, 2u);
  EXPECT_EQ(n.max, 40000u);
  EXPECT_EQ(n.step, 2u);
  EXPECT_STREQ(n.name, "n");
  EXPECT_STREQ(model.output(0).shape[0].name, "n");
  Instance instance(model);
  // Memory grows to what the extents take; a smaller run goes on in it.
  for (const uint32_t rows : {2u, 40000u, 6u}) {
    const std::vector<float> x(size_t{3} * rows, 3);
    instance.set_input("x", x.data(), x.size(), {rows, 3});
    instance.run();
    const Tensor y = instance.output(0);
    EXPECT_EQ(y.shape(), (std::vector<uint32_t>{rows, 3}));
    const std::vector<float> got = values(y);
    for (size_t i = 0; i < got.size(); ++i) ASSERT_EQ(got[i], (i % 3 == 0 ? 6 : i % 3 == 1 ? 33 : 303)) << i;
  }
  const std::vector<float> x(9, 3);
  const auto set = [&](std::initializer_list<uint32_t> shape, size_t count) {
    const RuntimeError error = error_of([&] { instance.set_input(0, x.data(), count, shape); });
    EXPECT_EQ(error.status, WEFT_INVALID_ARGUMENT);
    return std::string(error.what());
  };
  EXPECT_EQ(set({3, 3}, 9), "input \"x\" is f32 [n, 3] with n = 2..40000:2, got the shape [3, 3]");
  EXPECT_EQ(set({2, 4}, 8), "input \"x\" is f32 [n, 3], got the shape [2, 4]");
  EXPECT_EQ(set({2, 3}, 5), "input \"x\": 24 bytes of f32 [2, 3] are expected, got 20");
  EXPECT_EQ(set({}, 6), "input \"x\" is f32 [n, 3]: give its shape");
  instance.run();  // what was refused left the input as it was
  EXPECT_EQ(instance.output(0).shape()[0], 6u);
}

/// y = table[index], whose index a run checks.
std::string table_model() {
  return OnnxModel(17)
      .input("index", {2}, kInt64)
      .initializer(floats("table", {3, 2}, {1, 2, 3, 4, 5, 6}))
      .node("Gather", {"table", "index"}, {"y"}, {attr("axis", 0)}, "Pick")
      .output("y")
      .bytes();
}

TEST(Library, AValueOutOfRangeIsNamedAndTheInstanceGoesOn) {
  const BundleFolder bundle(table_model(), variants({"simd128"}));
  Instance instance{Model(bundle.path)};
  const RuntimeError unset = error_of([&] { instance.run(); });
  EXPECT_EQ(unset.status, WEFT_INVALID_ARGUMENT);
  EXPECT_STREQ(unset.what(), "input \"index\" (i64 [2]) is not set");
  const int64_t wrong[2] = {1, 5'000'000'000}, right[2] = {2, -3};
  instance.set_input(0, wrong, 2);
  const RuntimeError error = error_of([&] { instance.run(); });
  EXPECT_EQ(error.status, WEFT_OUT_OF_RANGE);
  EXPECT_EQ(error.node, "Pick");
  EXPECT_EQ(error.value, 5'000'000'000);
  EXPECT_EQ(error.least, -3);
  EXPECT_EQ(error.greatest, 2);
  EXPECT_STREQ(error.what(), "node Pick: expected index = -3..2, got 5000000000");
  EXPECT_EQ(error_of([&] { instance.output(0); }).status, WEFT_INVALID_ARGUMENT);
  instance.set_input(0, right, 2);
  instance.run();
  EXPECT_EQ(values(instance.output(0)), (std::vector<float>{5, 6, 1, 2}));
}

TEST(Library, StatesGoOnUntilTheyAreForgotten) {
  const std::string model = OnnxModel(17)
                                .input("x", {2})
                                .input("s", {2})
                                .node("Add", {"x", "s"}, {"next"})
                                .node("Neg", {"next"}, {"y"})
                                .output("y")
                                .output("next")
                                .bytes();
  compile::CompileOptions options = variants({"simd128"});
  options.states = {{"next", "s"}};
  const BundleFolder bundle(model, options);
  Instance instance{Model(bundle.path)};
  EXPECT_EQ(instance.model().inputs(), 1u);
  const float x[2] = {1, 2};
  instance.set_input("x", x, 2);
  for (const float times : {1.0F, 2.0F, 3.0F}) {
    instance.run();
    EXPECT_EQ(values(instance.output("y")), (std::vector<float>{-times, -2 * times}));
  }
  instance.reset();
  instance.run();
  EXPECT_EQ(values(instance.output("y")), (std::vector<float>{-1, -2}));
}

TEST(Library, AnotherThreadInterruptsARun) {
  // A matrix that is multiplied by itself a thousand times: seconds.
  OnnxModel model(17);
  model.input("x", {256, 256});
  std::string last = "x";
  for (int i = 0; i < 1000; ++i) {
    const std::string next = "m" + std::to_string(i);
    model.node("MatMul", {last, "x"}, {next});
    last = next;
  }
  const BundleFolder bundle(model.output(last).bytes(), variants({"scalar"}));
  Instance instance{Model(bundle.path)};
  const std::vector<float> x(256 * 256, 0);
  instance.set_input(0, x.data(), x.size());
  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    instance.interrupt();
  });
  const RuntimeError error = error_of([&] { instance.run(); });
  other.join();
  EXPECT_EQ(error.status, WEFT_INTERRUPTED);
  EXPECT_STREQ(error.what(), "the run was interrupted");
}

TEST(Library, RefusesWhatIsNoBundle) {
  const BundleFolder bundle(table_model(), variants({"simd128"}));
  const auto opened = [&] { return error_of([&] { Model model(bundle.path); }); };
  const std::string manifest = bundle.read("model.json"), code = bundle.read("model.wasm"),
                    weights = bundle.read("model.weights");
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = manifest;
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return at == std::string::npos ? text : text.replace(at, from.size(), to);
  };
  EXPECT_EQ(error_of([&] { Model model(bundle.path, "relaxed"); }).status, WEFT_INVALID_ARGUMENT);
  EXPECT_EQ(error_of([] { Model model("/nowhere"); }).status, WEFT_NOT_FOUND);
  bundle.write("model.json", with("\"load\"", "\"strings\""));
  EXPECT_EQ(opened().status, WEFT_UNSUPPORTED);
  EXPECT_NE(std::string(opened().what()).find("needs \"strings\", which this runtime does not have"),
            std::string::npos);
  bundle.write("model.json", with("\"major\": 1", "\"major\": 2"));
  EXPECT_EQ(opened().status, WEFT_UNSUPPORTED);
  bundle.write("model.json", with("\"context\": ", "\"context\": 99"));
  EXPECT_EQ(opened().status, WEFT_BAD_BUNDLE);
  bundle.write("model.json", with("\"file\": \"model.wasm\"", "\"file\": \"../model.wasm\""));
  EXPECT_EQ(opened().status, WEFT_BAD_BUNDLE);
  bundle.write("model.json", with("\"pages\": ", "\"pages\": 1"));
  EXPECT_NE(std::string(opened().what()).find("different compilations"), std::string::npos);
  bundle.write("model.json", manifest.substr(0, manifest.size() / 2));
  EXPECT_EQ(opened().status, WEFT_BAD_BUNDLE);
  bundle.write("model.json", manifest);
  bundle.write("model.wasm", code.substr(0, code.size() / 2));
  EXPECT_EQ(opened().status, WEFT_BAD_BUNDLE);
  bundle.write("model.wasm", code);
  bundle.write("model.weights", weights.substr(0, weights.size() - 1));
  EXPECT_EQ(opened().status, WEFT_BAD_BUNDLE);
  bundle.write("model.weights", weights);
  EXPECT_EQ(opened().status, WEFT_OK);
}

}  // namespace
}  // namespace weft::native

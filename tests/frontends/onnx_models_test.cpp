// Real models, against what ONNX Runtime computed for them (tools/models and tools/oracle.mjs fill
// build/models).
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "frontends/onnx_support.hpp"

namespace weft::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const fs::path kModels = fs::path(WEFT_SOURCE_DIR) / "build" / "models";

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path;
  return {std::istreambuf_iterator<char>(in), {}};
}

graph::Tensor read_tensor(const fs::path& folder, const json& entry) {
  const std::string bytes = read_file(folder / entry.at("file").get<std::string>());
  const auto dtype = parse_dtype(entry.at("dtype").get<std::string>());
  EXPECT_TRUE(dtype);
  return {*dtype, entry.at("shape").get<graph::Ints>(), {bytes.begin(), bytes.end()}};
}

double max_difference(const graph::Tensor& a, const graph::Tensor& b) {
  const std::vector<float> x = values_of<float>(a), y = values_of<float>(b);
  double largest = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const double difference = std::abs(static_cast<double>(x[i]) - static_cast<double>(y[i]));
    largest = difference <= largest ? largest : difference;  // a NaN wins
  }
  return largest;
}

class OnnxModels : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const fs::path folder = kModels / GetParam();
    if (!fs::exists(folder / "model.onnx"))
      GTEST_SKIP() << "build/models/" << GetParam() << " is not there: run tools/models";
    inputs_ = json::parse(read_file(folder / "inputs.json"));
    onnx::ReadOptions options;
    for (const json& input : inputs_)
      for (const int64_t extent : input.at("shape").get<graph::Ints>())
        options.shapes[input.at("name").get<std::string>()].emplace_back(extent);
    auto imported = import(read_file(folder / "model.onnx"), options);
    ASSERT_TRUE(imported) << to_string(imported.error());
    import_ = std::move(*imported);
  }
  json inputs_;
  onnx::Import import_;
};

TEST_P(OnnxModels, Import) {
  const auto verified = graph::verify(import_.graph);
  EXPECT_TRUE(verified) << to_string(verified.error());
  EXPECT_EQ(import_.graph.inputs.size(), inputs_.size());
}

TEST_P(OnnxModels, AgreesWithOnnxRuntime) {
  const fs::path folder = kModels / GetParam();
  if (!fs::exists(folder / "oracle/index.json"))
    GTEST_SKIP() << "no oracle for " << GetParam() << ": run tools/models";
  std::vector<graph::Tensor> inputs;
  for (const json& input : inputs_) inputs.push_back(read_tensor(folder, input));
  std::map<std::string, graph::Tensor> computed;
  const json oracle = json::parse(read_file(folder / "oracle/index.json"));
  std::set<std::string> wanted;
  for (const json& entry : oracle) wanted.insert(entry.at("name").get<std::string>());
  graph::EvalOptions options;
  options.on_value = [&](graph::ValueId id, const graph::Tensor& tensor) {
    const std::string& name = import_.graph.values[id].name;
    if (wanted.contains(name)) computed[name] = tensor;
  };
  const auto outputs = graph::evaluate(import_.graph, import_.blobs, inputs, options);
  ASSERT_TRUE(outputs) << to_string(outputs.error());
  for (size_t i = 0; i < outputs->size(); ++i) computed[import_.graph.outputs[i].name] = (*outputs)[i];
  for (const json& entry : oracle) {
    const std::string name = entry.at("name").get<std::string>();
    ASSERT_TRUE(computed.contains(name)) << name;
    const graph::Tensor expected = read_tensor(folder / "oracle", entry);
    EXPECT_EQ(computed[name].shape, expected.shape) << name;
    ASSERT_EQ(computed[name].bytes.size(), expected.bytes.size()) << name;
    EXPECT_LE(max_difference(computed[name], expected), 1e-4 * entry.at("max_abs").get<double>()) << name;
  }
}

std::vector<std::string> model_names() {
  std::ifstream in(fs::path(WEFT_SOURCE_DIR) / "tests/models/models.json");
  std::vector<std::string> names;
  const json models = json::parse(in);
  for (const auto& [name, entry] : models.items())
    if (entry.contains("reference")) names.push_back(name);  // the others take the evaluator minutes
  return names;
}

INSTANTIATE_TEST_SUITE_P(Models, OnnxModels, ::testing::ValuesIn(model_names()), [](const auto& test) {
  std::string name = test.param;
  for (char& c : name)
    if (c == '-') c = '_';
  return name;
});

}  // namespace
}  // namespace weft::testing

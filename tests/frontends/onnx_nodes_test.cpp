// ONNX's own tests of single operators (node_cases.py): each is computed correctly or refused as unsupported.
#include <fmt/format.h>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>
#include <set>

#include "frontends/onnx/numbers.hpp"
#include "frontends/onnx_support.hpp"

namespace weft::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const fs::path kRoot = WEFT_SOURCE_DIR;
const fs::path kCases = kRoot / "build/onnx-nodes";

/// How many cases pass today: a ratchet.
constexpr size_t kMustPass = 1996;

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path;
  return {std::istreambuf_iterator<char>(in), {}};
}

/// "name reason" a line: cases whose expected values weft does not follow.
std::map<std::string, std::string> read_exceptions() {
  std::ifstream in(kRoot / "tests/frontends/node_exceptions.txt");
  std::map<std::string, std::string> exceptions;
  for (std::string line; std::getline(in, line);) {
    const size_t space = line.find(' ');
    if (!line.empty() && line[0] != '#') exceptions[line.substr(0, space)] = line.substr(space + 1);
  }
  return exceptions;
}

graph::Tensor read_tensor(const json& entry, graph::Strings& strings) {
  const std::string bytes = read_file(kCases / entry.at("file").get<std::string>());
  if (entry.at("dtype") == "string") {
    graph::Tensor ids{DType::i32, entry.at("shape").get<graph::Ints>(), {}};
    for (const std::string& text : json::parse(bytes).get<std::vector<std::string>>())
      onnx::append_bits(ids.bytes, DType::i32, static_cast<uint64_t>(strings.id(text)));
    return ids;
  }
  return {*parse_dtype(entry.at("dtype").get<std::string>()),
          entry.at("shape").get<graph::Ints>(),
          {bytes.begin(), bytes.end()}};
}

std::string compare(const graph::Tensor& actual, const graph::Tensor& expected, double rtol, double atol) {
  if (actual.dtype != expected.dtype) return "dtype " + std::string(to_string(actual.dtype));
  if (actual.shape != expected.shape)
    return "shape " + graph::to_string({actual.dtype, graph::make_shape(actual.shape)});
  if (!is_float(actual.dtype)) return actual.bytes == expected.bytes ? "" : "integers differ";
  const std::vector<double> x = onnx::to_doubles(actual.dtype, actual.bytes);
  const std::vector<double> y = onnx::to_doubles(expected.dtype, expected.bytes);
  for (size_t i = 0; i < x.size(); ++i) {
    if ((std::isnan(x[i]) && std::isnan(y[i])) || x[i] == y[i]) continue;
    if (!(std::abs(x[i] - y[i]) <= atol + rtol * std::abs(y[i])))
      return "at " + std::to_string(i) + ": " + fmt::format("{}, not {}", x[i], y[i]);
  }
  return "";
}

/// The case's extents, and its sequences and optionals.
onnx::ReadOptions options_of(const json& test) {
  onnx::ReadOptions options;
  if (test.contains("symbolic"))
    for (const auto& [name, extent] : test.at("symbolic").items()) options.dims[name] = extent.get<int64_t>();
  if (test.contains("sequences"))
    for (const auto& [name, length] : test.at("sequences").items())
      options.sequences[name] = length.get<int64_t>();
  if (test.contains("shapes"))
    for (const auto& [name, shape] : test.at("shapes").items()) {
      std::vector<onnx::ExtentRange>& extents = options.shapes[name];
      for (const json& extent : shape) extents.emplace_back(extent.get<int64_t>());
    }
  if (test.contains("absent"))
    for (const json& name : test.at("absent")) options.absent.insert(name.get<std::string>());
  return options;
}

/// Empty when right, "refused …" when unsupported, else what is wrong.
std::string run_case(const json& test, bool is_bound) {
  const onnx::ReadOptions options = options_of(test);
  const std::string model = read_file(kCases / test.at(is_bound ? "bound" : "model").get<std::string>());
  auto imported = import(model, options);
  const bool is_open = !imported && imported.error().message.contains("--bound N for all");
  // Twice the case's extents, or those: a loop's body may make no sense beyond.
  for (const int64_t part : {1, 2}) {
    if (imported || !is_open) break;
    onnx::ReadOptions with_bound = options;
    with_bound.bounds[""] = {test.at("most").get<int64_t>() / part};
    if (auto again = import(model, with_bound)) imported = std::move(again);
  }
  if (!imported) {
    const bool refused = imported.error().kind == ErrorKind::unsupported;
    return (refused ? "refused: " : "") + to_string(imported.error());
  }
  graph::Strings strings(imported->graph.strings);
  std::vector<graph::Tensor> inputs;
  for (const graph::Port& port : imported->graph.inputs)
    for (const json& input : test.at("inputs"))
      if (input.at("name").get<std::string>() == port.name) inputs.push_back(read_tensor(input, strings));
  graph::EvalOptions how;
  how.strings = &strings;
  const auto outputs = graph::evaluate(imported->graph, imported->blobs, inputs, how);
  // What the evaluator cannot compute (regular expressions) the runtime can.
  if (!outputs)
    return (outputs.error().kind == ErrorKind::unsupported ? "refused: " : "") + to_string(outputs.error());
  for (size_t i = 0; i < outputs->size(); ++i) {
    const json& wanted = test.at("outputs").at(i);
    if ((wanted.at("dtype") == "string") != imported->graph.outputs[i].is_string) return "strings, or none";
    const std::string problem = compare((*outputs)[i], read_tensor(wanted, strings),
                                        test.at("rtol").get<double>(), test.at("atol").get<double>());
    if (!problem.empty()) return problem;
  }
  return "";
}

TEST(OnnxNodes, EachIsRightOrRefused) {
  const fs::path python = kRoot / ".venv/bin/python";
  if (!fs::exists(kCases / "index.json")) {
    if (!fs::exists(python)) GTEST_SKIP() << "needs the onnx package: run tools/setup";
    const std::string command = "\"" + python.string() + "\" \"" +
                                (kRoot / "tests/frontends/node_cases.py").string() + "\" \"" +
                                kCases.string() + "\"";
    ASSERT_EQ(std::system(command.c_str()), 0);
  }
  const std::map<std::string, std::string> exceptions = read_exceptions();
  std::map<std::string, size_t> excepted;
  size_t passed = 0, refused = 0;
  const bool verbose = std::getenv("VERBOSE") != nullptr;
  json rows = json::array();  // for make conformance
  for (const json& test : json::parse(read_file(kCases / "index.json"))) {
    const std::string name = test.at("name").get<std::string>();
    std::string problem = run_case(test, false);
    if (problem.starts_with("refused") && test.contains("bound")) problem = run_case(test, true);
    rows.push_back({{"test", name}, {"reason", problem}});
    if (const auto it = exceptions.find(name); it != exceptions.end()) {
      EXPECT_FALSE(problem.empty()) << name << " passes: take it out of node_exceptions.txt";
      ++excepted[it->second];
    } else if (problem.starts_with("refused")) {
      ++refused;
      if (verbose) std::printf("%s %s\n", name.c_str(), problem.c_str());
    } else {
      EXPECT_TRUE(problem.empty()) << name << ": " << problem;
      passed += problem.empty();
    }
  }
  if (const char* file = std::getenv("WEFT_CONFORMANCE_ROWS")) std::ofstream(file) << rows.dump();
  std::printf("%zu right, %zu refused as unsupported\n", passed, refused);
  for (const auto& [reason, count] : excepted) std::printf("%zu not followed: %s\n", count, reason.c_str());
  EXPECT_GE(passed, kMustPass);
}

}  // namespace
}  // namespace weft::testing

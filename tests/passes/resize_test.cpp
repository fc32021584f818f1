// expand_resize against ONNX's reference implementation (resize_cases.py) and against the evaluator.
#include <fstream>
#include <sstream>

#include "passes/passes.hpp"
#include "passes/passes_support.hpp"

namespace weft::passes {
namespace {

using graph::CoordinateMode;
using graph::Graph;
using graph::Ints;
using graph::NearestMode;
using graph::Op;
using graph::ResizeAttributes;
using graph::ResizeMode;
using graph::Tensor;

template <class T>
T named(const std::string& name, std::initializer_list<std::pair<const char*, T>> all) {
  for (const auto& [text, value] : all)
    if (name == text) return value;
  ADD_FAILURE() << "unknown: " << name;
  return {};
}

template <class T>
std::vector<T> list(const std::string& text) {
  std::istringstream in(text);
  std::vector<T> result;
  for (T value; in >> value;) result.push_back(value);
  return result;
}

std::vector<std::string> fields(const std::string& line) {
  std::vector<std::string> result = {""};
  for (const char c : line) {
    if (c == '|') result.emplace_back();
    else result.back() += c;
  }
  return result;
}

struct Case {
  ResizeAttributes attributes;
  Ints from, to;
  std::vector<float> expected;
};

Case parse_case(const std::string& line) {
  const std::vector<std::string> all = fields(line);
  Case c;
  std::istringstream modes(all.at(0));
  std::string mode, coordinates, nearest;
  modes >> mode >> coordinates >> nearest >> c.attributes.cubic_a;
  c.attributes.mode = named<ResizeMode>(
      mode, {{"nearest", ResizeMode::nearest}, {"linear", ResizeMode::linear}, {"cubic", ResizeMode::cubic}});
  c.attributes.coordinates =
      named<CoordinateMode>(coordinates, {{"half_pixel", CoordinateMode::half_pixel},
                                          {"pytorch_half_pixel", CoordinateMode::pytorch_half_pixel},
                                          {"align_corners", CoordinateMode::align_corners},
                                          {"asymmetric", CoordinateMode::asymmetric}});
  c.attributes.nearest = named<NearestMode>(nearest, {{"round_prefer_floor", NearestMode::round_prefer_floor},
                                                      {"round_prefer_ceil", NearestMode::round_prefer_ceil},
                                                      {"floor", NearestMode::floor},
                                                      {"ceil", NearestMode::ceil}});
  c.from = list<int64_t>(all.at(1));
  c.attributes.scales = list<double>(all.at(2));
  c.to = list<int64_t>(all.at(4));
  if (c.attributes.scales.empty())
    for (size_t i = 0; i < c.to.size(); ++i)
      c.attributes.scales.push_back(static_cast<float>(c.to[i]) / static_cast<float>(c.from[i]));
  c.attributes.shape = graph::make_shape(c.to);
  c.expected = list<float>(all.at(5));
  return c;
}

Graph resize_graph(const ResizeAttributes& attributes, const Ints& from, DType dtype = DType::f32) {
  Graph g;
  const auto x = graph::add_input(g, "x", {dtype, graph::make_shape(from)});
  const auto y = graph::add_node(g, Op::resize, {x}, attributes, "y", "Resize_0");
  EXPECT_TRUE(y.has_value()) << (y ? "" : y.error().message);
  if (y) g.outputs.push_back({"y", *y});
  return g;
}

std::vector<float> sample(const Ints& shape) {
  int64_t count = 1;
  for (const int64_t extent : shape) count *= extent;
  std::vector<float> x;
  for (int64_t i = 0; i < count; ++i) x.push_back(static_cast<float>(7 * i % 11) / 4 - 1);
  return x;
}

TEST(ExpandResize, AgreesWithTheReference) {
  std::ifstream in(std::string(WEFT_SOURCE_DIR) + "/tests/passes/resize_cases.txt");
  size_t count = 0;
  for (std::string line; std::getline(in, line); ++count) {
    const std::string where = "line " + std::to_string(count + 1) + ": " + line.substr(0, 90);
    const Case c = parse_case(line);
    const Graph before = resize_graph(c.attributes, c.from);
    const Graph after = expand_resize(before);
    EXPECT_EQ(count_nodes(after, Op::resize), 0u) << where;
    const std::vector<Tensor> inputs = {f32_tensor(c.from, sample(c.from))};
    const Tensor expected = f32_tensor(c.to, c.expected);
    expect_close(evaluated(before, inputs).at(0), expected, 2e-6, "evaluator, " + where);
    expect_close(evaluated(after, inputs).at(0), expected, 2e-6, "expanded, " + where);
  }
  EXPECT_GE(count, 300u);
}

ResizeAttributes nearest_floor(const Ints& to, std::vector<double> scales) {
  ResizeAttributes a;
  a.shape = graph::make_shape(to);
  a.scales = std::move(scales);
  a.coordinates = CoordinateMode::asymmetric;
  a.nearest = NearestMode::floor;
  return a;
}

TEST(ExpandResize, WholeFactorsMapIndices) {
  const Graph g = expand_resize(resize_graph(nearest_floor({1, 3, 8, 12}, {1, 1, 2, 3}), {1, 3, 4, 4}));
  EXPECT_EQ(count_nodes(g, Op::gather), 0u);
  EXPECT_EQ(count_nodes(g, Op::expand), 1u);
  EXPECT_EQ(g.constants.size(), 0u);
}

TEST(ExpandResize, WholeStepsAreSlices) {
  const Graph g = expand_resize(resize_graph(nearest_floor({3, 4, 2}, {1, 0.5, 0.25}), {3, 8, 8}));
  EXPECT_EQ(count_nodes(g, Op::gather), 0u);
  EXPECT_EQ(count_nodes(g, Op::slice), 2u);
}

TEST(ExpandResize, AxesThatStayAreLeftOut) {
  ResizeAttributes a = nearest_floor({2, 3, 7}, {1, 1, 1.4});
  a.mode = ResizeMode::linear;
  a.coordinates = CoordinateMode::half_pixel;
  const Graph g = expand_resize(resize_graph(a, {2, 3, 5}));
  EXPECT_EQ(count_nodes(g, Op::gather), 2u);
  EXPECT_EQ(count_nodes(g, Op::mul), 2u);
  EXPECT_EQ(count_nodes(g, Op::add), 1u);
}

TEST(ExpandResize, NearestCopiesEveryElementType) {
  for (const DType dtype : {DType::f16, DType::i64, DType::u8, DType::boolean, DType::f64}) {
    const Graph before = resize_graph(nearest_floor({2, 7}, {1, 1.75}), {2, 4}, dtype);
    Tensor x{dtype, {2, 4}, {}};
    for (uint32_t i = 0; i < 8 * byte_size(dtype); ++i)
      x.bytes.push_back(static_cast<uint8_t>(dtype == DType::boolean ? i % 2 : i % 60));
    const Tensor expected = evaluated(before, {x}).at(0);
    EXPECT_EQ(evaluated(expand_resize(before), {x}).at(0).bytes, expected.bytes) << to_string(dtype);
  }
}

TEST(ExpandResize, WithoutElementsItStays) {
  const Graph g = expand_resize(resize_graph(nearest_floor({2, 0}, {1, 0.25}), {2, 3}));
  EXPECT_EQ(count_nodes(g, Op::resize), 1u);
}

}  // namespace
}  // namespace weft::passes

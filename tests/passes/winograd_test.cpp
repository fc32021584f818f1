// winograd over extents, paddings and channels: in double precision the evaluator gives the same before and
// after.
#include "graph/winograd.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "passes/passes.hpp"
#include "passes/passes_support.hpp"
#include "support/random_tensor.hpp"

namespace weft::passes {
namespace {

using graph::Graph;
using graph::Op;

std::string text(int64_t batch, int64_t in, int64_t out, int64_t height, int64_t width, int64_t begin,
                 int64_t end) {
  std::string weights;
  for (int64_t i = 0; i < in * out * 9; ++i)
    weights += fmt::format("{}{}", i == 0 ? "" : ", ", static_cast<double>((i * 37) % 101 - 50) / 64);
  return fmt::format(
      "graph \"t\" {{\n  %x = input \"x\" : f32[{0}, {1}, {3}, {4}]\n  %b = input \"b\" : f32[{2}]\n"
      "  %w = constant \"w\" : f32[{2}, {1}, 3, 3] = {{{9}}}\n"
      "  %y = conv(%x, %w, %b) {{strides = [1, 1], dilations = [1, 1], pads_begin = [{5}, {6}], pads_end = "
      "[{6}, {5}], groups = 1}} : f32[{0}, {2}, {7}, {8}]\n  output \"y\" = %y\n}}\n",
      batch, in, out, height, width, begin, end, height + begin + end - 2, width + begin + end - 2, weights);
}

/// The tile that was chosen; 0: the convolution stayed.
int64_t check(const std::string& source) {
  const auto g = graph::parse(source);
  EXPECT_TRUE(g.has_value() && graph::verify(*g).has_value()) << source.substr(0, 300);
  if (!g) return 0;
  const Graph after = winograd(*g);
  EXPECT_TRUE(graph::verify(after).has_value()) << to_string(graph::verify(after).error());
  std::vector<graph::Tensor> inputs;
  for (const graph::Port& port : g->inputs)
    inputs.push_back(weft::testing::random_tensor(g->values[port.value].type, inputs.size() + 1,
                                                  {.low = -1, .high = 1, .special = false}));
  graph::EvalOptions options;
  options.double_precision = true;
  const auto plain = graph::evaluate(*g, {}, inputs, options),
             fast = graph::evaluate(after, {}, inputs, options);
  EXPECT_TRUE(plain.has_value() && fast.has_value());
  if (!plain || !fast) return 0;
  const std::vector<double> expected = numbers((*plain)[0]), got = numbers((*fast)[0]);
  EXPECT_EQ(expected.size(), got.size());
  double largest = 0, error = 0;
  for (size_t i = 0; i < std::min(expected.size(), got.size()); ++i) {
    largest = std::max(largest, std::fabs(expected[i]));
    error = std::max(error, std::fabs(expected[i] - got[i]));
  }
  EXPECT_LE(error, 1e-6 * largest) << source.substr(0, 300);  // outputs are rounded to f32
  for (const graph::Node& node : after.nodes)
    if (node.op == Op::winograd_output) return std::get<graph::WinogradAttributes>(node.attributes).tile;
  return 0;
}

TEST(Winograd, KeepsTheResult) {
  std::map<int64_t, int> chosen;
  for (const int64_t height : {5, 8, 13, 26})
    for (const int64_t width : {7, 12, 23})
      for (const int64_t begin : {0, 1, 2})
        ++chosen[check(text(1 + begin % 2, 24, 40, height, width, begin, begin == 2 ? 0 : 1))];
  ++chosen[check(text(1, 96, 96, 10, 10, 1, 1))];
  EXPECT_GT(chosen[4], 0);
  EXPECT_GT(chosen[2], 0);
  EXPECT_GT(chosen[0], 0);
}

TEST(Winograd, LeavesWhatItDoesNotFit) {
  EXPECT_EQ(check(text(1, 2, 2, 26, 26, 1, 1)), 0) << "few channels";
  EXPECT_EQ(check(text(1, 32, 32, 3, 3, 1, 1)), 0) << "few outputs";
}

}  // namespace
}  // namespace weft::passes

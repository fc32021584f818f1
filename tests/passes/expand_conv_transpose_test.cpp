// expand_conv_transpose over strides, kernels, paddings and groups: the evaluator gives the same before and
// after, and nothing is left to expand.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "passes/passes.hpp"
#include "passes/passes_support.hpp"
#include "support/random_tensor.hpp"

namespace weft::passes {
namespace {

using graph::Graph;

struct Case {
  int64_t in, kernel, stride, pad_begin, pad_end, output_padding;
  int64_t out() const { return stride * (in - 1) + output_padding + kernel - pad_begin - pad_end; }
};

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const int64_t in : {1, 2, 5})
    for (const int64_t kernel : {1, 2, 3, 5})
      for (const int64_t stride : {1, 2, 3, 4})
        for (const int64_t pad : {0, 1, 2})
          for (const int64_t more : {0, 1}) {
            const Case c{in, kernel, stride, std::min(pad, kernel - 1), pad / 2, more < stride ? more : 0};
            if (c.out() > 0) all.push_back(c);
          }
  return all;
}

/// The case along one axis, another along the second; with groups and a bias.
std::string text(const Case& a, const Case& b, int64_t groups) {
  return fmt::format(
      "graph \"t\" {{\n  %x = input \"x\" : f32[2, {}, {}, {}]\n  %w = input \"w\" : f32[{}, 3, {}, {}]\n"
      "  %b = input \"b\" : f32[{}]\n"
      "  %y = conv_transpose(%x, %w, %b) {{strides = [{}, {}], dilations = [1, 1], pads_begin = [{}, {}], "
      "pads_end = [{}, {}], output_padding = [{}, {}], groups = {}}} : f32[2, {}, {}, {}]\n"
      "  output \"y\" = %y\n}}\n",
      2 * groups, a.in, b.in, 2 * groups, a.kernel, b.kernel, 3 * groups, a.stride, b.stride, a.pad_begin,
      b.pad_begin, a.pad_end, b.pad_end, a.output_padding, b.output_padding, groups, 3 * groups, a.out(),
      b.out());
}

void check(const std::string& source) {
  const auto g = graph::parse(source);
  ASSERT_TRUE(g.has_value()) << g.error().message << source;
  ASSERT_TRUE(graph::verify(*g).has_value()) << to_string(graph::verify(*g).error()) << source;
  const Graph expanded = expand_conv_transpose(*g);
  ASSERT_TRUE(graph::verify(expanded).has_value()) << to_string(graph::verify(expanded).error()) << source;
  for (const graph::Node& node : expanded.nodes) ASSERT_NE(node.op, graph::Op::conv_transpose) << source;
  std::vector<graph::Tensor> inputs;
  for (const graph::Port& port : g->inputs)
    inputs.push_back(weft::testing::random_tensor(g->values[port.value].type, inputs.size() + 1,
                                                  {.low = -1, .high = 1, .special = false}));
  const auto before = graph::evaluate(*g, {}, inputs), after = graph::evaluate(expanded, {}, inputs);
  ASSERT_TRUE(before.has_value() && after.has_value()) << source;
  const std::vector<double> expected = numbers((*before)[0]), got = numbers((*after)[0]);
  ASSERT_EQ(expected.size(), got.size());
  for (size_t i = 0; i < expected.size(); ++i) ASSERT_NEAR(expected[i], got[i], 1e-5) << source;
}

TEST(ExpandConvTranspose, KeepsTheResult) {
  const std::vector<Case> all = cases();
  ASSERT_GT(all.size(), 100u);
  for (size_t i = 0; i < all.size(); ++i)
    check(text(all[i], all[(7 * i + 3) % all.size()], 1 + static_cast<int64_t>(i % 3)));
}

}  // namespace
}  // namespace weft::passes

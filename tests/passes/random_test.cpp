// Every pass on random graphs: what is computed stays the same.
#include <algorithm>
#include <map>

#include "passes/passes.hpp"
#include "passes/passes_support.hpp"
#include "passes/random_graph.hpp"
#include "passes/verify_groups.hpp"
#include "support/random_graph.hpp"

namespace weft::passes {
namespace {

using graph::Graph;
using graph::Tensor;

constexpr uint64_t kSeeds = 2000;

std::vector<Tensor> inputs_of(const Graph& g, uint64_t seed, bool special) {
  std::vector<Tensor> inputs;
  for (const graph::Port& port : g.inputs)
    inputs.push_back(testing::random_tensor(g.values[port.value].type, seed++,
                                            {.low = -1.5, .high = 1.5, .special = special}));
  return inputs;
}

/// The largest finite magnitude that occurs: what rounding errors are measured by.
double magnitude(const Graph& g, const std::vector<Tensor>& inputs) {
  double most = 1;
  graph::EvalOptions options;
  options.on_value = [&](graph::ValueId, const Tensor& t) {
    if (t.dtype != DType::f32) return;
    for (const double x : numbers(t))
      if (std::isfinite(x)) most = std::max(most, std::fabs(x));
  };
  EXPECT_TRUE(graph::evaluate(g, {}, inputs, options).has_value());
  return most;
}

Graph folded(Graph g, uint64_t limit) {
  auto result = fold_constants(std::move(g), {}, limit);
  EXPECT_TRUE(result.has_value());
  return result ? std::move(*result) : Graph{};
}

struct Pass {
  std::string name;
  bool exact;
  std::function<Graph(Graph)> apply;
};

Graph whole_sequence(Graph g) {
  g = expand_resize(remove_dead(std::move(g)));
  g = simplify(folded(std::move(g), 65536));
  g = folded(expand_conv_transpose(fold_scales(std::move(g))), 256);
  return fuse_groups(simplify(std::move(g)));
}

const std::vector<Pass> kPasses = {
    {"remove_dead", true, remove_dead},
    {"fold_constants", true, [](Graph g) { return folded(std::move(g), 64); }},
    {"simplify", true, simplify},
    {"fuse_groups", true, fuse_groups},
    {"fold_scales", false, fold_scales},
    {"expand_resize", false, expand_resize},
    {"whole sequence", false, whole_sequence},
};

/// Two generators: one makes what the passes look for, the other has every operation and type.
Graph any_graph(uint64_t seed, bool smooth) {
  using graph::Op;
  if (seed % 2 == 0) return RandomGraph(seed, smooth).make();
  graph::RandomGraphOptions options;
  options.max_elements = 512;
  if (smooth) {
    options.dtypes = {DType::f32};
    options.ops = {Op::add,
                   Op::sub,
                   Op::mul,
                   Op::tanh,
                   Op::sigmoid,
                   Op::conv,
                   Op::conv_transpose,
                   Op::matmul,
                   Op::reshape,
                   Op::expand,
                   Op::slice,
                   Op::pad,
                   Op::resize,
                   Op::abs,
                   Op::reduce_window,
                   Op::concat,
                   Op::transpose,
                   Op::gather,
                   Op::minimum,
                   Op::resize};
  }
  return graph::RandomGraph(seed, options).make();
}

void check(const Pass& pass, uint64_t seed, std::map<std::string, size_t>& changed) {
  const Graph before = any_graph(seed, !pass.exact);
  const std::string where = pass.name + ", seed " + std::to_string(seed) + "\n" + graph::print(before);
  ASSERT_TRUE(graph::verify(before).has_value()) << where;
  const Graph after = pass.apply(before);
  const auto verified = graph::verify(after);
  ASSERT_TRUE(verified.has_value()) << to_string(verified.error()) << "\n" << where << graph::print(after);
  ASSERT_EQ(after.names.size(), after.values.size()) << where;
  changed[pass.name] += graph::print(after) == graph::print(before) ? 0 : 1;
  const std::vector<Tensor> inputs = inputs_of(before, seed, pass.exact && seed % 4 < 2);
  const std::vector<Tensor> expected = evaluated(before, inputs), got = evaluated(after, inputs);
  ASSERT_EQ(got.size(), expected.size()) << where;
  const double tolerance = pass.exact ? 0 : 1e-5 * magnitude(before, inputs);
  for (size_t i = 0; i < got.size(); ++i)
    expect_close(got[i], expected[i], tolerance, where + "after:\n" + graph::print(after));
}

TEST(RandomGraphs, PassesKeepWhatIsComputed) {
  std::map<std::string, size_t> changed;
  for (const Pass& pass : kPasses)
    for (uint64_t seed = 0; seed < kSeeds && !::testing::Test::HasFatalFailure(); ++seed)
      check(pass, seed, changed);
  // The graphs give every pass something to do.
  for (const Pass& pass : kPasses) EXPECT_GE(changed[pass.name], kSeeds / 10) << pass.name;
}

TEST(RandomGraphs, GroupsHold) {
  size_t nodes = 0, groups = 0;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    Graph g = any_graph(seed, seed % 4 < 2);
    if (seed % 3 != 0) g = simplify(expand_resize(std::move(g)));
    const Graph fused = fuse_groups(std::move(g));
    const auto verified = verify_groups(fused);
    ASSERT_TRUE(verified.has_value()) << "seed " << seed << ": " << to_string(verified.error()) << "\n"
                                      << graph::print(fused);
    int32_t last = -1;
    for (const graph::Node& node : fused.nodes) last = std::max(last, node.group);
    nodes += fused.nodes.size();
    groups += static_cast<size_t>(last + 1);
  }
  EXPECT_LT(groups * 10, nodes * 9);
}

TEST(RandomGraphs, PassesSettle) {
  for (uint64_t seed = 0; seed < kSeeds / 4; ++seed) {
    const Graph once = remove_dead(simplify(any_graph(seed, false)));
    const std::string text = graph::print(once);
    EXPECT_EQ(graph::print(remove_dead(simplify(once))), text) << "seed " << seed;
  }
}

}  // namespace
}  // namespace weft::passes

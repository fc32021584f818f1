// Random graphs: the evaluator computes all of them, and f32 stays close to f64.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <set>

#include "graph/eval_support.hpp"
#include "support/random_graph.hpp"

namespace weft::graph {
namespace {

/// Halves in [-2, 2] for every number type (2 truncates to an integer of any width), 0 and 1 for booleans.
Tensor random_input(const Type& type, RandomGraph& random) {
  const Ints shape = *constant_shape(type.shape);
  std::vector<double> v(static_cast<size_t>(*expr::product(type.shape).as_constant()));
  const bool is_signed_type = is_float(type.dtype) || is_signed(type.dtype);
  for (double& x : v) x = static_cast<double>(random.below(9) - (is_signed_type ? 4 : 0)) / 2;
  return run(Op::cast, {f64(shape, v)}, CastAttributes{type.dtype});
}

std::vector<Tensor> random_inputs(const Graph& g, uint64_t seed) {
  RandomGraph random(seed);
  std::vector<Tensor> inputs;
  for (const Port& port : g.inputs) inputs.push_back(random_input(g.values[port.value].type, random));
  return inputs;
}

TEST(EvalRandom, EveryGraphIsComputedInBothPrecisions) {
  RandomGraphOptions options;
  // Without 16-bit floats, of which the generator makes no constants.
  options.dtypes.assign({DType::f32, DType::f64, DType::i64, DType::i32, DType::i16, DType::i8, DType::u64,
                         DType::u32, DType::u16, DType::u8, DType::boolean});
  std::vector<int> seen(all_ops().size(), 0);
  for (uint64_t seed = 1; seed <= 400; ++seed) {
    const Graph g = RandomGraph(seed, options).make();
    for (const Node& n : g.nodes) ++seen[static_cast<size_t>(n.op)];
    for (const bool wide : {false, true}) {
      EvalOptions how;
      how.double_precision = wide;
      std::set<ValueId> computed;
      how.on_value = [&](ValueId id, const Tensor& t) {
        EXPECT_EQ(t.dtype, g.values[id].type.dtype);
        EXPECT_EQ(make_shape(t.shape), g.values[id].type.shape);
        computed.insert(id);
      };
      const auto y = evaluate(g, {}, random_inputs(g, seed), how);
      ASSERT_TRUE(y.has_value()) << "seed " << seed << ": " << to_string(y.error()) << "\n" << print(g);
      EXPECT_EQ(y->size(), g.outputs.size());
      if (g.loops.empty()) {
        EXPECT_EQ(computed.size(), g.nodes.size());
      }
    }
  }
  for (size_t i = 0; i < seen.size(); ++i)
    EXPECT_GT(seen[i], 0) << info(static_cast<Op>(i)).name << " was never drawn";
}

/// The operations that are continuous and whose condition is bounded by the values' size.
const std::vector<Op> kTame = {Op::neg,     Op::abs,           Op::erf,    Op::tanh,           Op::sigmoid,
                               Op::add,     Op::sub,           Op::mul,    Op::minimum,        Op::maximum,
                               Op::reduce,  Op::reduce_window, Op::conv,   Op::conv_transpose, Op::matmul,
                               Op::reshape, Op::transpose,     Op::expand, Op::slice,          Op::concat,
                               Op::pad,     Op::resize};

TEST(EvalRandom, SinglePrecisionIsCloseToDouble) {
  RandomGraphOptions options;
  options.dtypes = {DType::f32};
  options.ops = kTame;
  double worst = 0;
  int compared = 0;
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    const Graph g = RandomGraph(seed, options).make();
    const std::vector<Tensor> inputs = random_inputs(g, seed);
    double largest = 1;
    EvalOptions wide;
    wide.double_precision = true;
    wide.on_value = [&](ValueId, const Tensor& t) {
      if (t.dtype != DType::f32) return;
      for (const float x : values<float>(t)) largest = std::max(largest, std::fabs(static_cast<double>(x)));
    };
    const auto exact = evaluate(g, {}, inputs, wide);
    const auto single = evaluate(g, {}, inputs);
    ASSERT_TRUE(exact.has_value() && single.has_value()) << "seed " << seed;
    if (largest > 1e30) continue;
    for (size_t i = 0; i < exact->size(); ++i) {
      if ((*exact)[i].dtype != DType::f32) continue;
      const std::vector<float> a = values<float>((*exact)[i]), b = values<float>((*single)[i]);
      for (size_t k = 0; k < a.size(); ++k) {
        const double error = std::fabs(static_cast<double>(a[k]) - b[k]) / largest;
        ASSERT_LE(error, 1e-4) << "seed " << seed << "\n" << print(g);
        worst = std::max(worst, error);
        ++compared;
      }
    }
  }
  std::printf("f32 against f64: %d values, greatest error %.3g of the largest value\n", compared, worst);
  EXPECT_GT(compared, 10000);
}

}  // namespace
}  // namespace weft::graph

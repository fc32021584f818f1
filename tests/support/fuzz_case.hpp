// A graph with its inputs, what it must compute, and how far from that a result may be.
//
// The reference is the graph evaluator. How much rounding may change is measured, not guessed: the graph is
// evaluated again and again with noise of the size of a rounding error on every inexact value (Monte Carlo
// arithmetic; Parker, "Monte Carlo arithmetic", 1997). What these runs differ by, a compiled graph may too:
// another order of sums, fused multiply-adds, Winograd. An element that jumps between them (a comparison of
// near numbers) is not compared at all.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "base/check.hpp"
#include "graph/eval.hpp"
#include "support/random_tensor.hpp"

namespace weft::testing {

inline std::vector<double> numbers_of(const graph::Tensor& t) {
  graph::Graph g;
  const graph::ValueId x = graph::add_input(g, "x", {t.dtype, graph::make_shape(t.shape)});
  const auto y = graph::add_node(g, graph::Op::cast, {x}, graph::CastAttributes{DType::f64}, "y", "");
  WEFT_CHECK(y, y.error().message);
  const graph::Tensor* operand = &t;
  const auto wide = t.dtype == DType::f64 ? Result<graph::Tensor>(t)
                                          : graph::evaluate_node(g, g.nodes[0], std::span(&operand, 1));
  WEFT_CHECK(wide, wide.error().message);
  std::vector<double> numbers(wide->bytes.size() / sizeof(double));
  if (!numbers.empty()) std::memcpy(numbers.data(), wide->bytes.data(), wide->bytes.size());
  return numbers;
}

inline graph::Tensor tensor_of(DType dtype, const graph::Ints& shape, const std::vector<double>& numbers) {
  graph::Graph g;
  const graph::ValueId x = graph::add_input(g, "x", {DType::f64, graph::make_shape(shape)});
  const auto y = graph::add_node(g, graph::Op::cast, {x}, graph::CastAttributes{dtype}, "y", "");
  WEFT_CHECK(y, y.error().message);
  graph::Tensor wide{DType::f64, shape, std::vector<uint8_t>(numbers.size() * sizeof(double))};
  if (!numbers.empty()) std::memcpy(wide.bytes.data(), numbers.data(), wide.bytes.size());
  if (dtype == DType::f64) return wide;
  const graph::Tensor* operand = &wide;
  auto narrow = graph::evaluate_node(g, g.nodes[0], std::span(&operand, 1));
  WEFT_CHECK(narrow, narrow.error().message);
  return std::move(*narrow);
}

/// The inputs of a graph: halves in [-2, 2], with which much stays exact, or any numbers of that size. Each
/// depends on its name, so that a reduced graph has the same ones.
inline std::vector<graph::Tensor> fuzz_inputs(const graph::Graph& g, uint64_t seed) {
  std::vector<graph::Tensor> inputs;
  for (const graph::Port& port : g.inputs) {
    uint64_t hash = seed * 0x9e3779b97f4a7c15u + 0xcbf29ce484222325u;
    for (const char c : port.name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    const graph::Type& type = g.values[port.value].type;
    if (seed % 2 != 0) {
      inputs.push_back(random_tensor(type, hash, {.low = -2, .high = 2}));
      continue;
    }
    const graph::Ints shape = *graph::constant_shape(type.shape);
    const bool has_sign = is_float(type.dtype) || is_signed(type.dtype);
    std::vector<double> numbers(static_cast<size_t>(*graph::element_count(type.shape).as_constant()));
    Random random(hash);
    for (double& x : numbers) x = static_cast<double>(random.below(9) - (has_sign ? 4 : 0)) / 2;
    inputs.push_back(tensor_of(type.dtype, shape, numbers));
  }
  return inputs;
}

/// The results of a graph and how far from them is right: NaN in `bounds` is an element that is not compared.
struct Expected {
  std::vector<std::vector<double>> values, bounds;
};

class FuzzReference {
 public:
  FuzzReference(const graph::Graph& g, const std::vector<graph::Tensor>& inputs) : g_(g) {
    for (size_t i = 0; i < g.inputs.size(); ++i) given_.emplace(g.inputs[i].value, inputs[i]);
    for (const auto& [value, data] : g.constants) {
      auto tensor = graph::load_constant(g, value, {});
      WEFT_CHECK(tensor, tensor.error().message);
      given_.emplace(value, std::move(*tensor));
    }
    find_exact(inputs);
  }

  Expected run() {
    constexpr uint64_t kRuns = 5;
    const Values plain = evaluate(nullptr);
    Expected expected;
    for (const graph::Port& port : g_.outputs) {
      expected.values.push_back(numbers_of(plain.at(port.value)));
      expected.bounds.emplace_back(expected.values.back().size(), 0.0);
    }
    for (uint64_t run = 0; run < kRuns; ++run) {
      Random random(run + 1);
      const Values noisy = evaluate(&random);
      for (size_t k = 0; k < g_.outputs.size(); ++k) {
        const std::vector<double> other = numbers_of(noisy.at(g_.outputs[k].value));
        for (size_t i = 0; i < other.size(); ++i)
          expected.bounds[k][i] = std::max(expected.bounds[k][i], distance(expected.values[k][i], other[i]));
      }
    }
    for (size_t k = 0; k < g_.outputs.size(); ++k)
      finish(g_.outputs[k].value, expected.values[k], expected.bounds[k]);
    return expected;
  }

 private:
  using Values = std::map<graph::ValueId, graph::Tensor>;
  static constexpr double kInf = std::numeric_limits<double>::infinity();

  static double distance(double a, double b) {
    if (a == b || (std::isnan(a) && std::isnan(b))) return 0;
    const double d = std::abs(a - b);
    return std::isnan(d) ? kInf : d;
  }
  static double unit(DType dtype) {
    switch (dtype) {
      case DType::f64: return 0x1p-51;
      case DType::f16: return 0x1p-9;
      case DType::bf16: return 0x1p-6;
      default: return 0x1p-22;
    }
  }
  void finish(graph::ValueId value, const std::vector<double>& values, std::vector<double>& bounds) const {
    const DType dtype = g_.values[value].type.dtype;
    for (size_t i = 0; i < bounds.size(); ++i) {
      if (bounds[i] == kInf || (!is_float(dtype) && bounds[i] > 0)) bounds[i] = std::nan("");
      else if (bounds[i] > 0 || !exact_.contains(value))
        bounds[i] =
            8 * bounds[i] + (std::isfinite(values[i]) ? 8 * unit(dtype) * std::abs(values[i]) + 1e-30 : 0);
    }
  }

  /// Of which kernels have a form in f32 only (src/lower/elementwise.cpp).
  static bool is_elementary(graph::Op op) {
    using graph::Op;
    constexpr Op kElementary[] = {Op::exp, Op::log,  Op::sin,     Op::cos, Op::atan,
                                  Op::erf, Op::tanh, Op::sigmoid, Op::pow};
    return std::ranges::find(kElementary, op) != std::end(kElementary);
  }
  static bool sums(const graph::Node& node) {
    using graph::Op;
    if (graph::info(node.op).op_class == graph::OpClass::contraction || node.op == Op::resize) return true;
    if (const auto* a = std::get_if<graph::ReduceAttributes>(&node.attributes))
      return a->kind == graph::ReduceKind::sum || a->kind == graph::ReduceKind::mean;
    if (const auto* a = std::get_if<graph::WindowAttributes>(&node.attributes))
      return a->kind == graph::ReduceKind::sum || a->kind == graph::ReduceKind::mean;
    return false;
  }

  /// Winograd's transforms: sums of what they read with factors of both signs.
  static bool has_signed_taps(graph::Op op) {
    return op == graph::Op::winograd_weights || op == graph::Op::winograd_input ||
           op == graph::Op::winograd_output;
  }
  static double largest(const graph::Tensor& tensor) {
    double most = 0;
    for (const double x : numbers_of(tensor))
      if (std::isfinite(x)) most = std::max(most, std::abs(x));
    return most;
  }

  /// Inexact is what differs in double precision, what kernels or rewritings may compute with other
  /// roundings, and all that is computed from such values.
  void find_exact(const std::vector<graph::Tensor>& inputs) {
    Values wide;
    graph::EvalOptions options;
    options.double_precision = true;
    options.on_value = [&](graph::ValueId id, const graph::Tensor& t) { wide.insert_or_assign(id, t); };
    const auto computed = graph::evaluate(g_, {}, inputs, options);
    WEFT_CHECK(computed, computed.error().message);
    const Values plain = evaluate(nullptr);
    for (const auto& [value, tensor] : given_) exact_.insert(value);
    for (const graph::Node& node : g_.nodes) {
      const bool operands =
          std::ranges::all_of(node.inputs, [&](graph::ValueId v) { return exact_.contains(v); });
      const bool is_rounded = is_float(g_.values[node.output].type.dtype) &&
                              (sums(node) || is_elementary(node.op) || node.op == graph::Op::mod);
      if (operands && !is_rounded && plain.at(node.output).bytes == wide.at(node.output).bytes)
        exact_.insert(node.output);
    }
  }

  Values evaluate(Random* random) const {
    Values values = given_;
    for (const graph::Node& node : g_.nodes) {
      std::vector<const graph::Tensor*> operands;
      for (const graph::ValueId input : node.inputs) operands.push_back(&values.at(input));
      auto result = graph::evaluate_node(g_, node, operands);
      WEFT_CHECK(result, result.error().message);
      if (random != nullptr && is_float(result->dtype) && !exact_.contains(node.output))
        *result = noisy(node, *result, operands, *random);
      values.insert_or_assign(node.output, std::move(*result));
    }
    return values;
  }

  /// The result with errors of one rounding; in sums of their largest partial sum.
  graph::Tensor noisy(const graph::Node& node, const graph::Tensor& result,
                      const std::vector<const graph::Tensor*>& operands, Random& random) const {
    double error = unit(result.dtype);
    // The quotient of a remainder may be rounded to another whole number; kernels round a double on its way
    // into a function.
    if (node.op == graph::Op::mod) return moved(node, operands, 4 * error, random);
    const bool is_narrowed = is_elementary(node.op) && result.dtype == DType::f64;
    const graph::Tensor centre = is_narrowed ? moved(node, operands, 4 * unit(DType::f32), random) : result;
    std::vector<double> numbers = numbers_of(centre), size = numbers;
    if (is_elementary(node.op)) error = std::max(error, 4 * unit(DType::f32));
    if (sums(node)) {
      std::vector<graph::Tensor> positive;
      for (const graph::Tensor* operand : operands) {
        std::vector<double> list = numbers_of(*operand);
        for (double& x : list) x = std::abs(x);
        positive.push_back(tensor_of(operand->dtype, operand->shape, list));
      }
      std::vector<const graph::Tensor*> pointers;
      for (const graph::Tensor& tensor : positive) pointers.push_back(&tensor);
      const auto most = graph::evaluate_node(g_, node, pointers);
      WEFT_CHECK(most, most.error().message);
      size = numbers_of(*most);
      if (graph::info(node.op).op_class == graph::OpClass::contraction) error *= 32;  // Winograd
      if (has_signed_taps(node.op)) std::ranges::fill(size, largest(positive.front()));
    }
    for (size_t i = 0; i < numbers.size(); ++i)
      if (std::isfinite(size[i]))
        numbers[i] += random.uniform(-1, 1) * error * std::max(std::abs(size[i]), std::abs(numbers[i]));
    return tensor_of(result.dtype, result.shape, numbers);
  }

  /// The result for operands with such relative errors.
  graph::Tensor moved(const graph::Node& node, const std::vector<const graph::Tensor*>& operands,
                      double error, Random& random) const {
    std::vector<graph::Tensor> others;
    for (const graph::Tensor* operand : operands) {
      std::vector<double> numbers = numbers_of(*operand);
      for (double& x : numbers) x *= 1 + random.uniform(-1, 1) * error;
      others.push_back(tensor_of(operand->dtype, operand->shape, numbers));
    }
    std::vector<const graph::Tensor*> pointers;
    for (const graph::Tensor& other : others) pointers.push_back(&other);
    auto result = graph::evaluate_node(g_, node, pointers);
    WEFT_CHECK(result, result.error().message);
    return std::move(*result);
  }

  const graph::Graph& g_;
  Values given_;
  std::set<graph::ValueId> exact_;
};

}  // namespace weft::testing

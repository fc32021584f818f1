// The reference evaluator of Graph IR: what every other stage and target is compared with.
#pragma once

#include <functional>
#include <map>
#include <vector>

#include "graph/graph.hpp"
#include "graph/strings.hpp"

namespace weft::graph {

/// A dense row-major tensor, little-endian bytes.
struct Tensor {
  DType dtype = DType::f32;
  Ints shape;
  std::vector<uint8_t> bytes;
};

struct EvalOptions {
  /// Computes all f32, f16 and bf16 values in double and rounds only the outputs: the arbiter when two float
  /// results differ.
  bool double_precision = false;
  /// Called with every computed value; for comparing intermediate tensors. May be empty.
  std::function<void(ValueId, const Tensor&)> on_value;
  /// The strings of inputs and outputs; begins with the graph's. Without, the evaluation has its own.
  Strings* strings = nullptr;
};

/// Runs the graph on inputs in the order of g.inputs. Shapes must be constant. Fails with invalid_argument
/// when an input's dtype or shape differs from its port, naming the port.
Result<std::vector<Tensor>> evaluate(const Graph& g, const Blobs& blobs, const std::vector<Tensor>& inputs,
                                     const EvalOptions& options = {});

/// One operation on given operands: what constant folding calls. Never double precision.
Result<Tensor> evaluate_node(const Graph& g, const Node& node, std::span<const Tensor* const> operands);

/// The bytes of a constant.
Result<Tensor> load_constant(const Graph& g, ValueId id, const Blobs& blobs);

}  // namespace weft::graph

// A model that is loaded, and runs of it: inputs, a plan for their shapes, outputs.
#pragma once

#include <memory>
#include <vector>

#include "base/result.hpp"
#include "interpreter/planner.hpp"
#include "interpreter/prepare.hpp"
#include "interpreter/split.hpp"

namespace weft::interpreter {

/// Changes only as runs are planned.
struct LoadedModel {
  Prepared prepared;
  Weights weights;
};

class Run {
 public:
  explicit Run(std::shared_ptr<LoadedModel> model);

  /// A copy of a row-major tensor of the input's type. Fails (limit) without memory.
  Result<void> set_input(size_t index, const Ints& shape, std::span<const uint8_t> bytes);

  /// Plans where shapes are new. Fails with invalid_argument where inputs contradict each other, limit where
  /// a run takes more than `most_bytes`.
  Result<void> prepare(uint64_t most_bytes);
  /// Plans a graph whose shapes are known before there are inputs.
  Result<void> prepare_known();
  /// Computes what is planned. Fails with invalid_argument where the data is out of range.
  Result<void> compute();

  /// The same by the evaluator alone.
  Result<void> evaluate();

  size_t outputs() const { return output_shapes_.size(); }
  const Ints& output_shape(size_t index) const { return output_shapes_[index]; }
  std::span<const uint8_t> output(size_t index) const;
  uint64_t bytes() const;
  /// Operations of the plan that the evaluator computes, and where in the model they are.
  const std::set<std::string>& evaluated() const { return evaluated_; }

 private:
  struct Input {
    Ints shape;
    Buffer buffer;
    std::unique_ptr<uint8_t*> address = std::make_unique<uint8_t*>(nullptr);
  };
  Result<graph::SymbolValues> symbols() const;
  Result<void> plan(const graph::SymbolValues& symbols);

  std::shared_ptr<LoadedModel> model_;
  std::vector<Input> inputs_;
  Result<void> evaluate_tail();

  std::unique_ptr<Prepared> shaped_;  ///< the graph for the shapes that are planned
  std::unique_ptr<Split> split_;      ///< and its parts
  std::unique_ptr<Plan> plan_;        ///< of the head
  bool by_evaluator_ = false;         ///< whether the outputs are all the evaluator's
  graph::SymbolValues chosen_;
  std::vector<graph::Tensor> evaluated_outputs_;  ///< of the tail, or of all
  std::vector<Ints> output_shapes_;
  std::set<std::string> evaluated_;
};

}  // namespace weft::interpreter

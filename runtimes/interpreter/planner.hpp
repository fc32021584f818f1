// A graph whose shapes are known -> the steps of a run: what each node computes, where values lie, when their
// memory is free again. A rule a kind of node; what no rule takes, the graph's evaluator computes.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "base/result.hpp"
#include "graph/eval.hpp"
#include "graph/graph.hpp"
#include "interpreter/memory.hpp"
#include "interpreter/view.hpp"
#include "interpreter/weights.hpp"

namespace weft::interpreter {

using graph::Node;
using graph::ValueId;

/// One thing that a run does. Fails where the inputs' data is to blame.
using Step = std::function<Result<void>()>;

struct Plan {
  std::vector<Step> steps;
  std::vector<View> outputs;  ///< row-major
  std::vector<graph::Type> output_types;
  Buffer memory;
  std::unique_ptr<uint8_t*> base = std::make_unique<uint8_t*>(nullptr);  ///< of the memory
  std::vector<std::shared_ptr<const void>> kept;                         ///< what steps point to
  std::set<std::string> evaluated;  ///< sources of nodes that the evaluator computes, for reports
};

class Planner {
 public:
  /// `inputs`: the addresses of the graph's inputs, which are row-major.
  Planner(const graph::Graph& g, const Blobs& blobs, Weights& weights,
          const std::vector<uint8_t* const*>& inputs);
  Result<Plan> run();

  // --- what rules ask ---
  const graph::Graph& graph() const { return g_; }
  const Ints& shape(ValueId value) const { return shapes_[value]; }
  DType dtype(ValueId value) const { return g_.values[value].type.dtype; }
  bool is_float(ValueId value) const { return dtype(value) == DType::f32; }
  bool is_constant(ValueId value) const { return g_.is_constant(value); }
  uint32_t readers(ValueId value) const { return readers_[value]; }
  /// The node that is the only one to read the value, if it comes later and nothing else does.
  const Node* only_reader(ValueId value) const;
  /// The element of a constant of one f32 element.
  std::optional<float> number(ValueId value) const;
  Weights& weights() { return weights_; }
  const Blobs& blobs() const { return blobs_; }

  // --- what rules do ---
  /// As it lies.
  Result<View> view(ValueId value);
  /// Dense in this order: a copy where it lies otherwise.
  Result<View> dense(ValueId value, const Order& order);
  /// Gives the value memory of its own, dense in this order.
  View define(ValueId value, const Order& order);
  /// Gives the value the memory of an operand that dies with this node and lies at `view`, if it does.
  bool take_over(ValueId value, ValueId operand, const View& view);
  /// The value is another view of the operand's memory.
  void alias(ValueId value, View view);
  /// Memory for this node only.
  Ref scratch(uint64_t bytes);
  void step(Step step) { plan_.steps.push_back(std::move(step)); }
  void copy(const View& from, const View& to, const Ints& shape, uint32_t element_bytes);
  template <class T>
  const T* keep(std::shared_ptr<const T> object) {
    plan_.kept.push_back(object);
    return object.get();
  }
  /// A node that another one's rule computes along.
  void absorb(const Node& node) { absorbed_.insert(&node); }

 private:
  struct Allocation {
    uint64_t offset = 0;
    int users = 0;
  };
  Result<void> add(const Node& node);
  Result<void> evaluate(const Node& node);
  Result<void> check(ValueId value);
  Result<View> constant(ValueId value, const Order& order);
  View place(uint64_t bytes, Ints strides);
  void hold(int allocation);
  void drop(int allocation);
  void read(ValueId value);
  void release(ValueId value);

  const graph::Graph& g_;
  const Blobs& blobs_;
  Weights& weights_;
  std::vector<Ints> shapes_;
  std::vector<uint32_t> readers_;
  std::map<ValueId, std::vector<View>> views_;  ///< the first as it was computed, then copies
  std::vector<Allocation> allocations_;
  std::vector<int> scratch_;
  std::set<const Node*> absorbed_;
  Arena arena_;
  Plan plan_;
};

/// What a rule gives: whether it has planned the node.
using Planned = Result<bool>;
Planned plan_elementwise(Planner& planner, const Node& node);
Planned plan_movement(Planner& planner, const Node& node);
Planned plan_conv(Planner& planner, const Node& node);
Planned plan_matmul(Planner& planner, const Node& node);
Planned plan_window(Planner& planner, const Node& node);
Planned plan_reduce(Planner& planner, const Node& node);

}  // namespace weft::interpreter

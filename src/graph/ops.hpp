// What a row of ops.def means beyond OpInfo: its attribute struct and its shape rule. Internal to graph/.
#pragma once

#include <span>

#include "graph/undecided.hpp"

namespace weft::graph {

/// What a shape rule sees. The attributes hold the row's struct, and the number of operands fits the row.
struct RuleInput {
  Op op;
  std::span<const Type> operands;
  const Attributes& attributes;
  Undecided& undecided;

  const Type& operator[](size_t i) const { return operands[i]; }
  size_t size() const { return operands.size(); }
  template <class T>
  const T& get() const {
    return *std::get_if<T>(&attributes);
  }
  /// "conv(f32[1, 3, 4, 4], f32[8, 4, 3, 3]): " and what does not fit.
  std::unexpected<Error> error(std::string_view what) const;
};

using ShapeRule = Result<Type> (*)(const RuleInput&);

namespace shape_rules {
Result<Type> same(const RuleInput& in);
Result<Type> to_boolean(const RuleInput& in);
Result<Type> select(const RuleInput& in);
Result<Type> cast(const RuleInput& in);
Result<Type> reduce(const RuleInput& in);
Result<Type> arg_reduce(const RuleInput& in);
Result<Type> reduce_window(const RuleInput& in);
Result<Type> conv(const RuleInput& in);
Result<Type> conv_transpose(const RuleInput& in);
Result<Type> matmul(const RuleInput& in);
Result<Type> winograd_input(const RuleInput& in);
Result<Type> winograd_weights(const RuleInput& in);
Result<Type> winograd_output(const RuleInput& in);
Result<Type> reshape(const RuleInput& in);
Result<Type> transpose(const RuleInput& in);
Result<Type> expand(const RuleInput& in);
Result<Type> slice(const RuleInput& in);
Result<Type> set_slice(const RuleInput& in);
Result<Type> unchanged(const RuleInput& in);
Result<Type> concat(const RuleInput& in);
Result<Type> pad(const RuleInput& in);
Result<Type> resize(const RuleInput& in);
Result<Type> gather(const RuleInput& in);
Result<Type> iota(const RuleInput& in);
Result<Type> extents(const RuleInput& in);
Result<Type> bitcast(const RuleInput& in);
Result<Type> scatter(const RuleInput& in);
Result<Type> custom(const RuleInput& in);
}  // namespace shape_rules

struct OpRow {
  std::string_view attributes_name;  ///< "ConvAttributes"
  Attributes defaults;               ///< holds the row's struct
  ShapeRule rule;
};
const OpRow& row(Op op);

}  // namespace weft::graph

// The tables that come from ops.def.
#include <iterator>

#include "graph/ops.hpp"

namespace weft::graph {
namespace {

constexpr OpInfo kInfo[] = {
#define WEFT_OP(name, op_class, min_inputs, max_inputs, attributes, rule, evaluator) \
  {#name, OpClass::op_class, min_inputs, max_inputs},
#include "graph/ops.def"
#undef WEFT_OP
};

}  // namespace

const OpInfo& info(Op op) { return kInfo[static_cast<size_t>(op)]; }

bool maps_indices(Op op) {
  return op == Op::reshape || op == Op::transpose || op == Op::expand || op == Op::slice;
}

bool stands_alone(Op op) {
  return op == Op::concat || op == Op::scatter || op == Op::set_slice || op == Op::state || op == Op::last ||
         op == Op::custom;
}

std::optional<Op> parse_op(std::string_view name) {
  for (size_t i = 0; i < std::size(kInfo); ++i)
    if (kInfo[i].name == name) return static_cast<Op>(i);
  return std::nullopt;
}

const OpRow& row(Op op) {
  static const OpRow kRows[] = {
#define WEFT_OP(name, op_class, min_inputs, max_inputs, attributes, rule, evaluator) \
  {#attributes, attributes(), shape_rules::rule},
#include "graph/ops.def"
#undef WEFT_OP
  };
  return kRows[static_cast<size_t>(op)];
}

}  // namespace weft::graph

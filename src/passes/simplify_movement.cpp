// Movements: those that move nothing go, two in a row become one, and what only inserts or drops axes of
// extent 1 is a reshape.
#include <algorithm>

#include "passes/simplify.hpp"

namespace weft::passes {

using expr::Expr;
using graph::kNoValue;
using graph::Node;
using graph::Op;
using graph::Shape;
using graph::ValueId;

namespace {

void become_reshape(const Rewriting& r, Node& node) {
  node.op = Op::reshape;
  node.attributes = graph::ReshapeAttributes{r.shape(node.output)};
}

bool same_shapes(const Rewriting& r, const Node& node) {
  return r.shape(node.inputs[0]) == r.shape(node.output);
}

ValueId reshape(const Rewriting& r, Node& node) {
  if (const Node* inner = r.producer(node.inputs[0], Op::reshape)) node.inputs[0] = inner->inputs[0];
  return same_shapes(r, node) ? node.inputs[0] : kNoValue;
}

ValueId transpose(const Rewriting& r, Node& node) {
  auto& permutation = std::get<graph::TransposeAttributes>(node.attributes).permutation;
  if (const Node* inner = r.producer(node.inputs[0], Op::transpose)) {
    const auto& first = std::get<graph::TransposeAttributes>(inner->attributes).permutation;
    for (int64_t& axis : permutation) axis = first[static_cast<size_t>(axis)];
    node.inputs[0] = inner->inputs[0];
  }
  const Shape& from = r.shape(node.inputs[0]);
  graph::Ints moved = permutation;
  std::erase_if(moved, [&](int64_t axis) { return from[static_cast<size_t>(axis)].is_constant(1); });
  if (!std::ranges::is_sorted(moved)) return kNoValue;
  if (std::ranges::is_sorted(permutation)) return node.inputs[0];
  become_reshape(r, node);
  return reshape(r, node);
}

ValueId expand(const Rewriting& r, Node& node) {
  if (const Node* inner = r.producer(node.inputs[0], Op::expand)) node.inputs[0] = inner->inputs[0];
  if (same_shapes(r, node)) return node.inputs[0];
  Shape from = r.shape(node.inputs[0]);
  Shape to = r.shape(node.output);
  const auto is_one = [](const Expr& e) { return e.is_constant(1); };
  std::erase_if(from, is_one);
  std::erase_if(to, is_one);
  if (!(from == to)) return kNoValue;
  become_reshape(r, node);
  return reshape(r, node);
}

ValueId slice(const Rewriting& r, Node& node) {
  auto& outer = std::get<graph::SliceAttributes>(node.attributes);
  const Node* inner = r.producer(node.inputs[0], Op::slice);
  // Where a slice takes nothing may lie outside of the other's operand.
  if (inner != nullptr && !graph::element_count(outer.sizes).is_constant(0)) {
    const auto& first = std::get<graph::SliceAttributes>(inner->attributes);
    for (size_t i = 0; i < outer.steps.size(); ++i) {
      outer.starts[i] = first.starts[i] + outer.starts[i] * first.steps[i];
      // An axis of one element takes no step, so that products of steps stay bounded.
      outer.steps[i] = outer.sizes[i].is_constant(1) ? 1 : outer.steps[i] * first.steps[i];
    }
    node.inputs[0] = inner->inputs[0];
  }
  const bool starts = std::ranges::all_of(outer.starts, [](const Expr& e) { return e.is_constant(0); });
  const bool steps = std::ranges::all_of(outer.steps, [](int64_t step) { return step == 1; });
  return starts && steps && same_shapes(r, node) ? node.inputs[0] : kNoValue;
}

ValueId concat(const Rewriting&, Node& node) { return node.inputs.size() == 1 ? node.inputs[0] : kNoValue; }

ValueId pad(const Rewriting&, Node& node) {
  const auto& a = std::get<graph::PadAttributes>(node.attributes);
  const auto is_zero = [](int64_t amount) { return amount == 0; };
  return std::ranges::all_of(a.begin, is_zero) && std::ranges::all_of(a.end, is_zero) ? node.inputs[0]
                                                                                      : kNoValue;
}

struct Rule {
  Op op;
  ValueId (*apply)(const Rewriting&, Node&);
};
constexpr Rule kRules[] = {{Op::reshape, reshape}, {Op::transpose, transpose}, {Op::expand, expand},
                           {Op::slice, slice},     {Op::concat, concat},       {Op::pad, pad}};

}  // namespace

ValueId simplify_movement(const Rewriting& r, Node& node) {
  for (const Rule& rule : kRules)
    if (rule.op == node.op) return rule.apply(r, node);
  return kNoValue;
}

}  // namespace weft::passes

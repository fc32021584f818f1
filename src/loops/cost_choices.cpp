#include "loops/cost_choices.hpp"

#include <algorithm>
#include <tuple>

namespace weft::loops {
namespace {

using Point = std::map<std::string, int64_t, std::less<>>;

/// Numbers the values of a box. Two are one when they are equal in form and their accesses have the same
/// indices, which are compared at one place of the other axes, well inside them.
class Box {
 public:
  uint32_t number(const Value& value, const Point& at) {
    if (const auto known = here_.find(value.get()); known != here_.end()) return known->second;
    const uint32_t found = compute(*value, at);
    here_.emplace(value.get(), found);
    return found;
  }
  void next_point() { here_.clear(); }
  uint64_t flops() const { return flops_; }

 private:
  using Key =
      std::tuple<ValueOp, uint64_t, std::string, uint32_t, std::vector<int64_t>, std::vector<uint32_t>>;

  /// less(0, index e), which is how lowering writes a condition on indices.
  static std::optional<bool> choice(const ValueNode& condition, const Point& at) {
    if (condition.op != ValueOp::less || condition.operands[0]->op != ValueOp::constant ||
        condition.operands[0]->bits != 0 || condition.operands[1]->op != ValueOp::index)
      return std::nullopt;
    return expr::evaluate(condition.operands[1]->indices[0], at) > 0;
  }

  uint32_t compute(const ValueNode& node, const Point& at) {
    if (node.op == ValueOp::select)
      if (const auto taken = choice(*node.operands[0], at)) return number(node.operands[*taken ? 1 : 2], at);
    std::vector<uint32_t> operands;
    for (const Value& operand : node.operands) operands.push_back(number(operand, at));
    std::vector<int64_t> indices;
    for (const Expr& index : node.indices) indices.push_back(expr::evaluate(index, at));
    Key key{node.op, node.bits, node.name, node.buffer, std::move(indices), std::move(operands)};
    const auto [place, added] = numbers_.emplace(std::move(key), static_cast<uint32_t>(numbers_.size()));
    if (added) flops_ += operations(node.op);
    return place->second;
  }

  std::map<const ValueNode*, uint32_t> here_;  ///< at this point
  std::map<Key, uint32_t> numbers_;
  uint64_t flops_ = 0;
};

/// The first point of the box: other axes in their middle, away from padding.
Point first_point(const Stage& stage, const std::map<std::string, int64_t>& periods) {
  Point at;
  for (const Axis& axis : stage.spatial) {
    const int64_t middle = axis.extent.as_constant().value_or(1) / 2;
    const auto period = periods.find(axis.name);
    at[axis.name] = period == periods.end() ? middle : middle / period->second * period->second;
  }
  return at;
}

}  // namespace

uint64_t operations_of_box(const Stage& stage, const std::map<std::string, int64_t>& periods) {
  const Point first = first_point(stage, periods);
  uint64_t points = 1;
  for (const auto& [axis, period] : periods) points *= static_cast<uint64_t>(period);
  Box box;
  for (uint64_t i = 0; i < points; ++i) {
    Point at = first;
    uint64_t rest = i;
    for (const auto& [axis, period] : periods) {
      at[axis] += static_cast<int64_t>(rest % static_cast<uint64_t>(period));
      rest /= static_cast<uint64_t>(period);
    }
    box.number(stage.result, at);
    box.next_point();
  }
  return box.flops();
}

}  // namespace weft::loops

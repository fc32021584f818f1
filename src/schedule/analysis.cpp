#include "schedule/analysis.hpp"

#include <algorithm>
#include <functional>
#include <set>

#include "base/check.hpp"

namespace weft::schedule {

using loops::Value;
using loops::ValueOp;

std::vector<Value> accesses(const Value& value) {
  std::vector<Value> found;
  std::set<const loops::ValueNode*> seen;
  const std::function<void(const Value&)> visit = [&](const Value& v) {
    if (!seen.insert(v.get()).second) return;
    for (const Value& operand : v->operands) visit(operand);
    if (v->op == ValueOp::access) found.push_back(v);
  };
  visit(value);
  return found;
}

std::optional<Product> sum_of_products(const loops::Stage& stage) {
  if (stage.fold.size() != 1 || stage.fold[0].update->op != ValueOp::muladd) return std::nullopt;
  const Value& update = stage.fold[0].update;
  const Value& last = update->operands[2];
  if (last->op != ValueOp::local || last->name != stage.fold[0].name) return std::nullopt;
  return Product{update->operands[0], update->operands[1]};
}

bool uses(const Value& value, const std::string& axis) {
  const std::vector<Value> found = accesses(value);
  return std::ranges::any_of(found, [&](const Value& access) {
    return std::ranges::any_of(access->indices,
                               [&](const expr::Expr& index) { return expr::uses(index, axis); });
  });
}

std::optional<uint32_t> axis_position(const Value& access, const std::string& axis) {
  std::optional<uint32_t> position;
  for (uint32_t i = 0; i < access->indices.size(); ++i) {
    if (!expr::uses(access->indices[i], axis)) continue;
    const auto split = expr::split_linear(access->indices[i], axis);
    if (position || !split || !split->coefficient.is_constant(1)) return std::nullopt;
    position = i;
  }
  return position;
}

bool tests_only_bounds(const Value& access, const std::vector<expr::Expr>& shape) {
  std::vector<expr::Expr> open = {*access->predicate};
  while (!open.empty()) {
    const expr::Expr test = open.back();
    open.pop_back();
    if (test.kind() == expr::Kind::logical_and) {
      open.insert(open.end(), test.node().operands.begin(), test.node().operands.end());
      continue;
    }
    bool bound = test.is_constant(1);
    for (size_t axis = 0; axis < shape.size() && !bound; ++axis)
      bound = test == expr::less_equal(0, access->indices[axis]) ||
              test == expr::less(access->indices[axis], shape[axis]);
    if (!bound) return false;
  }
  return true;
}

int64_t extent_of(const loops::Axis& axis) {
  const auto extent = axis.extent.as_constant();
  WEFT_CHECK(extent.has_value(), "the extent of axis " + axis.name + " is not constant");
  return *extent;
}

std::vector<StorageLoop> storage_order(const loops::Storage& storage) {
  std::vector<StorageLoop> order;
  for (const loops::StorageDim& dim : storage.dims) {
    const auto other = std::ranges::find_if(storage.dims, [&](const loops::StorageDim& d) {
      return d.axis == dim.axis && d.divisor != dim.divisor;
    });
    if (other == storage.dims.end()) order.push_back({dim.axis, 1, true});
    else order.push_back({dim.axis, std::max(dim.divisor, other->divisor), dim.divisor > other->divisor});
  }
  return order;
}

}  // namespace weft::schedule

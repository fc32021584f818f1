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
  if (const auto extent = axis.extent.as_constant()) return *extent;
  const auto most = expr::bounds(axis.extent).max;
  WEFT_CHECK(most.has_value(), "the extent of axis " + axis.name + " is not bounded");
  return std::max<int64_t>(*most, 2);
}

namespace {

constexpr int64_t kMostChoices = 8;

/// Index expressions that selects of a value compare.
std::vector<expr::Expr> conditions(const Value& value) {
  std::vector<expr::Expr> found;
  std::set<const loops::ValueNode*> seen;
  const std::function<void(const Value&, bool)> visit = [&](const Value& v, bool condition) {
    if (condition && v->op == ValueOp::index) found.push_back(v->indices[0]);
    if (!condition && !seen.insert(v.get()).second) return;
    for (size_t i = 0; i < v->operands.size(); ++i)
      visit(v->operands[i], condition || (v->op == ValueOp::select && i == 0));
  };
  visit(value, false);
  return found;
}

/// Whether the condition is known wherever axis mod period is.
bool decides(const expr::Expr& condition, const loops::Axis& axis, int64_t period) {
  const int64_t turns = (extent_of(axis) + period - 1) / period;
  for (int64_t i = 0; i < period; ++i) {
    const expr::Expr turn = expr::variable("turn", {0, turns - 1});
    const expr::Expr at = expr::substitute(condition, {{axis.name, turn * period + i}});
    if (!expr::prove(at)) return false;
  }
  return true;
}

}  // namespace

std::map<std::string, int64_t> deciding_axes(const loops::Stage& stage) {
  std::map<std::string, int64_t> periods;
  const std::vector<expr::Expr> found = conditions(stage.result);
  for (const loops::Axis& axis : stage.spatial) {
    const int64_t extent = extent_of(axis);
    std::vector<expr::Expr> own;
    for (const expr::Expr& e : found)
      if (expr::uses(e, axis.name)) own.push_back(e);
    if (own.empty() || extent == 1) continue;
    const bool is_known = axis.extent.as_constant().has_value();
    for (int64_t period = 2; period <= std::min(extent, kMostChoices); ++period) {
      if (!is_known && !expr::mod(axis.extent, period).is_constant(0)) continue;
      if (!std::ranges::all_of(own, [&](const expr::Expr& e) { return decides(e, axis, period); })) continue;
      periods[axis.name] = period;
      break;
    }
  }
  return periods;
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

bool writes_by_data(const loops::Stage& stage) {
  return std::ranges::any_of(stage.bindings, [&](const loops::IndexBinding& binding) {
    return std::ranges::any_of(stage.output_indices, [&](const expr::Expr& index) {
      return expr::uses(index, binding.variable.name);
    });
  });
}

}  // namespace weft::schedule

#include "schedule/rules.hpp"

#include <algorithm>

#include "schedule/rules_classes.hpp"

namespace weft::schedule {

using expr::Expr;
using loops::Stage;
using loops::Storage;

std::string unit_axis(const Stage& stage, const Storage& output) {
  const Expr flat = loops::element_index(output, stage.output_indices);
  for (const loops::Axis& axis : stage.spatial) {
    if (extent_of(axis) == 1) continue;
    const auto split = expr::split_linear(flat, axis.name);
    if (split && split->coefficient.is_constant(1)) return axis.name;
  }
  return {};
}

int64_t named_extent(const Stage& stage, const std::string& name) {
  for (const loops::Axis& axis : stage.spatial)
    if (axis.name == name) return extent_of(axis);
  return 1;
}

void add_blocks(Schedule& schedule, const std::vector<std::string>& order, const Stage& stage) {
  if (order.empty() || writes_by_data(stage)) return;
  for (const loops::Axis& axis : stage.reduction)
    if (order[0].starts_with(axis.name) && (order[0] == axis.name || order[0][axis.name.size()] == '.'))
      return;
  schedule.steps.push_back(blocks(order[0]));
}

Schedule default_schedule(const Stage& stage, const std::vector<Storage>& storages, const Machine& machine) {
  if (one_loop_does(stage, storages)) return flat_schedule(stage, machine);
  const std::string unit = unit_axis(stage, storages.back());
  if (const auto product = sum_of_products(stage); product && !unit.empty())
    return contraction_schedule(stage, *product, unit, storages, machine);
  return memory_order_schedule(stage, storages, machine);
}

}  // namespace weft::schedule

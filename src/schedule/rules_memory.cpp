// What is no sum of products: elementwise, reductions, pooling, movement.
#include <algorithm>

#include "schedule/rules_classes.hpp"

namespace weft::schedule {

using expr::Expr;
using loops::Stage;
using loops::Storage;
using loops::Value;

namespace {

std::vector<Expr> output_extents(const Stage& stage) {
  std::vector<Expr> extents;
  for (const loops::Axis& axis : stage.spatial) extents.push_back(axis.extent);
  return extents;
}

}  // namespace

bool one_loop_does(const Stage& stage, const std::vector<Storage>& storages) {
  if (!stage.fold.empty() || !stage.bindings.empty() || stage.spatial.size() < 2) return false;
  const std::vector<Value> found = accesses(stage.result);
  const Storage& output = storages.back();
  if (has_halo(output) || !(output.elements == expr::product(output_extents(stage)))) return false;
  const auto plain = [&](const std::vector<Expr>& indices, const Storage& storage) {
    if (has_halo(storage) || !(storage.dims == output.dims) || indices.size() != stage.spatial.size())
      return false;
    for (size_t i = 0; i < indices.size(); ++i) {
      const bool one = stage.spatial[i].extent.is_constant(1);
      if (!(indices[i] == (one ? Expr(0) : axis_variable(stage.spatial[i])))) return false;
    }
    return true;
  };
  if (!plain(stage.output_indices, output)) return false;
  for (size_t i = 1; i < output.dims.size(); ++i)
    if (output.dims[i].divisor != 1 || output.dims[i].axis < output.dims[i - 1].axis) return false;
  return std::ranges::all_of(
      found, [&](const Value& access) { return plain(access->indices, storages[access->buffer]); });
}

Schedule flat_schedule(const Stage& stage, const Machine& machine) {
  Schedule schedule;
  std::string axis = stage.spatial[0].name;
  for (size_t i = 1; i < stage.spatial.size(); ++i) {
    const std::string fused = i + 1 == stage.spatial.size() ? "all" : axis + "." + stage.spatial[i].name;
    schedule.steps.push_back(fuse(axis, stage.spatial[i].name, fused));
    axis = fused;
  }
  schedule.steps.push_back(split(axis, 4 * machine.lanes, Tail::peel));
  schedule.steps.push_back(vectorize(axis + ".i"));
  schedule.steps.push_back(blocks(axis + ".o"));
  return schedule;
}

namespace {

/// The stage axis that alone decides an index of the output.
std::string axis_of_output(const Stage& stage, uint32_t position) {
  for (const loops::Axis& axis : stage.spatial)
    if (expr::uses(stage.output_indices[position], axis.name)) return axis.name;
  return {};
}

/// How many points of the innermost axis are done at once: several vectors where memory is contiguous for all
/// operands, else one.
int64_t vector_points(const Stage& stage, const std::vector<Storage>& storages, const std::string& unit,
                      const Machine& machine) {
  std::vector<Value> found = accesses(stage.result);
  for (const loops::FoldState& state : stage.fold)
    for (const Value& access : accesses(state.update)) found.push_back(access);
  const bool contiguous = std::ranges::all_of(found, [&](const Value& access) {
    const auto split =
        expr::split_linear(loops::element_index(storages[access->buffer], access->indices), unit);
    return split && (split->coefficient.is_constant(0) || split->coefficient.is_constant(1));
  });
  if (!contiguous) return (stage.fold.empty() ? 1 : 2) * machine.lanes;
  const int64_t extent = named_extent(stage, unit);
  for (const int64_t vectors : {4, 2})
    if (extent % (vectors * machine.lanes) == 0 || extent >= 8 * vectors * machine.lanes)
      return vectors * machine.lanes;
  return machine.lanes;
}

}  // namespace

Schedule memory_order_schedule(const Stage& stage, const std::vector<Storage>& storages,
                               const Machine& machine) {
  Schedule schedule;
  std::vector<std::string> order;
  const std::string unit = unit_axis(stage, storages.back());
  const auto add = [&](const std::string& name) {
    if (!name.empty() && std::ranges::find(order, name) == order.end()) order.push_back(name);
  };
  for (const StorageLoop& loop : storage_order(storages.back())) {
    const std::string axis = axis_of_output(stage, loop.axis);
    if (axis == unit) continue;
    if (loop.block == 1 || axis.empty()) {
      add(axis);
      continue;
    }
    if (loop.outer) schedule.steps.push_back(split(axis, loop.block, Tail::peel));
    add(axis + (loop.outer ? ".o" : ".i"));
  }
  for (const loops::Axis& axis : stage.spatial)
    if (axis.name != unit && std::ranges::none_of(order, [&](const std::string& name) {
          return name == axis.name || name == axis.name + ".o";
        }))
      order.insert(order.begin(), axis.name);
  if (!unit.empty()) {
    schedule.steps.push_back(split(unit, vector_points(stage, storages, unit, machine), Tail::peel));
    order.push_back(unit + ".o");
  }
  // The outermost loop of more than one point leads.
  const auto leading = std::ranges::find_if(order, [&](const std::string& name) {
    return std::ranges::none_of(stage.spatial,
                                [&](const loops::Axis& a) { return a.name == name && extent_of(a) == 1; });
  });
  if (leading != order.end()) std::rotate(order.begin(), leading, leading + 1);
  const std::vector<std::string> outer = order;
  for (const loops::Axis& axis : stage.reduction) order.push_back(axis.name);
  if (!unit.empty()) order.push_back(unit + ".i");
  if (!order.empty()) schedule.steps.push_back(reorder(order));
  if (!unit.empty()) schedule.steps.push_back(vectorize(unit + ".i"));
  add_blocks(schedule, outer, stage);
  return schedule;
}

}  // namespace weft::schedule

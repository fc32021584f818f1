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

/// The stage axes that an index of the output depends on, the one with the longest stride first.
std::vector<std::string> axes_of_output(const Stage& stage, uint32_t position) {
  std::vector<std::pair<int64_t, std::string>> found;
  for (const loops::Axis& axis : stage.spatial) {
    if (!expr::uses(stage.output_indices[position], axis.name)) continue;
    const auto split = expr::split_linear(stage.output_indices[position], axis.name);
    const auto stride = split ? split->coefficient.as_constant() : std::nullopt;
    found.emplace_back(stride.value_or(0), axis.name);
  }
  std::ranges::stable_sort(found, [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<std::string> names;
  for (auto& [stride, name] : found) names.push_back(std::move(name));
  return names;
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

/// The loops in the order of the output's memory, but for the innermost axis.
std::vector<std::string> outer_loops(Schedule& schedule, const Stage& stage, const Storage& output,
                                     const std::string& unit) {
  std::vector<std::string> order;
  const auto add = [&](const std::string& name) {
    if (std::ranges::find(order, name) == order.end()) order.push_back(name);
  };
  for (const StorageLoop& loop : storage_order(output)) {
    const std::vector<std::string> axes = axes_of_output(stage, loop.axis);
    if (std::ranges::find(axes, unit) != axes.end() && !unit.empty()) continue;
    if (loop.block == 1 || axes.size() != 1) {
      for (const std::string& axis : axes) add(axis);
      continue;
    }
    if (loop.outer) schedule.steps.push_back(split(axes[0], loop.block, Tail::peel));
    add(axes[0] + (loop.outer ? ".o" : ".i"));
  }
  for (const loops::Axis& axis : stage.spatial)
    if (axis.name != unit && std::ranges::none_of(order, [&](const std::string& name) {
          return name == axis.name || name == axis.name + ".o";
        }))
      order.insert(order.begin(), axis.name);
  return order;
}

bool is_extent(const Stage& stage, const std::string& axis, int64_t points) {
  return std::ranges::any_of(
      stage.spatial, [&](const loops::Axis& a) { return a.name == axis && a.extent.is_constant(points); });
}

/// Takes the axes that decide what is computed out of the order: their inner parts, to be written out.
std::vector<std::string> written_out(Schedule& schedule, const Stage& stage, const std::string& unit,
                                     std::vector<std::string>& order) {
  std::vector<std::string> inner;
  for (const auto& [axis, period] : deciding_axes(stage)) {
    const auto loop = std::ranges::find(order, axis);
    if (axis == unit || loop == order.end()) continue;
    if (is_extent(stage, axis, period)) {
      order.erase(loop);
      inner.push_back(axis);
      continue;
    }
    schedule.steps.push_back(split(axis, period, Tail::peel));
    *loop = axis + ".o";
    inner.push_back(axis + ".i");
  }
  return inner;
}

}  // namespace

Schedule memory_order_schedule(const Stage& stage, const std::vector<Storage>& storages,
                               const Machine& machine) {
  Schedule schedule;
  const std::string unit = unit_axis(stage, storages.back());
  std::vector<std::string> order = outer_loops(schedule, stage, storages.back(), unit);
  const std::vector<std::string> inner = written_out(schedule, stage, unit, order);
  if (!unit.empty()) {
    const int64_t points = inner.empty() ? vector_points(stage, storages, unit, machine) : machine.lanes;
    schedule.steps.push_back(split(unit, points, Tail::peel));
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
  order.insert(order.end(), inner.begin(), inner.end());
  if (!unit.empty()) order.push_back(unit + ".i");
  if (!order.empty()) schedule.steps.push_back(reorder(order));
  for (const std::string& loop : inner) schedule.steps.push_back(unroll(loop));
  if (!unit.empty()) schedule.steps.push_back(vectorize(unit + ".i"));
  add_blocks(schedule, outer, stage);
  return schedule;
}

}  // namespace weft::schedule

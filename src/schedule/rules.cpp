#include "schedule/rules.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "schedule/analysis.hpp"

namespace weft::schedule {
namespace {

using expr::Expr;
using loops::Stage;
using loops::Storage;
using loops::Value;

/// The spatial axis along which neighbouring outputs are neighbours in memory; empty when there is none with
/// more than one point.
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

/// Hands out the outermost loop block by block, when it is a spatial one.
void add_blocks(Schedule& schedule, const std::vector<std::string>& order, const Stage& stage) {
  if (order.empty()) return;
  for (const loops::Axis& axis : stage.reduction)
    if (order[0].starts_with(axis.name) && (order[0] == axis.name || order[0][axis.name.size()] == '.'))
      return;
  schedule.steps.push_back(blocks(order[0]));
}

// Sums of products
// --------------------------------------------------------------------------------------------------

/// Axes that select a row: the first factor varies along them, the second does not (columns are the other way
/// round).
std::vector<std::string> row_axes(const Stage& stage, const Product& product, const std::string& column) {
  std::vector<std::string> rows;
  for (const loops::Axis& axis : stage.spatial)
    if (axis.name != column && extent_of(axis) > 1 && uses(product.a, axis.name) &&
        !uses(product.b, axis.name))
      rows.push_back(axis.name);
  return rows;
}

/// Only neighbouring axes fuse; a run of rows that is not one keeps its innermost axis as the row.
bool neighbours(const Stage& stage, const std::vector<std::string>& names) {
  const auto first = std::ranges::find(stage.spatial, names[0], &loops::Axis::name);
  for (size_t i = 0; i < names.size(); ++i)
    if (first + static_cast<std::ptrdiff_t>(i) >= stage.spatial.end() ||
        (first + static_cast<std::ptrdiff_t>(i))->name != names[i])
      return false;
  return true;
}

/// One axis of rows: the row axes fused where they can be.
std::string fuse_rows(Schedule& schedule, const Stage& stage, std::vector<std::string> rows) {
  if (rows.empty()) return {};
  if (!neighbours(stage, rows)) return rows.back();
  std::string row = rows[0];
  for (size_t i = 1; i < rows.size(); ++i) {
    const std::string fused = i + 1 == rows.size() ? "row" : row + "." + rows[i];
    schedule.steps.push_back(fuse(row, rows[i], fused));
    row = fused;
  }
  return row;
}

int64_t row_count(const Stage& stage, const std::vector<std::string>& rows, const std::string& row) {
  if (std::ranges::find(rows, row) != rows.end()) return named_extent(stage, row);
  int64_t count = 1;
  for (const std::string& axis : rows) count *= named_extent(stage, axis);
  return count;
}

/// Whether walking both axes as one loop keeps the element index of an access linear.
bool walks_as_one(const Value& access, const Storage& storage, const loops::Axis& a, const loops::Axis& b) {
  const int64_t inner = extent_of(b);
  const Expr fused = expr::variable("fused", {0, extent_of(a) * inner - 1});
  std::vector<Expr> indices;
  for (const Expr& index : access->indices)
    indices.push_back(expr::substitute(
        index, {{a.name, expr::floor_div(fused, inner)}, {b.name, expr::mod(fused, inner)}}));
  const auto split = expr::split_linear(loops::element_index(storage, indices), "fused");
  return split && split->coefficient.as_constant();
}

/// The reduction axes with the innermost two fused where both factors lie in memory that way: fewer, longer
/// loops.
std::vector<loops::Axis> fuse_reduction(Schedule& schedule, const Stage& stage, const Product& product,
                                        const std::vector<Storage>& storages) {
  std::vector<loops::Axis> axes = stage.reduction;
  if (axes.size() < 2) return axes;
  const loops::Axis a = axes[axes.size() - 2], b = axes.back();
  if (extent_of(a) == 1 || extent_of(b) == 1) return axes;
  for (const Value& factor : {product.a, product.b}) {
    if (factor->op != loops::ValueOp::access || !walks_as_one(factor, storages[factor->buffer], a, b))
      return axes;
  }
  schedule.steps.push_back(fuse(a.name, b.name, "taps"));
  axes.resize(axes.size() - 2);
  axes.push_back({"taps", a.extent * b.extent});
  return axes;
}

/// The innermost reduction loop, unrolled by at most `factor`: gives the name of the loop to unroll, or
/// nothing.
std::string unroll_reduction(Schedule& schedule, const std::vector<loops::Axis>& axes,
                             std::vector<std::string>& order, int64_t factor) {
  const auto last = std::ranges::find_if(axes.rbegin(), axes.rend(),
                                         [](const loops::Axis& axis) { return extent_of(axis) > 1; });
  std::string unrolled;
  for (const loops::Axis& axis : axes) {
    if (last == axes.rend() || axis.name != last->name || factor == 1) {
      order.push_back(axis.name);
      continue;
    }
    schedule.steps.push_back(split(axis.name, std::min(factor, extent_of(axis)), Tail::peel));
    order.push_back(axis.name + ".o");
    order.push_back(axis.name + ".i");
    unrolled = axis.name + ".i";
  }
  return unrolled;
}

Schedule contraction_schedule(const Stage& stage, const Product& product, const std::string& column,
                              const std::vector<Storage>& storages, const Machine& machine) {
  Schedule schedule;
  const std::vector<loops::Axis> reduction = fuse_reduction(schedule, stage, product, storages);
  const std::vector<std::string> rows = row_axes(stage, product, column);
  const std::string row = fuse_rows(schedule, stage, rows);
  const int64_t columns = std::min(machine.columns, named_extent(stage, column));
  const int64_t row_total = row_count(stage, rows, row);
  const int64_t row_tile = std::min(machine.rows, row_total);
  schedule.steps.push_back(split(column, columns, Tail::peel));
  std::vector<std::string> order;
  for (const loops::Axis& axis : stage.spatial)
    if (axis.name != column && axis.name != row &&
        (row != "row" || std::ranges::find(rows, axis.name) == rows.end()))
      order.push_back(axis.name);
  order.push_back(column + ".o");
  if (!row.empty()) {
    schedule.steps.push_back(split(row, row_tile, Tail::overlap));
    // Few column tiles: blocks of rows are the finer unit of work. Columns in both factors (depthwise): rows
    // lie in memory order.
    const bool rows_first = named_extent(stage, column) < 4 * columns || uses(product.a, column);
    order.insert(rows_first ? order.end() - 1 : order.end(), row + ".o");
  }
  std::erase_if(order, [&](const std::string& name) {
    return std::ranges::any_of(stage.spatial,
                               [&](const loops::Axis& a) { return a.name == name && extent_of(a) == 1; });
  });
  std::vector<std::string> ones;
  for (const loops::Axis& axis : stage.spatial)
    if (extent_of(axis) == 1 && axis.name != column && axis.name != row) ones.push_back(axis.name);
  const std::vector<std::string> outer = order;
  order.insert(order.end(), ones.begin(), ones.end());
  const std::string unrolled = unroll_reduction(schedule, reduction, order, machine.unroll);
  if (!row.empty()) order.push_back(row + ".i");
  order.push_back(column + ".i");
  schedule.steps.push_back(reorder(order));
  if (!row.empty()) schedule.steps.push_back(unroll(row + ".i"));
  schedule.steps.push_back(vectorize(column + ".i"));
  if (!unrolled.empty()) schedule.steps.push_back(unroll(unrolled));
  add_blocks(schedule, outer.empty() ? order : outer, stage);
  return schedule;
}

// Everything else
// ---------------------------------------------------------------------------------------------------

/// Whether all tensors lie densely in the same order, so that one loop over memory does for all axes.
bool one_loop_does(const Stage& stage, const std::vector<Storage>& storages) {
  if (!stage.fold.empty() || !stage.bindings.empty() || stage.spatial.size() < 2) return false;
  const std::vector<Value> found = accesses(stage.result);
  const Storage& output = storages.back();
  if (has_halo(output)) return false;
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

/// The nest in the order of the output's memory; the innermost axis in vectors.
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

}  // namespace

std::optional<Storage> preferred_storage(const Stage& stage, uint32_t tensor, const Machine& machine) {
  const auto product = sum_of_products(stage);
  if (!product || product->b->op != loops::ValueOp::access || product->b->buffer != tensor)
    return std::nullopt;
  // The axis that the first factor does not depend on gives the columns; with none (depthwise), the one that
  // both share.
  std::string column;
  for (const bool shared : {false, true})
    for (const loops::Axis& axis : stage.spatial)
      if (column.empty() && extent_of(axis) > 1 && uses(product->b, axis.name) &&
          uses(product->a, axis.name) == shared && axis_position(product->b, axis.name))
        column = axis.name;
  if (column.empty()) return std::nullopt;
  const uint32_t position = *axis_position(product->b, column);
  std::vector<uint32_t> order;
  const auto add = [&](uint32_t axis) {
    if (std::ranges::find(order, axis) == order.end()) order.push_back(axis);
  };
  const std::vector<Expr>& indices = product->b->indices;
  for (uint32_t i = 0; i < indices.size(); ++i)
    if (i != position &&
        std::ranges::none_of(stage.reduction, [&](const auto& a) { return expr::uses(indices[i], a.name); }))
      add(i);
  add(position);
  for (const loops::Axis& axis : stage.reduction)
    for (uint32_t i = 0; i < indices.size(); ++i)
      if (expr::uses(indices[i], axis.name)) add(i);
  for (uint32_t i = 0; i < indices.size(); ++i) add(i);
  const loops::TensorOperand& operand = stage.tensors[tensor];
  const int64_t width = std::min(machine.columns, named_extent(stage, column));
  if (width == 1) return std::nullopt;
  // A second axis in the same index (a channel within its group) would break the panels: then columns are
  // neighbours at least.
  if (expr::linear(indices[position]).terms.size() != 1) {
    std::erase(order, position);
    order.push_back(position);
    return loops::dense_storage(operand.dtype, operand.shape, order);
  }
  return loops::blocked_storage(operand.dtype, operand.shape, order, position, width);
}

Schedule default_schedule(const Stage& stage, const std::vector<Storage>& storages, const Machine& machine) {
  if (one_loop_does(stage, storages)) return flat_schedule(stage, machine);
  const std::string unit = unit_axis(stage, storages.back());
  if (const auto product = sum_of_products(stage); product && !unit.empty())
    return contraction_schedule(stage, *product, unit, storages, machine);
  return memory_order_schedule(stage, storages, machine);
}

}  // namespace weft::schedule

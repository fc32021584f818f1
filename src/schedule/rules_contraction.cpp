// Sums of products: convolution, matmul.
#include <algorithm>
#include <numeric>

#include "schedule/register_tile.hpp"
#include "schedule/rules_classes.hpp"

namespace weft::schedule {

using expr::Expr;
using loops::Stage;
using loops::Storage;
using loops::Value;

namespace {

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

/// Makes neighbouring row axes one, "row".
void fuse_rows(Schedule& schedule, const std::vector<std::string>& rows) {
  std::string row = rows[0];
  for (size_t i = 1; i < rows.size(); ++i) {
    const std::string fused = i + 1 == rows.size() ? "row" : row + "." + rows[i];
    schedule.steps.push_back(fuse(row, rows[i], fused));
    row = fused;
  }
}

/// Points of the loop that the rows are fused into, or of the one axis that is the row.
Expr row_extent(const Stage& stage, const std::vector<std::string>& rows, const std::string& row) {
  const bool one = std::ranges::find(rows, row) != rows.end();
  Expr count(1);
  for (const loops::Axis& axis : stage.spatial)
    if (one ? axis.name == row : std::ranges::find(rows, axis.name) != rows.end())
      count = count * axis.extent;
  return count;
}

/// Whether walking both axes as one loop keeps the element index of an access linear.
bool walks_as_one(const Value& access, const Storage& storage, const loops::Axis& a, const loops::Axis& b) {
  const Expr fused = loops::loop_variable("fused", a.extent * b.extent);
  std::vector<Expr> indices;
  for (const Expr& index : access->indices)
    indices.push_back(expr::substitute(
        index, {{a.name, expr::floor_div(fused, b.extent)}, {b.name, expr::mod(fused, b.extent)}}));
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

/// Loops of so few turns are written out: their counter and pointers cost as much as their work.
constexpr int64_t kWrittenOut = 8;

/// The innermost reduction loop, unrolled by at most `factor`, or wholly when it is short: gives the name of
/// the loop to unroll, or nothing.
std::string unroll_reduction(Schedule& schedule, const std::vector<loops::Axis>& axes,
                             std::vector<std::string>& order, int64_t factor) {
  const auto last = std::ranges::find_if(axes.rbegin(), axes.rend(),
                                         [](const loops::Axis& axis) { return extent_of(axis) > 1; });
  std::string unrolled;
  for (const loops::Axis& axis : axes) {
    const bool innermost = last != axes.rend() && axis.name == last->name;
    if (innermost && axis.extent.as_constant() && extent_of(axis) <= kWrittenOut) unrolled = axis.name;
    if (!innermost || !unrolled.empty() || factor == 1) {
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

/// The row axes, fused where they can be, and their points.
struct Rows {
  std::vector<std::string> axes;
  std::string fused;  ///< the loop to tile; empty when there is no row
  int64_t count = 1;
  Expr extent{1};
};

Rows find_rows(const Stage& stage, const Product& product, const std::string& column) {
  Rows rows;
  rows.axes = row_axes(stage, product, column);
  if (rows.axes.empty()) return rows;
  const bool one = rows.axes.size() == 1 || !neighbours(stage, rows.axes);
  rows.fused = one ? rows.axes.back() : "row";
  rows.extent = row_extent(stage, rows.axes, rows.fused);
  rows.count = extent_of({rows.fused, rows.extent});
  return rows;
}

}  // namespace

Schedule contraction_schedule(const Stage& stage, const Product& product, const std::string& column,
                              const std::vector<Storage>& storages, const Machine& machine) {
  Schedule schedule;
  const std::vector<loops::Axis> reduction = fuse_reduction(schedule, stage, product, storages);
  const Rows rows = find_rows(stage, product, column);
  if (rows.fused == "row") fuse_rows(schedule, rows.axes);
  const RegisterTile tile = register_tile(rows.count, named_extent(stage, column), machine);
  schedule.steps.push_back(split(column, tile.columns, Tail::peel));
  // What is neither row nor column (batches, groups) goes outside; loops of one turn where they do no harm.
  std::vector<std::string> order, ones;
  for (const loops::Axis& axis : stage.spatial) {
    const bool row = rows.fused == "row" ? std::ranges::find(rows.axes, axis.name) != rows.axes.end()
                                         : axis.name == rows.fused;
    if (axis.name != column && !row) (extent_of(axis) == 1 ? ones : order).push_back(axis.name);
  }
  order.push_back(column + ".o");
  if (!rows.fused.empty()) {
    const bool fills_tile = expr::always(expr::less_equal(tile.rows, rows.extent));
    schedule.steps.push_back(split(rows.fused, tile.rows, fills_tile ? Tail::overlap : Tail::peel));
    // Few column tiles: blocks of rows are the finer unit of work. Columns in both factors (depthwise): rows
    // lie in memory order.
    const bool rows_first = named_extent(stage, column) < 4 * tile.columns || uses(product.a, column);
    order.insert(rows_first ? order.end() - 1 : order.end(), rows.fused + ".o");
  }
  const std::vector<std::string> outer = order;
  order.insert(order.end(), ones.begin(), ones.end());
  const std::string unrolled = unroll_reduction(schedule, reduction, order, machine.unroll);
  if (!rows.fused.empty()) order.push_back(rows.fused + ".i");
  order.push_back(column + ".i");
  schedule.steps.push_back(reorder(order));
  if (!rows.fused.empty()) schedule.steps.push_back(unroll(rows.fused + ".i"));
  schedule.steps.push_back(vectorize(column + ".i"));
  if (!unrolled.empty()) schedule.steps.push_back(unroll(unrolled));
  add_blocks(schedule, outer, stage);
  return schedule;
}

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
  const int64_t width =
      register_tile(find_rows(stage, *product, column).count, named_extent(stage, column), machine).columns;
  if (width == 1) return std::nullopt;
  // A second axis in the same index (a channel within its group) must not begin inside a panel. Where vectors
  // do not fit between, columns are neighbours at least.
  const auto index = expr::split_linear(indices[position], column);
  const int64_t panel =
      std::gcd(width, index->rest.is_constant(0) ? width : expr::known_divisor(index->rest));
  if (panel > 1 && (panel == width || panel % machine.lanes == 0))
    return loops::blocked_storage(operand.dtype, operand.shape, order, position, panel);
  std::erase(order, position);
  order.push_back(position);
  return loops::dense_storage(operand.dtype, operand.shape, order);
}

}  // namespace weft::schedule

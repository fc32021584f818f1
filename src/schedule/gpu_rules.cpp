#include "schedule/gpu_rules.hpp"

#include <algorithm>

#include "schedule/analysis.hpp"

namespace weft::schedule {
namespace {

using loops::Stage;

constexpr int64_t kThreads = 64;   // of a workgroup
constexpr int64_t kTile = 16;      // rows, columns and summands of a staged tile
constexpr int64_t kPerThread = 4;  // columns of one invocation: kTile * kTile / kThreads

using Names = std::vector<std::string>;

/// One axis of all, which must be neighbours in the nest; empty for none.
std::string fuse_all(Schedule& schedule, const Names& axes, const std::string& result) {
  if (axes.empty()) return {};
  std::string fused = axes[0];
  for (size_t i = 1; i < axes.size(); ++i) {
    const std::string name = i + 1 == axes.size() ? result : result + std::to_string(i);
    schedule.steps.push_back(fuse(fused, axes[i], name));
    fused = name;
  }
  return fused;
}

Names names_of(const std::vector<loops::Axis>& axes) {
  Names names;
  for (const loops::Axis& axis : axes) names.push_back(axis.name);
  return names;
}

Names joined(std::initializer_list<Names> lists) {
  Names all;
  for (const Names& list : lists) all.insert(all.end(), list.begin(), list.end());
  return all;
}

// Sums of products
// --------------------------------------------------------------------------------------------------

struct Roles {
  Names rows, columns, others;
};

/// Rows decide only the first factor, columns only the second; the others both (a batch, the channels of a
/// depthwise convolution) or none.
Roles roles(const Stage& stage, const Product& product) {
  Roles found;
  for (const loops::Axis& axis : stage.spatial) {
    const bool a = uses(product.a, axis.name), b = uses(product.b, axis.name);
    (a == b ? found.others : a ? found.rows : found.columns).push_back(axis.name);
  }
  return found;
}

int64_t points(const Stage& stage, const Names& axes) {
  int64_t count = 1;
  for (const loops::Axis& axis : stage.spatial)
    if (std::ranges::find(axes, axis.name) != axes.end()) count *= extent_of(axis);
  return count;
}

/// Whether the operand is one tensor, read once in the whole sum, by all axes of the reduction: then the
/// points of a tile are the loops' points.
bool stageable(const Stage& stage, const loops::Value& factor) {
  const std::vector<loops::Value> found = accesses(factor);
  if (found.size() != 1 || !stage.bindings.empty()) return false;
  const std::vector<loops::Value> all = accesses(stage.fold[0].update);
  if (std::ranges::count_if(all, [&](const auto& v) { return v->buffer == found[0]->buffer; }) != 1)
    return false;
  return std::ranges::all_of(stage.reduction,
                             [&](const loops::Axis& axis) { return uses(factor, axis.name); });
}

Schedule tiled_schedule(const Stage& stage, const Product& product, const Roles& r) {
  Schedule schedule;
  std::vector<Step>& steps = schedule.steps;
  const Names sum = names_of(stage.reduction);
  steps.push_back(reorder(joined({r.others, r.rows, r.columns, sum})));
  const std::string batch = fuse_all(schedule, r.others, "batch");
  const std::string row = fuse_all(schedule, r.rows, "row");
  const std::string column = fuse_all(schedule, r.columns, "column");
  const std::string k = fuse_all(schedule, sum, "sum");
  steps.push_back(split(row, kTile, Tail::guard));
  steps.push_back(split(column, kTile, Tail::guard));
  steps.push_back(split(k, kTile, Tail::guard));
  steps.push_back(split(column + ".i", kPerThread, Tail::exact));
  Names outer = batch.empty() ? Names{} : Names{batch};
  outer.push_back(row + ".o");
  outer.push_back(column + ".o");
  const Names inner = {k + ".o", row + ".i", column + ".i.o", k + ".i", column + ".i.i"};
  steps.push_back(reorder(joined({outer, inner})));
  steps.push_back(fuse(row + ".i", column + ".i.o", "thread"));
  const std::string block = fuse_all(schedule, outer, "block");
  steps.push_back(unroll(column + ".i.i"));
  steps.push_back(blocks(block));
  steps.push_back(threads("thread"));
  for (const loops::Value& factor : {product.a, product.b})
    steps.push_back(schedule::stage(stage.tensors[accesses(factor)[0]->buffer].name, k + ".o"));
  return schedule;
}

// Everything else
// --------------------------------------------------------------------------------------------------

/// An invocation for each point of the output, which does its reduction alone.
Schedule point_schedule(const Stage& stage) {
  Schedule schedule;
  const Names spatial = names_of(stage.spatial);
  if (spatial.empty() || writes_by_data(stage)) return schedule;
  const std::string point = fuse_all(schedule, spatial, "point");
  schedule.steps.push_back(split(point, kThreads, Tail::guard));
  schedule.steps.push_back(blocks(point + ".o"));
  schedule.steps.push_back(threads(point + ".i"));
  return schedule;
}

}  // namespace

Schedule gpu_default_schedule(const Stage& stage, const std::vector<loops::Storage>&, const Machine&) {
  if (const auto product = sum_of_products(stage)) {
    const Roles r = roles(stage, *product);
    if (points(stage, r.rows) > 1 && points(stage, r.columns) > 1 && stageable(stage, product->a) &&
        stageable(stage, product->b))
      return tiled_schedule(stage, *product, r);
  }
  return point_schedule(stage);
}

std::optional<loops::Storage> gpu_preferred_storage(const Stage& stage, uint32_t tensor, const Machine&) {
  const auto product = sum_of_products(stage);
  if (!product || product->b->op != loops::ValueOp::access || product->b->buffer != tensor)
    return std::nullopt;
  const loops::Value& access = product->b;
  std::vector<uint32_t> order;
  const auto add = [&](uint32_t axis) {
    if (std::ranges::find(order, axis) == order.end()) order.push_back(axis);
  };
  for (const loops::Axis& axis : stage.reduction)
    for (uint32_t i = 0; i < access->indices.size(); ++i)
      if (expr::uses(access->indices[i], axis.name)) add(i);
  for (uint32_t i = 0; i < access->indices.size(); ++i) add(i);
  const loops::TensorOperand& operand = stage.tensors[tensor];
  return loops::dense_storage(operand.dtype, operand.shape, order);
}

}  // namespace weft::schedule

#include "schedule/nest.hpp"

#include <algorithm>
#include <set>

#include "schedule/threads.hpp"

namespace weft::schedule {
namespace {

using expr::Expr;

std::unexpected<Error> bad(const std::string& message) {
  return fail(ErrorKind::invalid_argument, "schedule: " + message);
}

auto find_loop(Nest& nest, const std::string& axis) {
  return std::ranges::find_if(nest.loops, [&](const NestLoop& l) { return l.axis == axis; });
}

Result<void> check_new(const Nest& nest, const std::string& axis) {
  if (nest.extents.contains(axis)) return bad("axis " + axis + " exists already");
  return {};
}

/// a -> a.o a.i   for a { s }  ->  for a.o { for a.i { s } }
Result<void> apply_split(Nest& nest, const Step& step) {
  const std::string& axis = step.axes[0];
  const auto loop = find_loop(nest, axis);
  if (loop == nest.loops.end()) return bad("split of " + axis + ", which is no loop");
  WEFT_TRY(check_new(nest, step.results[0]));
  WEFT_TRY(check_new(nest, step.results[1]));
  if (step.results[0] == step.results[1]) return bad("split of " + axis + " into two axes of one name");
  const Expr extent = nest.extents[axis];
  if (step.tail == Tail::exact && expr::known_divisor(extent) % step.factor != 0)
    return bad("exact split of " + axis + " by " + std::to_string(step.factor) + " leaves a rest");
  if (step.tail == Tail::overlap && !expr::always(expr::less_equal(step.factor, extent)))
    return bad("overlap split of " + axis + " by more than its extent");
  if (step.tail == Tail::overlap && nest.is_reduction[axis])
    return bad("overlap would sum points of " + axis + " twice");
  for (const Step& earlier : nest.derivations) {
    if (earlier.kind != StepKind::split || earlier.tail != Tail::peel) continue;
    if (earlier.results[0] == axis) return bad("split of " + axis + ", the outer part of a peeled split");
    // The extent of an inner part differs in the last tile.
    if (earlier.results[1] == axis && step.tail != Tail::peel && step.tail != Tail::guard)
      return bad("split of " + axis + ", the inner part of a peeled split, that neither peels nor guards");
  }
  const std::optional<int64_t> known = extent.as_constant();
  const bool smaller = step.tail == Tail::peel && known && *known < step.factor;
  nest.extents[step.results[0]] = expr::ceil_div(extent, step.factor);
  nest.extents[step.results[1]] = smaller ? extent : Expr(step.factor);
  for (const std::string& result : step.results) nest.is_reduction[result] = nest.is_reduction[axis];
  loop->axis = step.results[0];
  nest.loops.insert(loop + 1, {step.results[1]});
  nest.derivations.push_back(step);
  return {};
}

/// a b -> m   for a { for b { s } }  ->  for m { s }
Result<void> apply_fuse(Nest& nest, const Step& step) {
  const auto a = find_loop(nest, step.axes[0]);
  const auto b = find_loop(nest, step.axes[1]);
  if (a == nest.loops.end() || b == nest.loops.end() || b != a + 1)
    return bad("fuse of " + step.axes[0] + " and " + step.axes[1] + ", which are not neighbouring loops");
  if (nest.is_reduction[a->axis] != nest.is_reduction[b->axis])
    return bad("fuse of a spatial and a reduction axis");
  for (const Step& earlier : nest.derivations)
    if (earlier.kind == StepKind::split && earlier.tail == Tail::peel)
      for (const std::string& part : earlier.results)
        if (part == a->axis || part == b->axis) return bad("fuse of " + part + ", a part of a peeled split");
  WEFT_TRY(check_new(nest, step.results[0]));
  nest.extents[step.results[0]] = nest.extents[a->axis] * nest.extents[b->axis];
  nest.is_reduction[step.results[0]] = nest.is_reduction[a->axis];
  a->axis = step.results[0];
  nest.loops.erase(b);
  nest.derivations.push_back(step);
  return {};
}

Result<void> apply_reorder(Nest& nest, const Step& step) {
  std::vector<NestLoop> order;
  for (const std::string& axis : step.axes) {
    const auto loop = find_loop(nest, axis);
    if (loop == nest.loops.end()) return bad("reorder names " + axis + ", which is no loop");
    order.push_back(*loop);
    nest.loops.erase(loop);
  }
  if (!nest.loops.empty()) return bad("reorder leaves out " + nest.loops[0].axis);
  nest.loops = std::move(order);
  return {};
}

Result<void> mark(Nest& nest, const Step& step, loops::ForKind kind) {
  const auto loop = find_loop(nest, step.axes[0]);
  if (loop == nest.loops.end()) return bad(step.axes[0] + " is no loop");
  if (loop->kind != loops::ForKind::serial) return bad(step.axes[0] + " is marked twice");
  if (kind == loops::ForKind::blocks && (loop != nest.loops.begin() || nest.is_reduction[loop->axis]))
    return bad("blocks asks for the outermost spatial loop");
  loop->kind = kind;
  return {};
}

Result<void> apply_step(Nest& nest, const Step& step) {
  switch (step.kind) {
    case StepKind::split: return apply_split(nest, step);
    case StepKind::fuse: return apply_fuse(nest, step);
    case StepKind::reorder: return apply_reorder(nest, step);
    case StepKind::unroll: return mark(nest, step, loops::ForKind::unrolled);
    case StepKind::vectorize: return mark(nest, step, loops::ForKind::vectorized);
    case StepKind::blocks: return mark(nest, step, loops::ForKind::blocks);
    case StepKind::threads: return mark(nest, step, loops::ForKind::threads);
    case StepKind::stage: nest.stages.push_back(step); return {};
  }
  return {};
}

/// The axis and what splits and fuses made of it.
std::set<std::string> made_of(const Nest& nest, const std::string& axis) {
  std::set<std::string> axes = {axis};
  for (const Step& step : nest.derivations)
    if (std::ranges::any_of(step.axes, [&](const std::string& a) { return axes.contains(a); }))
      axes.insert(step.results.begin(), step.results.end());
  return axes;
}

/// The outer loop of a split sets the tile that its inner loop walks, so it comes first; blocks stay
/// outermost.
Result<void> check_order(Nest& nest) {
  for (size_t i = 1; i < nest.loops.size(); ++i)
    if (nest.loops[i].kind == loops::ForKind::blocks)
      return bad("blocks asks for the outermost spatial loop");
  for (const Step& step : nest.derivations) {
    if (step.kind != StepKind::split) continue;
    const auto outer = find_loop(nest, step.results[0]);
    if (outer == nest.loops.end()) continue;
    const std::set<std::string> inner = made_of(nest, step.results[1]);
    for (auto loop = nest.loops.begin(); loop != outer; ++loop)
      if (inner.contains(loop->axis)) return bad(step.results[0] + " must lie outside " + loop->axis);
  }
  return {};
}

}  // namespace

std::optional<int64_t> constant_extent(const Nest& nest, const std::string& axis) {
  return nest.extents.at(axis).as_constant();
}

Result<Nest> build_nest(const loops::Stage& stage, const Schedule& schedule) {
  Nest nest;
  const auto add = [&](const std::vector<loops::Axis>& axes, bool reduction) {
    for (const loops::Axis& axis : axes) {
      nest.loops.push_back({axis.name});
      nest.extents[axis.name] = axis.extent;
      nest.is_reduction[axis.name] = reduction;
    }
  };
  add(stage.spatial, false);
  add(stage.reduction, true);
  for (const Step& step : schedule.steps) WEFT_TRY(apply_step(nest, step));
  WEFT_TRY(check_order(nest));
  WEFT_TRY(check_threads(nest));
  WEFT_TRY(plan_tiles(stage, nest));
  return nest;
}

}  // namespace weft::schedule

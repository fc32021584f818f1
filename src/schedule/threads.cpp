// threads t
//   for b blocks { for k { for t { s } } }  ->  for b blocks { for k { for t threads { s } } }
// The iterations run on the invocations of a workgroup. Loops outside keep every invocation together; a loop
// of spatial points inside belongs to one invocation.
#include "schedule/threads.hpp"

#include <algorithm>

namespace weft::schedule {
namespace {

std::unexpected<Error> bad(const std::string& message) {
  return fail(ErrorKind::invalid_argument, "schedule: threads " + message);
}

}  // namespace

std::set<std::string> bases(const Nest& nest, const std::string& axis) {
  for (const Step& step : nest.derivations) {
    if (std::ranges::find(step.results, axis) == step.results.end()) continue;
    std::set<std::string> found;
    for (const std::string& part : step.axes) found.merge(bases(nest, part));
    return found;
  }
  return {axis};
}

Result<void> check_threads(const Nest& nest) {
  const auto is_threads = [](const NestLoop& loop) { return loop.kind == loops::ForKind::threads; };
  const auto loop = std::ranges::find_if(nest.loops, is_threads);
  if (loop == nest.loops.end()) return {};
  if (std::ranges::count_if(nest.loops, is_threads) > 1) return bad("asks for two loops");
  if (nest.is_reduction.at(loop->axis)) return bad("asks for a spatial loop");
  for (const auto& [axis, extent] : nest.extents)
    if (!extent.as_constant()) return bad("asks for constant extents; " + axis + " is symbolic");
  if (*constant_extent(nest, loop->axis) < 2) return bad("asks for a loop of several points");
  const std::set<std::string> axes = bases(nest, loop->axis);
  for (const Step& step : nest.derivations)
    if (step.kind == StepKind::split && step.tail == Tail::peel &&
        *constant_extent(nest, step.axes[0]) % step.factor &&
        std::ranges::any_of(bases(nest, step.axes[0]), [&](const auto& a) { return axes.contains(a); }))
      return bad("asks for a loop whose extent no peeled split of " + step.axes[0] + " changes");
  bool reduced = false, repeated = false;
  for (auto outer = nest.loops.begin(); outer != loop; ++outer) {
    if (outer->kind != loops::ForKind::serial && outer->kind != loops::ForKind::blocks)
      return bad("asks for plain loops outside");
    if (reduced && !nest.is_reduction.at(outer->axis))
      return bad("asks to be the first spatial loop inside the reduction");
    reduced = reduced || nest.is_reduction.at(outer->axis);
    repeated = repeated || (outer->kind == loops::ForKind::serial && *constant_extent(nest, outer->axis) > 1);
  }
  // The accumulators of a fold inside are private to one execution of the loop.
  const bool fold = std::ranges::any_of(nest.is_reduction, [](const auto& axis) { return axis.second; });
  if (fold && !reduced && repeated) return bad("outside the reduction asks for blocks around it");
  return {};
}

}  // namespace weft::schedule

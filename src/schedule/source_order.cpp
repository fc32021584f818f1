#include "schedule/source_order.hpp"

#include <algorithm>

#include "schedule/analysis.hpp"

namespace weft::schedule {
namespace {

using loops::Stage;
using loops::Storage;
using loops::Value;

/// So many neighbouring lines of the source are done together: in most targets their elements are neighbours.
constexpr int64_t kLines = 8;

int64_t bytes_of(const Storage& storage) {
  return storage.elements.as_constant().value_or(0) * static_cast<int64_t>(byte_size(storage.dtype));
}

/// The largest operand, when the stage reads it in one place.
Value largest_read(const Stage& stage, const std::vector<Storage>& storages) {
  Value largest;
  bool once = true;
  for (const Value& access : accesses(stage.result)) {
    if (largest && access->buffer == largest->buffer) {
      once = false;
    } else if (!largest || bytes_of(storages[access->buffer]) > bytes_of(storages[largest->buffer])) {
      largest = access;
      once = true;
    }
  }
  return once ? largest : Value();
}

/// The axis of the stage that alone is the operand's outermost index; empty when there is none.
std::string outermost_axis(const Stage& stage, const Value& access, const Storage& storage) {
  for (const loops::StorageDim& dim : storage.dims) {
    if (dim.extent.is_constant(1)) continue;
    if (dim.divisor != 1) return {};
    for (const loops::Axis& axis : stage.spatial)
      if (access->indices[dim.axis] == expr::Expr(axis_variable(axis))) return axis.name;
    return {};
  }
  return {};
}

Step* find(Schedule& schedule, StepKind kind) {
  const auto found = std::ranges::find(schedule.steps, kind, &Step::kind);
  return found == schedule.steps.end() ? nullptr : &*found;
}

}  // namespace

Schedule in_source_order(const Stage& stage, Schedule schedule, const std::vector<Storage>& storages,
                         int64_t least) {
  const Value source = largest_read(stage, storages);
  if (!stage.fold.empty() || !source || bytes_of(storages[source->buffer]) < least) return schedule;
  std::string axis = outermost_axis(stage, source, storages[source->buffer]);
  Step* reorder = find(schedule, StepKind::reorder);
  Step* blocks = find(schedule, StepKind::blocks);
  if (axis.empty() || !reorder || !blocks || find(schedule, StepKind::fuse)) return schedule;
  std::vector<std::string>& nest = reorder->axes;
  const auto is_split = [&](const Step& step) {
    return step.kind == StepKind::split && step.axes[0] == axis;
  };
  if (std::ranges::any_of(schedule.steps, is_split)) {
    axis += ".o";
  } else if (nest.size() > 1 && nest.front() != axis && nest.back() != axis) {
    // Its lines, and the innermost loop in them, stay together.
    std::erase(nest, axis);
    nest.insert(nest.end() - 1, axis + ".i");
    nest.insert(nest.begin(), axis + ".o");
    blocks->axes[0] = axis + ".o";
    schedule.steps.insert(schedule.steps.begin(), split(axis, kLines, Tail::peel));
    return schedule;
  }
  const auto place = std::ranges::find(nest, axis);
  if (place == nest.end() || place + 1 == nest.end()) return schedule;
  std::rotate(nest.begin(), place, place + 1);
  blocks->axes[0] = axis;
  return schedule;
}

}  // namespace weft::schedule

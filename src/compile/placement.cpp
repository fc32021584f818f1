#include "compile/placement.hpp"

#include <algorithm>

#include "schedule/analysis.hpp"

namespace weft::compile {

using loops::Stage;
using loops::Storage;

namespace {

/// Most kernel calls per statement; fewer when there are fewer blocks or little to do. Many short calls let
/// the engine swap in optimised code and the caller stop in between; each costs the kernel's prologue.
constexpr uint64_t kCallsPerStatement = 16;
/// Points that are worth a call of their own.
constexpr uint64_t kPointsPerCall = 1 << 14;

}  // namespace

expr::Expr bytes(const Storage& storage) {
  return storage.elements * static_cast<int64_t>(byte_size(storage.dtype));
}

expr::Expr offset(const Placement& placement) {
  return placement.storage.offset * static_cast<int64_t>(byte_size(placement.storage.dtype));
}

bool blocked(const Storage& storage) {
  return std::ranges::any_of(storage.dims, [](const loops::StorageDim& dim) { return dim.divisor != 1; });
}

std::optional<expr::Expr> sized(const Storage& storage) {
  const expr::Expr size = bytes(storage);
  return size.as_constant() ? std::nullopt : std::optional(size);
}

std::vector<Storage> local_storages(const std::vector<Placement>& placements) {
  std::vector<Storage> storages;
  for (const Placement& placement : placements) storages.push_back(loops::rebased(placement.storage));
  return storages;
}

uint64_t points(const Stage& stage) {
  expr::Expr count(1);
  for (const loops::Axis& axis : stage.spatial) count = count * axis.extent;
  for (const loops::Axis& axis : stage.reduction) count = count * axis.extent;
  return plan::greatest(count);
}

uint64_t grain_of(const Stage& stage, uint64_t blocks) {
  const uint64_t calls = std::clamp<uint64_t>(points(stage) / kPointsPerCall, 1, kCallsPerStatement);
  return std::max<uint64_t>(1, (blocks + calls - 1) / calls);
}

bool reads_padding(const Stage& stage, uint32_t tensor) {
  const std::vector<loops::Value> found = schedule::accesses(stage.result);
  if (std::ranges::any_of(found, [&](const auto& v) { return v->buffer == tensor && v->predicate; }))
    return true;
  if (stage.fold.size() != 1 || stage.fold[0].update->op != loops::ValueOp::muladd) return false;
  const loops::Value& factor = stage.fold[0].update->operands[0];
  return factor->op == loops::ValueOp::access && factor->buffer == tensor;
}

schedule::Schedule once_each(schedule::Schedule schedule) {
  for (schedule::Step& step : schedule.steps)
    if (step.kind == schedule::StepKind::split && step.tail == schedule::Tail::overlap)
      step.tail = schedule::Tail::peel;
  return schedule;
}

std::string sources(const graph::Graph& g, const lower::Group& group) {
  std::string names;
  for (const uint32_t index : group.nodes) {
    const std::string& name = g.nodes[index].source;
    if (name.empty() || names.ends_with(name)) continue;
    names += (names.empty() ? "" : " + ") + name;
  }
  return names;
}

}  // namespace weft::compile

// The loop nest that a schedule's steps build up, before any code: axes, how they derive from each other, and
// their order.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "loops/stage.hpp"
#include "schedule/schedule.hpp"

namespace weft::schedule {

struct NestLoop {
  std::string axis;
  loops::ForKind kind = loops::ForKind::serial;
};

struct Nest {
  std::vector<NestLoop> loops;    ///< outermost first
  std::vector<Step> stages;       ///< stage steps, in order
  std::vector<Step> derivations;  ///< splits and fuses, in the order they were applied
  /// Of the stage's own axes and of derived ones; of the inner part of a peeled split, a full tile's.
  std::map<std::string, expr::Expr> extents;
  std::map<std::string, bool> is_reduction;  ///< by axis, derived ones too
};

/// The extent when it does not depend on symbols. What only GPU schedules ask for needs it.
std::optional<int64_t> constant_extent(const Nest& nest, const std::string& axis);

/// Runs the steps over the stage's axes. Errors as apply().
Result<Nest> build_nest(const loops::Stage& stage, const Schedule& schedule);

}  // namespace weft::schedule

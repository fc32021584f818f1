// The loop nest that a schedule's steps build up, before any code: axes, how they derive from each other, and
// their order.
#pragma once

#include <map>
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
  std::vector<NestLoop> loops;               ///< outermost first
  std::vector<Step> stages;                  ///< stage steps, in order
  std::vector<Step> derivations;             ///< splits and fuses, in the order they were applied
  std::map<std::string, int64_t> extents;    ///< of the stage's own axes, and of fused ones
  std::map<std::string, bool> is_reduction;  ///< by axis, derived ones too
};

/// Runs the steps over the stage's axes. Errors as apply().
Result<Nest> build_nest(const loops::Stage& stage, const Schedule& schedule);

}  // namespace weft::schedule

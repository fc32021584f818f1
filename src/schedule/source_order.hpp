// Schedules of movement that read a tensor from its start to its end.
#pragma once

#include <vector>

#include "loops/stage.hpp"
#include "loops/storage.hpp"
#include "schedule/schedule.hpp"

namespace weft::schedule {

/// The schedule of a stage without a fold, with its nest turned so that the blocks walk the outermost axis of
/// the stage's largest operand: each block reads what lies behind what the one before it has read. So a
/// weight can be packed while it arrives, part by part. The schedule stays as it is when it does so already,
/// when that operand has fewer than `least` bytes, and when its outermost axis is no axis of the stage.
Schedule in_source_order(const loops::Stage& stage, Schedule schedule,
                         const std::vector<loops::Storage>& storages, int64_t least);

}  // namespace weft::schedule

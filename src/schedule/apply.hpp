// Stage + Schedule + Storages -> Kernel.
#pragma once

#include <vector>

#include "loops/loops.hpp"
#include "loops/stage.hpp"
#include "loops/storage.hpp"
#include "schedule/schedule.hpp"

namespace weft::schedule {

/// The loop nest that computes `stage` in the order that `schedule` asks for, on tensors that lie as
/// `storages` says (parallel to stage.tensors; buffers of the kernel are the tensors in that order, then one
/// workgroup buffer per staged tile, one registers buffer per fold state). Loops keep their kinds;
/// loops::unroll and loops::vectorize rewrite them.
///
/// The spatial loops inside the outermost reduction loop are the register tile: each of its points has its
/// own accumulator. Fails with invalid_argument when the steps do not fit the stage (unknown axis, exact
/// split that leaves a rest, …): schedules may come from a user or a log. Extents must be constant.
Result<loops::Kernel> apply(const loops::Stage& stage, const Schedule& schedule,
                            const std::vector<loops::Storage>& storages);

}  // namespace weft::schedule

// Default schedules: analytic rules per class of stage, good without any tuning.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "loops/stage.hpp"
#include "loops/storage.hpp"
#include "schedule/schedule.hpp"

namespace weft::schedule {

/// What the rules know of the machine that a variant is for. The tile is that of a sum of products: rows x
/// columns accumulators stay in registers, see the measured table in docs/performance.md.
struct Machine {
  int64_t lanes = 4;    ///< 32-bit lanes of a vector; 1: none
  int64_t rows = 6;     ///< of the register tile
  int64_t columns = 8;  ///< of the register tile, elements
  int64_t unroll = 1;   ///< of the innermost reduction loop
};

/// The storage in which a constant operand is best read: its columns in panels as wide as the register tile,
/// in the order in which the sum walks them. Nothing when the stage has no preference.
std::optional<loops::Storage> preferred_storage(const loops::Stage& stage, uint32_t tensor,
                                                const Machine& machine);

/// The default schedule of a stage on tensors that lie as `storages` says.
Schedule default_schedule(const loops::Stage& stage, const std::vector<loops::Storage>& storages,
                          const Machine& machine);

}  // namespace weft::schedule

// Default schedules: analytic rules per class of stage, good without any tuning.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "loops/stage.hpp"
#include "loops/storage.hpp"
#include "schedule/schedule.hpp"

namespace weft::schedule {

/// Rows x columns of a sum of products whose partial sums stay in registers.
struct RegisterTile {
  int64_t rows = 1, columns = 1;  ///< elements
  double speed = 1;               ///< of its inner loop, relative to the machine's first tile
};

/// What the rules know of the machine that a variant is for. For the tiles see the measured table in
/// docs/performance.md.
struct Machine {
  int64_t lanes = 4;                           ///< 32-bit lanes of a vector; 1: none
  std::vector<RegisterTile> tiles = {{6, 8}};  ///< the first is the fastest and sets the registers in use
  int64_t unroll = 1;                          ///< of the innermost reduction loop
};

/// The storage in which a constant operand is best read: its columns in panels as wide as the register tile,
/// in the order in which the sum walks them. Nothing when the stage has no preference.
std::optional<loops::Storage> preferred_storage(const loops::Stage& stage, uint32_t tensor,
                                                const Machine& machine);

/// The default schedule of a stage on tensors that lie as `storages` says.
Schedule default_schedule(const loops::Stage& stage, const std::vector<loops::Storage>& storages,
                          const Machine& machine);

}  // namespace weft::schedule

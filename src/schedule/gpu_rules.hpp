// Default schedules for GPUs: plain ones, without tuning. The same stages, other decisions than rules.hpp.
#pragma once

#include "schedule/rules.hpp"

namespace weft::schedule {

/// As default_schedule. A sum of products with rows and columns gets a workgroup per tile of the output,
/// whose operands are staged in workgroup memory; every other stage gets an invocation per point of the
/// output. The machine, which is a CPU's, does not matter.
Schedule gpu_default_schedule(const loops::Stage& stage, const std::vector<loops::Storage>& storages,
                              const Machine& machine);

/// As preferred_storage: constant operands of sums of products lie in the order of the sum, columns
/// innermost, so that neighbouring invocations read neighbouring elements.
std::optional<loops::Storage> gpu_preferred_storage(const loops::Stage& stage, uint32_t tensor,
                                                    const Machine& machine);

}  // namespace weft::schedule

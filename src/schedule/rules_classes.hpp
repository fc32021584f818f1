// What the rules of the classes share.
#pragma once

#include <string>
#include <vector>

#include "schedule/analysis.hpp"
#include "schedule/rules.hpp"

namespace weft::schedule {

/// The spatial axis along which neighbouring outputs are neighbours in memory; empty when there is none with
/// more than one point.
std::string unit_axis(const loops::Stage& stage, const loops::Storage& output);

/// The extent of a spatial axis; 1 when there is none of that name.
int64_t named_extent(const loops::Stage& stage, const std::string& name);

/// Hands out the outermost loop block by block, when it is a spatial one.
void add_blocks(Schedule& schedule, const std::vector<std::string>& order, const loops::Stage& stage);

// One file a class: the schedule of a stage of that class.
Schedule contraction_schedule(const loops::Stage& stage, const Product& product, const std::string& column,
                              const std::vector<loops::Storage>& storages, const Machine& machine);
/// Whether all tensors lie densely in the same order, so that one loop over memory does for all axes.
bool one_loop_does(const loops::Stage& stage, const std::vector<loops::Storage>& storages);
Schedule flat_schedule(const loops::Stage& stage, const Machine& machine);
/// The nest in the order of the output's memory; the innermost axis in vectors.
Schedule memory_order_schedule(const loops::Stage& stage, const std::vector<loops::Storage>& storages,
                               const Machine& machine);

}  // namespace weft::schedule

// Where a value lies, and what build_program asks of stages and storages on the way.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "graph/graph.hpp"
#include "loops/stage.hpp"
#include "loops/storage.hpp"
#include "lower/group.hpp"
#include "plan/program.hpp"
#include "schedule/schedule.hpp"

namespace weft::compile {

/// A value in one storage: a buffer that some kernel or the loader has filled.
struct Placement {
  loops::Storage storage;
  plan::BufferId buffer = 0;
};

expr::Expr bytes(const loops::Storage& storage);
/// Of the first element, in bytes.
expr::Expr offset(const Placement& placement);
/// Whether an axis lies in blocks.
bool blocked(const loops::Storage& storage);
/// What the fill of a storage says of its size: nothing where it is all of its buffer.
std::optional<expr::Expr> sized(const loops::Storage& storage);
/// Storages as a kernel sees them: from the first element on.
std::vector<loops::Storage> local_storages(const std::vector<Placement>& placements);

/// How many points the stage has at most.
uint64_t points(const loops::Stage& stage);
/// How many of its blocks a kernel call takes.
uint64_t grain_of(const loops::Stage& stage, uint64_t blocks);
/// Whether the stage is a convolution over this tensor, or reads beyond its edges.
bool reads_padding(const loops::Stage& stage, uint32_t tensor);
/// A tile that is moved back does some points twice, the second time from what it has written: in place, the
/// rest is a tile of its own.
schedule::Schedule once_each(schedule::Schedule schedule);

/// The model's nodes that the group came from.
std::string sources(const graph::Graph& g, const lower::Group& group);

}  // namespace weft::compile

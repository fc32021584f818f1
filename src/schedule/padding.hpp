// What `pad` tails ask of a stage's storages.
#pragma once

#include <vector>

#include "loops/stage.hpp"
#include "loops/storage.hpp"
#include "schedule/nest.hpp"

namespace weft::schedule {

/// Surplus points of a `pad` split read and store where the storages hold room beside the logical tensor
/// (halo, or the padding of a block); storing leaves undefined values there. A reduction may only be padded
/// on an axis of the stage, when the stage is one sum of products and both factors are read in their
/// zero-filled room at every surplus point, for 0 * x is not 0 for all x. Fails with invalid_argument
/// otherwise.
Result<void> check_padding(const loops::Stage& stage, const Nest& nest,
                           const std::vector<loops::Storage>& storages);

}  // namespace weft::schedule

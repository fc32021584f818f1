// What can be had without moving anything: stages that only say where a value lies, operands that a result
// may overwrite. And the zeros around a value.
#pragma once

#include <optional>
#include <vector>

#include "loops/stage.hpp"
#include "loops/storage.hpp"

namespace weft::compile {

/// The result's storage in the buffer of the only operand, when the stage is a plain copy of its elements
/// (reshape, transpose, slice) whose places are linear there, in the same order of memory as `wanted`.
std::optional<loops::Storage> as_view(const loops::Stage& stage, const loops::Storage& operand,
                                      const loops::Storage& wanted);

/// A stage that writes a part of its result (an operand of a concat) as one that writes all of that part,
/// whose storage `result` becomes: then the place of the part is an offset, and parts of equal shape share
/// code.
loops::Stage narrowed(loops::Stage stage, loops::Storage& result);

/// Whether the stage computes nothing: each result is an element of an operand.
bool only_moves(const loops::Stage& stage);

/// Whether the stage copies its only operand onto itself, given that both lie in one buffer.
bool moves_nothing(const loops::Stage& stage, const loops::Storage& operand, const loops::Storage& result);

/// Whether each element of the operand is read only for the point that is stored in the element's place when
/// the result lies exactly as the operand does.
bool may_overwrite(const loops::Stage& stage, uint32_t operand, const loops::Storage& storage);

/// A stage that stores zeros, and where.
struct ZeroBox {
  loops::Stage stage;
  loops::Storage storage;
};
/// Boxes that together cover the halo of a storage, and nothing else; empty when one fill of all of it is
/// cheaper or the storage is blocked.
std::vector<ZeroBox> halo_boxes(const loops::Storage& storage);

}  // namespace weft::compile

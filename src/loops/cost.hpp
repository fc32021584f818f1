// What a stage computes and touches, for profiles: a property of the algorithm, so that two schedules of one
// stage are compared by the same figures.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "loops/stage.hpp"

namespace weft::loops {

enum class WorkClass : uint8_t {
  contraction,  ///< sums of products with a free axis on either side: convolution, matmul
  depthwise,    ///< sums of products over a window, channel by channel
  pooling,      ///< other folds over a window
  fold,         ///< other folds: softmax, mean, norm
  elementwise,
  movement,  ///< no arithmetic: copies between storages, transposes, gathers
  fill,      ///< reads nothing: halos
};
/// "contraction", …, as the manifest has it.
const char* to_string(WorkClass work);

struct Cost {
  WorkClass work = WorkClass::movement;
  uint64_t flops = 0;  ///< arithmetic operations on all points, a muladd is 2; comparisons, selects, casts
                       ///< and bit operations are none, index arithmetic neither
  uint64_t bytes = 0;  ///< of the tensors' elements, each counted once however often it is read
};

/// Extents must be constant. `periods`: of the axes whose place chooses what is computed, by axis
/// (schedule::deciding_axes); of such a stage only what is chosen counts, and what the points of one period
/// have in common counts once.
Cost cost_of(const Stage& stage, const std::map<std::string, int64_t>& periods = {});

}  // namespace weft::loops

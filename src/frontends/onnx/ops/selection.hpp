// What operators whose extents depend on data share (selection.cpp).
#pragma once

#include "frontends/onnx/ops/emit.hpp"

namespace weft::onnx {

/// The indices (i32[count]) of what is flagged (bool[n]), in its order; known to be at most `most`.
ValueId flagged(Call& c, ValueId flags, int64_t most);

}  // namespace weft::onnx

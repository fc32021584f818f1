// Models that leave extents open, for callers that cannot say ranges.
#pragma once

#include "compile/compile.hpp"

namespace weft::native {

/// compile_model; where extents of the inputs are not known, each may be 1 to the first of 4096, 1024, 256,
/// 64, 16, 4 and 1 with which the model compiles. As the host in JavaScript does
/// (runtimes/web/src/wasi-nn/models.ts).
Result<compile::Compiled> compile_with_open_extents(const Blobs& blobs, compile::CompileOptions options);

}  // namespace weft::native

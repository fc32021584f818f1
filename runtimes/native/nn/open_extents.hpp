// Models that leave extents open, for callers that cannot say ranges.
#pragma once

#include "compile/compile.hpp"

namespace weft::native {

/// compile_model; where extents of the inputs are not known, each may be from 1 to 4096, or to less where the
/// model does not compile with that: leading axes (batches) to 64 and others to 1024, and so on down. As the
/// host in JavaScript does (runtimes/web/src/wasi-nn/models.ts).
Result<compile::Compiled> compile_with_open_extents(const Blobs& blobs, compile::CompileOptions options);

}  // namespace weft::native

// Options that every command on a model has.
#pragma once

#include "cli/host.hpp"
#include "cli/options.hpp"
#include "frontends/onnx/onnx.hpp"

namespace weft::cli {

/// --dim and --shape, and the model's folder for external data.
Result<onnx::ReadOptions> read_options(const Options& options, Host& host);

}  // namespace weft::cli

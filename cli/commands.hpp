// The commands, one file each.
#pragma once

#include <string_view>

#include "cli/options.hpp"

namespace weft::cli {

Result<void> run_compile(const Options& options);
Result<void> run_inspect(const Options& options);

/// The web runtime as one ESM text, built into the program.
std::string_view web_runtime();
/// Its declarations, for model.d.ts.
std::string_view web_runtime_types();

}  // namespace weft::cli

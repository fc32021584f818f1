// A compiled bundle as a folder of files.
#pragma once

#include <filesystem>
#include <vector>

#include "compile/compile.hpp"

namespace weft::cli {

/// Writes all files and model.json, or nothing; an older bundle of that name is replaced. Returns what
/// model.json lists.
Result<std::vector<bundle::HashedFile>> write_bundle(const compile::Compiled& compiled,
                                                     const std::filesystem::path& folder);

}  // namespace weft::cli

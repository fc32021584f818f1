// A compiled model to a folder.
#pragma once

#include <string>
#include <vector>

#include "cli/host.hpp"
#include "compile/compile.hpp"

namespace weft::cli {

/// Writes all files of the bundle and model.json with their hashes, all or none. Returns what model.json
/// lists.
Result<std::vector<bundle::HashedFile>> write_bundle(const compile::Compiled& compiled,
                                                     const std::string& folder, Host& host);

}  // namespace weft::cli

// A compiled model to a folder.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/host.hpp"
#include "compile/compile.hpp"

namespace weft::cli {

/// Writes all files of the bundle, then model.js around `runtime_js` (build/runtime/weft.inline.js; none when
/// that is empty) and model.json with the hashes of what was written; all or none. Returns what model.json
/// lists.
Result<std::vector<bundle::HashedFile>> write_bundle(const compile::Compiled& compiled,
                                                     std::string_view runtime_js, const std::string& folder,
                                                     Host& host);

}  // namespace weft::cli

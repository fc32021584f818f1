// A compiled model to a folder.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bundle/javascript.hpp"
#include "cli/host.hpp"
#include "compile/compile.hpp"

namespace weft::cli {

/// Writes all files of the bundle, then model.js of `scripts` (none without a runtime) and model.json with
/// the hashes of what was written; all or none. With `embed`, model.js holds code and weights itself. Returns
/// what model.json lists.
Result<std::vector<bundle::HashedFile>> write_bundle(const compile::Compiled& compiled,
                                                     const bundle::Scripts& scripts,
                                                     const std::string& folder, Host& host,
                                                     bool embed = false);

/// Writes the compiled files as they are; all or none.
Result<std::vector<bundle::HashedFile>> write_files(const compile::Compiled& compiled,
                                                    const std::string& folder, Host& host);

}  // namespace weft::cli

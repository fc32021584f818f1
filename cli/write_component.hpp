// A compiled model to a component that exports wasi:nn (weft compile --emit component).
#pragma once

#include <string>
#include <vector>

#include "cli/host.hpp"
#include "compile/compile.hpp"

namespace weft::cli {

/// Writes model.component.wasm and model.json. `source` is the model's file, which the component's `load`
/// knows again. Fails with unsupported for what its host does not have (strings), not_found where the host is
/// not there.
Result<std::vector<bundle::HashedFile>> write_component(const compile::Compiled& compiled,
                                                        const Source& source, const std::string& folder,
                                                        Host& host);

}  // namespace weft::cli

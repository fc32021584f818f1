// What `weft run` and `weft verify` give to Node: the modules of cli/run/ and a task.
#pragma once

#include <string>

#include "cli/host.hpp"
#include "cli/json.hpp"
#include "cli/options.hpp"

namespace weft::cli {

/// --engine names the engine that is not Node.
inline bool is_on_wasmtime(const Options& options) { return options.get("engine") == "wasmtime"; }

/// The program that --engine or WEFT_NODE names; on the engine wasmtime it is not needed.
Result<std::string> node_program(const Options& options, Host& host);

/// Writes main.mjs, what it imports, and task.json.
Result<void> write_runner(const std::string& folder, const ordered_json& task, Host& host);

}  // namespace weft::cli

// The commands, one file each.
#pragma once

#include <span>
#include <string_view>

#include "cli/host.hpp"
#include "cli/options.hpp"

namespace weft::cli {

// Each returns the exit code.
Result<int> run_compile(const Options& options, Host& host);
Result<int> run_inspect(const Options& options, Host& host);
Result<int> run_run(const Options& options, Host& host);
/// `run` with another task for Node.
Result<int> run_bench(const Options& options, Host& host);
Result<int> run_verify(const Options& options, Host& host);
Result<int> run_diff(const Options& options, Host& host);
Result<int> run_wasi(const Options& options, Host& host);

/// The whole program: parses, runs the command, reports its error. Returns the exit code.
int run(std::span<const std::string> arguments, Host& host);

/// The web runtime as one ESM text, built into the program.
std::string_view web_runtime();
/// Pictures, sound and labels, for the models that have them.
std::string_view web_media();
/// The runtime with strings, for the models that have them.
std::string_view web_strings();
/// Its declarations, for model.d.ts.
std::string_view web_runtime_types();

/// The page of `weft compile --html`.
std::string_view model_page();

/// What Node runs for `weft run`: the modules of cli/run/.
std::string_view runner_main();
std::string_view runner_errors();
std::string_view runner_tensors();
std::string_view runner_measure();
std::string_view runner_report();
std::string_view runner_verify();
std::string_view runner_bench();
std::string_view runner_pairs();

}  // namespace weft::cli

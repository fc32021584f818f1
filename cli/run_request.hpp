// What `weft run` and `weft bench` are to do, for every engine.
#pragma once

#include <string>

#include "cli/host.hpp"
#include "cli/options.hpp"
#include "compile/compile.hpp"

namespace weft::cli {

struct RunRequest {
  std::string node;  ///< the program, for all engines but wasmtime
  std::string variant, profile;
  uint64_t repeat = 1, warmup = 0, seconds = 0;
  bool is_bundle = false;
  std::string bundle;
};

Result<RunRequest> read_request(const Options& options, Host& host);

/// Of a request for an .onnx file.
Result<compile::Compiled> compile_for_run(const Options& options, const RunRequest& request, Host& host);

/// `weft run` and `weft bench` on the engine wasmtime, which has the variants that are there.
Result<int> run_on_wasmtime(const Options& options, const RunRequest& request, Host& host);
Result<int> bench_on_wasmtime(const Options& options, const RunRequest& request, Host& host);

}  // namespace weft::cli

// weft run and weft bench. Node runs a bundle through the web runtime that this program carries; everything
// temporary lies in one folder of the host.
#include "cli/commands.hpp"
#include "cli/peak_probe.hpp"
#include "cli/run_request.hpp"
#include "cli/runner.hpp"
#include "cli/write_bundle.hpp"
#include "compile/compile.hpp"

namespace weft::cli {
namespace {

constexpr const char* kVariants[] = {"scalar", "simd128", "relaxed"};

Result<void> compile_into(const std::string& folder, const Options& options, const RunRequest& request,
                          Host& host) {
  WEFT_ASSIGN(compiled, compile_for_run(options, request, host));
  WEFT_ASSIGN(files, write_bundle(compiled, {}, folder, host));
  (void)files;
  return {};
}

ordered_json probes(const std::string& folder, Result<void>& written, Host& host) {
  ordered_json out = ordered_json::object();
  for (const char* variant : kVariants) {
    const PeakProbe probe = peak_probe(variant);
    const std::string name = "peak." + std::string(variant) + ".wasm";
    if (written)
      written = host.write_file(folder + "/" + name,
                                {reinterpret_cast<const char*>(probe.code.data()), probe.code.size()});
    out[variant] = {{"file", name}, {"name", probe.name}, {"flops", probe.flops}, {"bytes", probe.bytes}};
  }
  return out;
}

Result<void> write_task(const std::string& folder, const Options& options, const RunRequest& request,
                        Host& host) {
  Result<void> written;
  ordered_json task;
  task["model"] = options.positional();
  task["bundle"] = host.absolute(request.bundle);
  task["inputs"] = options.all("input");
  task["output"] = options.get("output");
  task["variant"] = request.variant.empty() ? "auto" : request.variant;
  task["repeat"] = request.repeat;
  task["warmup"] = request.warmup;
  task["profile"] = request.profile;
  task["profileOutput"] = options.get("profile-output");
  task["json"] = options.has("json");
  if (options.command == "bench") {
    task["bench"] = true;
    task["seconds"] = request.seconds;
    task["peer"] = options.get("peer");
    task["modelFile"] = request.is_bundle ? "" : host.absolute(options.positional());
  }
  task["probes"] = probes(folder, written, host);
  WEFT_TRY(written);
  return write_runner(folder, task, host);
}

Result<void> prepare(const std::string& folder, const Options& options, RunRequest request, Host& host) {
  if (!request.is_bundle) {
    request.bundle = folder + "/bundle";
    WEFT_TRY(compile_into(request.bundle, options, request, host));
  }
  return write_task(folder, options, request, host);
}

}  // namespace

Result<int> run_run(const Options& options, Host& host) {
  WEFT_ASSIGN(request, read_request(options, host));
  if (!is_on_wasmtime(options) && options.has("module-cache"))
    return fail(ErrorKind::invalid_argument,
                "--module-cache is for --engine wasmtime: Node keeps no code here");
  if (is_on_wasmtime(options)) return host.run_on_wasmtime(options, request);
  WEFT_TRY(host.run_node(
      request.node, [&](const std::string& folder) { return prepare(folder, options, request, host); }, {}));
  return 0;
}

Result<int> run_bench(const Options& options, Host& host) { return run_run(options, host); }

}  // namespace weft::cli

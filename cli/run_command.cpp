// weft run: Node runs a bundle through the web runtime that this program carries. Everything temporary lies
// in one folder of the host.
#include <algorithm>
#include <charconv>

#include "cli/commands.hpp"
#include "cli/model_options.hpp"
#include "cli/peak_probe.hpp"
#include "cli/runner.hpp"
#include "cli/write_bundle.hpp"
#include "compile/compile.hpp"

namespace weft::cli {
namespace {

constexpr uint64_t kMostRuns = 1'000'000;
constexpr const char* kVariants[] = {"scalar", "simd128", "relaxed"};

struct RunRequest {
  std::string node;  ///< the program
  std::string variant, profile;
  uint64_t repeat = 1, warmup = 0, seconds = 0;
  bool is_bundle = false;
  std::string bundle;
};

Result<uint64_t> count(const Options& options, const char* name, uint64_t least, uint64_t otherwise) {
  if (!options.has(name)) return otherwise;
  const std::string text = options.get(name);
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || end != text.data() + text.size() || error != std::errc{} || value < least ||
      value > kMostRuns)
    return fail(ErrorKind::invalid_argument, "--" + std::string(name) + " wants a number from " +
                                                 std::to_string(least) + " to " + std::to_string(kMostRuns) +
                                                 ", not \"" + text + "\"");
  return value;
}

template <class List>
Result<void> one_of(const std::string& value, const List& list, const std::string& what) {
  std::string all;
  for (const char* item : list) {
    if (value == item) return {};
    all += (all.empty() ? "" : ", ") + std::string(item);
  }
  return fail(ErrorKind::invalid_argument, "no " + what + " is called " + value + "; there are " + all);
}

std::string parent_folder(const std::string& path) { return path.substr(0, path.find_last_of("/\\")); }

Result<RunRequest> read_request(const Options& options, Host& host) {
  RunRequest request;
  WEFT_ASSIGN(node, node_program(options, host));
  request.node = node;
  request.variant = options.get("variant");
  if (options.has("variant")) WEFT_TRY(one_of(request.variant, kVariants, "variant"));
  if (options.has("profile") || options.has("profile-output")) {
    request.profile = options.get("profile");
    constexpr const char* kinds[] = {"table", "json", "trace"};
    WEFT_TRY(one_of(request.profile, kinds, "kind of profile"));
  }
  const bool profiles = !request.profile.empty();
  const bool benches = options.command == "bench";
  WEFT_ASSIGN(repeat, count(options, "repeat", 1, benches ? 50 : profiles ? 20 : 1));
  WEFT_ASSIGN(warmup, count(options, "warmup", 0, benches || profiles ? 10 : 0));
  WEFT_ASSIGN(seconds, count(options, "seconds", 1, 10));
  if (benches) {
    constexpr const char* peers[] = {"auto", "onnxruntime-web", "none"};
    WEFT_TRY(one_of(options.get("peer"), peers, "peer"));
  }
  request.seconds = seconds;
  request.repeat = repeat;
  request.warmup = warmup;
  const std::string& given = options.positional();
  const bool is_folder = host.is_folder(given);
  request.is_bundle = is_folder || file_name(given) == "model.json";
  if (request.is_bundle) request.bundle = is_folder ? given : parent_folder(host.absolute(given));
  if (request.is_bundle && (options.has("dim") || options.has("shape") || options.has("constant")))
    return fail(ErrorKind::invalid_argument,
                "--dim, --shape and --constant are for .onnx files; a bundle's shapes are fixed");
  return request;
}

Result<void> compile_into(const std::string& folder, const Options& options, const RunRequest& request,
                          Host& host) {
  const std::string& model = options.positional();
  WEFT_ASSIGN(source, host.open(model));
  compile::CompileOptions compile_options;
  WEFT_ASSIGN(read, read_options(options, host));
  compile_options.read = std::move(read);
  if (!request.variant.empty()) compile_options.variants = {request.variant};
  compile_options.name = file_stem(model);
  compile_options.debug_names = compile_options.profile_info = !request.profile.empty();
  WEFT_ASSIGN(compiled, compile::compile_model({source}, compile_options));
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
  WEFT_TRY(host.run_node(
      request.node, [&](const std::string& folder) { return prepare(folder, options, request, host); }, {}));
  return 0;
}

Result<int> run_bench(const Options& options, Host& host) { return run_run(options, host); }

}  // namespace weft::cli

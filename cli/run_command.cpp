// weft run: Node runs a bundle through the web runtime that this program carries. Everything temporary lies
// in one folder; a second process does the work, so that this one can remove the folder whatever happens to
// it.
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/files.hpp"
#include "cli/model_options.hpp"
#include "cli/peak_probe.hpp"
#include "cli/write_bundle.hpp"
#include "compile/compile.hpp"

namespace weft::cli {
namespace fs = std::filesystem;
namespace {

using nlohmann::ordered_json;

constexpr int kEngineFailed = 8;
constexpr uint64_t kMostRuns = 1'000'000;
constexpr const char* kVariants[] = {"scalar", "simd128", "relaxed"};

struct RunRequest {
  std::string node;  ///< the program
  std::string variant, profile;
  uint64_t repeat = 1, warmup = 0;
  bool is_bundle = false;
  fs::path bundle;
};

Result<uint64_t> count(const Options& options, const char* name, uint64_t least, uint64_t otherwise) {
  if (!options.has(name)) return otherwise;
  const std::string text = options.get(name);
  char* end = nullptr;
  errno = 0;
  const uint64_t value = std::strtoull(text.c_str(), &end, 10);
  const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
  if (!digits || errno != 0 || value < least || value > kMostRuns)
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

Result<std::string> node_program(const Options& options) {
  const std::string engine = options.get("engine");
  if (engine.starts_with("node:") && engine.size() > 5) return engine.substr(5);
  if (!engine.empty() && engine != "node")
    return fail(ErrorKind::invalid_argument,
                "no engine is called " + engine + "; there are node and node:PATH");
  const char* given = std::getenv("WEFT_NODE");
  return std::string(given != nullptr && *given != 0 ? given : "node");
}

Result<RunRequest> read_request(const Options& options) {
  RunRequest request;
  WEFT_ASSIGN(node, node_program(options));
  request.node = node;
  request.variant = options.get("variant");
  if (options.has("variant")) WEFT_TRY(one_of(request.variant, kVariants, "variant"));
  if (options.has("profile") || options.has("profile-output")) {
    request.profile = options.get("profile");
    constexpr const char* kinds[] = {"table", "json", "trace"};
    WEFT_TRY(one_of(request.profile, kinds, "kind of profile"));
  }
  const bool profiles = !request.profile.empty();
  WEFT_ASSIGN(repeat, count(options, "repeat", 1, profiles ? 20 : 1));
  WEFT_ASSIGN(warmup, count(options, "warmup", 0, profiles ? 10 : 0));
  request.repeat = repeat;
  request.warmup = warmup;
  const fs::path given = options.positional;
  request.is_bundle = fs::is_directory(given) || given.filename() == "model.json";
  if (request.is_bundle) request.bundle = fs::is_directory(given) ? given : fs::absolute(given).parent_path();
  if (request.is_bundle && (options.has("dim") || options.has("shape")))
    return fail(ErrorKind::invalid_argument,
                "--dim and --shape are for .onnx files; a bundle's shapes are fixed");
  return request;
}

Result<void> write_file(const fs::path& path, std::string_view bytes) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  const bool written = file != nullptr && std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
  const bool closed = file != nullptr && std::fclose(file) == 0;
  if (written && closed) return {};
  return fail(ErrorKind::not_found, "cannot write " + path.string() + ": " + std::strerror(errno));
}

Result<void> compile_into(const fs::path& folder, const Options& options, const RunRequest& request) {
  const fs::path model = options.positional;
  WEFT_ASSIGN(source, open_file(model));
  compile::CompileOptions compile_options;
  WEFT_ASSIGN(read, read_options(options));
  compile_options.read = std::move(read);
  if (!request.variant.empty()) compile_options.variants = {request.variant};
  compile_options.name = model.stem().string();
  compile_options.debug_names = compile_options.profile_info = !request.profile.empty();
  WEFT_ASSIGN(compiled, compile::compile_model({source}, compile_options));
  WEFT_ASSIGN(files, write_bundle(compiled, folder));
  (void)files;
  return {};
}

Result<void> write_runner(const fs::path& folder) {
  const std::pair<const char*, std::string_view> modules[] = {{"main.mjs", runner_main()},
                                                              {"errors.mjs", runner_errors()},
                                                              {"tensors.mjs", runner_tensors()},
                                                              {"measure.mjs", runner_measure()},
                                                              {"report.mjs", runner_report()}};
  for (const auto& [name, text] : modules) WEFT_TRY(write_file(folder / name, text));
  if (web_runtime().empty())
    return fail(ErrorKind::unsupported, "this weft was built without the web runtime (tools/build-runtime)");
  return write_file(folder / "weft.mjs", std::string(web_runtime()) + "export const { load } = weft;\n");
}

ordered_json probes(const fs::path& folder, Result<void>& written) {
  ordered_json out = ordered_json::object();
  for (const char* variant : kVariants) {
    const PeakProbe probe = peak_probe(variant);
    const std::string name = "peak." + std::string(variant) + ".wasm";
    if (written)
      written =
          write_file(folder / name, {reinterpret_cast<const char*>(probe.code.data()), probe.code.size()});
    out[variant] = {{"file", name}, {"name", probe.name}, {"flops", probe.flops}, {"bytes", probe.bytes}};
  }
  return out;
}

Result<void> write_task(const fs::path& folder, const Options& options, const RunRequest& request) {
  Result<void> written;
  ordered_json task;
  task["model"] = options.positional;
  task["bundle"] = fs::absolute(request.bundle).string();
  const auto inputs = options.values.find("input");
  task["inputs"] = inputs == options.values.end() ? std::vector<std::string>() : inputs->second;
  task["output"] = options.get("output");
  task["variant"] = request.variant.empty() ? "auto" : request.variant;
  task["repeat"] = request.repeat;
  task["warmup"] = request.warmup;
  task["profile"] = request.profile;
  task["profileOutput"] = options.get("profile-output");
  task["json"] = options.has("json");
  task["probes"] = probes(folder, written);
  WEFT_TRY(written);
  return write_file(folder / "task.json", task.dump(-1, ' ', false, ordered_json::error_handler_t::replace));
}

/// In the second process: prepares the folder and becomes Node. Returns only when that fails.
Result<void> become_node(const fs::path& folder, const Options& options, RunRequest request) {
  if (!request.is_bundle) {
    request.bundle = folder / "bundle";
    WEFT_TRY(compile_into(request.bundle, options, request));
  }
  WEFT_TRY(write_runner(folder));
  WEFT_TRY(write_task(folder, options, request));
  const std::string script = (folder / "main.mjs").string();
  execlp(request.node.c_str(), request.node.c_str(), script.c_str(), nullptr);
  return fail(ErrorKind::not_found,
              "cannot start " + request.node + ": " + std::strerror(errno) +
                  "; install Node 20.16 or later, or name it with --engine node:PATH or "
                  "WEFT_NODE");
}

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};
volatile sig_atomic_t g_signal = 0;
volatile sig_atomic_t g_worker = 0;

extern "C" void pass_on(int number) {
  g_signal = number;
  if (g_worker > 0) kill(g_worker, number);
}

/// Starts the second process; a signal that ends this one ends that one too. Returns 0 in the second process.
pid_t start_worker() {
  sigset_t ours, before;
  sigemptyset(&ours);
  for (const int number : kSignals) sigaddset(&ours, number);
  sigprocmask(SIG_BLOCK, &ours, &before);
  for (const int number : kSignals) signal(number, pass_on);
  const pid_t worker = fork();
  if (worker == 0)
    for (const int number : kSignals) signal(number, SIG_DFL);
  else g_worker = worker;
  sigprocmask(SIG_SETMASK, &before, nullptr);
  return worker;
}

int wait_for(pid_t worker) {
  int status = 0;
  while (waitpid(worker, &status, 0) < 0 && errno == EINTR) {
  }
  g_worker = 0;
  return status;
}

/// Ends this program as the second process ended, unless that went well.
void end_as(int status) {
  if (g_signal != 0) {
    signal(g_signal, SIG_DFL);
    raise(g_signal);
  }
  if (WIFSIGNALED(status)) {
    std::fprintf(stderr, "weft: the engine was ended by signal %d (%s)\n", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    std::exit(kEngineFailed);
  }
  if (WEXITSTATUS(status) != 0) std::exit(WEXITSTATUS(status));
}

}  // namespace

Result<void> run_run(const Options& options) {
  WEFT_ASSIGN(request, read_request(options));
  std::error_code error;
  std::string folder = (fs::temp_directory_path(error) / "weft-run.XXXXXX").string();
  std::fflush(nullptr);
  if (mkdtemp(folder.data()) == nullptr)
    return fail(ErrorKind::not_found, "cannot make a temporary folder: " + std::string(std::strerror(errno)));
  const pid_t worker = start_worker();
  if (worker == 0) return become_node(folder, options, request);
  const int status = worker > 0 ? wait_for(worker) : 0;
  fs::remove_all(folder, error);
  if (worker < 0)
    return fail(ErrorKind::limit, "cannot start a process: " + std::string(std::strerror(errno)));
  end_as(status);
  return {};
}

}  // namespace weft::cli

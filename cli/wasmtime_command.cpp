// weft run and weft bench on the engine wasmtime: what cli/run/{main,bench}.mjs do on Node, in this program.
#include <fmt/format.h>

#include <algorithm>

#include "cli/commands.hpp"
#include "cli/run_request.hpp"
#include "cli/tensors.hpp"

namespace weft::cli {
namespace {

using graph::Tensor;

constexpr int kEngineFailed = 8;
constexpr int kStarts = 3;
constexpr size_t kLeastRuns = 3;

double median(std::vector<double> values) {
  std::ranges::sort(values);
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double least(const std::vector<double>& values) { return *std::ranges::min_element(values); }

/// The same errors as those of runs in Node have the same exit codes.
Result<int> failed(const RunFailure& failure, const Options& options, Host& host) {
  if (!failure.is_engine) return std::unexpected(failure.error);
  const Error& error = failure.error;
  if (options.has("json")) {
    const ordered_json json = {
        {"error", {{"kind", "engine"}, {"message", error.message}, {"node", error.node}}}};
    host.print_error(json_text(json) + "\n");
  } else {
    host.print_error("weft: " + options.positional() + ": " + error.message + "\n");
  }
  return kEngineFailed;
}

/// A bundle, or a model that is compiled for the occasion.
struct Subject {
  std::optional<compile::Compiled> compiled;
  BundleRequest request;
};

Result<Subject> find_subject(const Options& options, RunRequest request, Host& host) {
  Subject subject;
  subject.request = {request.bundle, nullptr, request.variant, options.get("module-cache")};
  if (request.is_bundle) return subject;
  // The engine has relaxed SIMD, so that is what it takes of the variants.
  if (request.variant.empty()) request.variant = "relaxed";
  WEFT_ASSIGN(compiled, compile_for_run(options, request, host));
  subject.compiled = std::move(compiled);
  return subject;
}

/// Where the subject lies now.
BundleRequest request_of(const Subject& subject) {
  BundleRequest request = subject.request;
  if (subject.compiled) request.compiled = &*subject.compiled;
  return request;
}

ordered_json engine_json(const LoadedBundle::Facts& facts) {
  return {{"name", "wasmtime"}, {"version", facts.engine_version}};
}

std::string milliseconds(double ms) {
  return ms < 100 ? fmt::format("{:.3f}", ms) : fmt::format("{:.1f}", ms);
}

/// Writes the outputs where --output says.
Result<void> write_outputs(const LoadedBundle::Facts& facts, const std::vector<Tensor>& outputs,
                           std::string folder, std::vector<Summary>& summaries, Host& host) {
  while (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
  const std::vector<std::string> names = npy_names(facts.outputs);
  for (size_t i = 0; i < outputs.size(); ++i) {
    summaries[i].file = folder + "/" + names[i];
    WEFT_TRY(host.write_file(summaries[i].file, npy_file(outputs[i])));
  }
  return {};
}

std::string result_text(const LoadedBundle::Facts& facts, const std::vector<Summary>& summaries,
                        const std::vector<double>& times) {
  std::string text = fmt::format("{}: {}, Wasmtime {}\n", facts.name, facts.variant, facts.engine_version);
  for (const Summary& summary : summaries) text += to_text(summary);
  if (times.size() == 1) return text + milliseconds(times[0]) + " ms, the first run\n";
  return text + fmt::format("{} ms fastest, {} ms median of {} runs\n", milliseconds(least(times)),
                            milliseconds(median(times)), times.size());
}

ordered_json result_json(const LoadedBundle::Facts& facts, const RunRequest& request,
                         const std::vector<Summary>& summaries, const std::vector<double>& times) {
  ordered_json outputs = ordered_json::array();
  for (const Summary& summary : summaries) outputs.push_back(to_json(summary));
  return {{"model", facts.name},
          {"variant", facts.variant},
          {"variantReason", request.variant.empty() ? "this engine has it" : "asked for"},
          {"engine", engine_json(facts)},
          {"repeat", request.repeat},
          {"warmup", request.warmup},
          {"run", {{"minMs", least(times)}, {"medianMs", median(times)}}},
          {"outputs", std::move(outputs)}};
}

Result<void> check_options(const Options& options, const RunRequest& request) {
  if (!request.profile.empty())
    return fail(ErrorKind::unsupported,
                "--profile is not there on the engine wasmtime: profile the same code with --engine node");
  if (options.command == "bench" && options.get("peer") == "onnxruntime-web")
    return fail(ErrorKind::unsupported, "onnxruntime-web does not run on the engine wasmtime: --peer none");
  return {};
}

/// One start in a process of its own, as numbers: from nothing loaded to the first result, ms, and bytes of
/// memory then. Empty where it fails.
std::string time_start(const BundleRequest& request, const Options& options, Host& host) {
  const auto bundle = host.load_on_wasmtime(request);
  if (!bundle) return {};
  const auto inputs = read_inputs((*bundle)->facts().inputs, options.all("input"), host);
  if (!inputs) return {};
  const auto ran = (*bundle)->run(*inputs);
  if (!ran) return {};
  return json_text({(*bundle)->facts().load_ms + ran->ms, (*bundle)->memory_bytes()});
}

struct Starts {
  double ms = 0;
  uint64_t memory_bytes = 0;
};

/// What fails here fails in this process next, with its reason.
Result<std::optional<Starts>> time_starts(const BundleRequest& request, const Options& options, Host& host) {
  std::vector<double> times;
  Starts starts;
  for (int i = 0; i < kStarts; ++i) {
    WEFT_ASSIGN(text, host.in_other_process([&] { return time_start(request, options, host); }));
    if (text.empty()) return std::nullopt;
    const ordered_json said = parse_json({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
    times.push_back(said[0].get<double>());
    starts.memory_bytes = said[1].get<uint64_t>();
  }
  starts.ms = median(times);
  return starts;
}

/// Runs for `seconds`, warm-up included, at most `repeat` times after it.
std::expected<std::vector<double>, RunFailure> time_runs(LoadedBundle& bundle,
                                                         const std::vector<Tensor>& inputs,
                                                         const RunRequest& request) {
  const double most_ms = 1000 * static_cast<double>(request.seconds);
  std::vector<double> times;
  double spent = 0;
  for (uint64_t i = 0; i < request.warmup + request.repeat; ++i) {
    const bool is_warm = i >= request.warmup || spent > most_ms / 2;
    if (times.size() >= kLeastRuns && spent > most_ms) break;
    auto ran = bundle.run(inputs);
    if (!ran) return std::unexpected(std::move(ran).error());
    spent += ran->ms;
    if (is_warm && times.size() < request.repeat) times.push_back(ran->ms);
  }
  return times;
}

std::string bytes_text(uint64_t bytes) {
  const auto n = static_cast<double>(bytes);
  if (n < 1e4) return fmt::format("{} B", bytes);
  if (n < 1e6) return fmt::format("{:.1f} kB", n / 1e3);
  return n < 1e7 ? fmt::format("{:.2f} MB", n / 1e6) : fmt::format("{:.1f} MB", n / 1e6);
}

std::string ms_text(double ms) {
  return ms < 10    ? fmt::format("{:.2f} ms", ms)
         : ms < 100 ? fmt::format("{:.1f} ms", ms)
                    : fmt::format("{:.0f} ms", ms);
}

std::string bench_text(const LoadedBundle::Facts& facts, const Starts& starts,
                       const std::vector<double>& times) {
  const std::pair<const char*, std::string> rows[] = {{"", "weft"},
                                                      {"latency, median", ms_text(median(times))},
                                                      {"cold start", ms_text(starts.ms)},
                                                      {"code", bytes_text(facts.code_bytes)},
                                                      {"weights", bytes_text(facts.weights_bytes)},
                                                      {"memory", bytes_text(starts.memory_bytes)}};
  std::string text = fmt::format("{}, {}, Wasmtime {}, one thread, {} runs\n\n", facts.name, facts.variant,
                                 facts.engine_version, times.size());
  for (const auto& [name, value] : rows) text += fmt::format("{:<15}  {:>9}\n", name, value);
  return text + "\nno peer: onnxruntime-web does not run on this engine\n";
}

ordered_json bench_json(const LoadedBundle::Facts& facts, const Starts& starts,
                        const std::vector<double>& times) {
  return {{"model", facts.name},
          {"variant", facts.variant},
          {"runs", times.size()},
          {"weft",
           {{"latencyMs", median(times)},
            {"fastestMs", least(times)},
            {"coldStartMs", starts.ms},
            {"memoryBytes", starts.memory_bytes},
            {"code", {{"bytes", facts.code_bytes}}},
            {"weightsBytes", facts.weights_bytes}}},
          {"engine", engine_json(facts)}};
}

}  // namespace

Result<int> run_on_wasmtime(const Options& options, const RunRequest& request, Host& host) {
  WEFT_TRY(check_options(options, request));
  WEFT_ASSIGN(subject, find_subject(options, request, host));
  WEFT_ASSIGN(bundle, host.load_on_wasmtime(request_of(subject)));
  const LoadedBundle::Facts& facts = bundle->facts();
  WEFT_ASSIGN(inputs, read_inputs(facts.inputs, options.all("input"), host));
  std::vector<double> times;
  std::vector<Tensor> outputs;
  for (uint64_t i = 0; i < request.warmup + request.repeat; ++i) {
    auto ran = bundle->run(inputs);
    if (!ran) return failed(ran.error(), options, host);
    if (i >= request.warmup) times.push_back(ran->ms);
    outputs = std::move(ran->outputs);
  }
  std::vector<Summary> summaries;
  for (size_t i = 0; i < outputs.size(); ++i) summaries.push_back(summarize(facts.outputs[i], outputs[i]));
  if (options.has("output")) WEFT_TRY(write_outputs(facts, outputs, options.get("output"), summaries, host));
  host.print(options.has("json") ? json_text(result_json(facts, request, summaries, times), 1) + "\n"
                                 : result_text(facts, summaries, times));
  return 0;
}

Result<int> bench_on_wasmtime(const Options& options, const RunRequest& request, Host& host) {
  WEFT_TRY(check_options(options, request));
  WEFT_ASSIGN(subject, find_subject(options, request, host));
  // First, while this process has not opened the engine.
  WEFT_ASSIGN(starts, time_starts(request_of(subject), options, host));
  WEFT_ASSIGN(bundle, host.load_on_wasmtime(request_of(subject)));
  WEFT_ASSIGN(inputs, read_inputs(bundle->facts().inputs, options.all("input"), host));
  const auto times = time_runs(*bundle, inputs, request);
  if (!times) return failed(times.error(), options, host);
  if (!starts) return fail(ErrorKind::limit, "a start in a process of its own failed");
  host.print(options.has("json") ? json_text(bench_json(bundle->facts(), *starts, *times), 1) + "\n"
                                 : bench_text(bundle->facts(), *starts, *times));
  return 0;
}

}  // namespace weft::cli

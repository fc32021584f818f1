#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/json.hpp"
#include "cli/model_options.hpp"
#include "compile/compile.hpp"

namespace weft::cli {
namespace {

constexpr const char* kUnknown = "weft does not know the operator";

/// The model as compiled, when it can be: shapes resolved, memory known.
struct Outcome {
  std::optional<compile::Compiled> compiled;
  std::optional<Error> error;
};

Outcome try_compile(const Blobs& blobs, const onnx::ReadOptions& read) {
  compile::CompileOptions options;
  options.read = read;
  options.variants = {"simd128"};
  Result<compile::Compiled> compiled = compile::compile_model(blobs, options);
  if (!compiled) return {std::nullopt, compiled.error()};
  return {std::move(*compiled), std::nullopt};
}

std::string plural(uint64_t count, const std::string& what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::string ports(const char* title, const std::vector<onnx::Summary::Port>& list) {
  std::string text = fmt::format("{}\n", title);
  for (const auto& port : list) text += fmt::format("  {:<32} {}\n", port.name, port.type);
  return text;
}

std::string describe(const onnx::Summary& summary, const Outcome& outcome) {
  std::string text = fmt::format("producer {} {}, IR version {}", summary.metadata.producer,
                                 summary.metadata.producer_version, summary.metadata.ir_version);
  for (const auto& [domain, version] : summary.metadata.opsets)
    text += fmt::format(", opset {}{}", domain.empty() ? "" : domain + " ", version);
  text += "\n" + ports("inputs", summary.inputs) + ports("outputs", summary.outputs) + "operators\n";
  for (const auto& [op, count] : summary.operators) text += fmt::format("  {:<32} {}\n", op, count);
  if (!summary.unsupported.empty()) text += "not supported\n";
  for (const onnx::Unsupported& op : summary.unsupported)
    text += fmt::format("  {:<32} {}, first \"{}\"{}\n", op.domain.empty() ? op.op : op.domain + "." + op.op,
                        plural(op.count, "node"), op.nodes.empty() ? "" : op.nodes[0],
                        op.reason.empty() ? "" : ": " + op.reason);
  if (outcome.error) return text + "cannot be compiled: " + to_string(*outcome.error) + "\n";
  const compile::VariantReport& v = outcome.compiled->variants[0];
  text += fmt::format(
      "compiles: {} of code (simd128), {} of weights; memory {} (weights {}, prepared {}, arena {}, of which "
      "{} live at once); {} calls of a run only move data\n",
      v.code_bytes, outcome.compiled->manifest.weights_bytes, v.total_bytes, v.resident_bytes,
      v.weights_bytes - v.resident_bytes, v.arena_bytes, v.peak_live_bytes, v.movement_calls);
  return text;
}

ordered_json ports_json(const std::vector<onnx::Summary::Port>& list) {
  ordered_json json = ordered_json::array();
  for (const auto& port : list) json.push_back({{"name", port.name}, {"type", port.type}});
  return json;
}

std::string as_json(const onnx::Summary& summary, const Outcome& outcome) {
  ordered_json json;
  json["producer"] = summary.metadata.producer;
  json["ir_version"] = summary.metadata.ir_version;
  json["opsets"] = summary.metadata.opsets;
  json["inputs"] = ports_json(summary.inputs);
  json["outputs"] = ports_json(summary.outputs);
  json["operators"] = summary.operators;
  json["unsupported"] = ordered_json::array();
  for (const onnx::Unsupported& op : summary.unsupported)
    json["unsupported"].push_back({{"domain", op.domain},
                                   {"op", op.op},
                                   {"version", op.version},
                                   {"count", op.count},
                                   {"nodes", op.nodes},
                                   {"reason", op.reason.empty() ? kUnknown : op.reason}});
  json["compiles"] = !outcome.error;
  if (outcome.error) {
    json["error"] = {{"kind", to_string(outcome.error->kind)},
                     {"message", outcome.error->message},
                     {"node", outcome.error->node}};
  } else {
    const compile::VariantReport& v = outcome.compiled->variants[0];
    json["memory"] = {{"total", v.total_bytes},
                      {"weights", v.resident_bytes},
                      {"prepared", v.weights_bytes - v.resident_bytes},
                      {"arena", v.arena_bytes},
                      {"peak_live", v.peak_live_bytes}};
    json["movement_calls"] = v.movement_calls;
    json["code_bytes"] = v.code_bytes;
    json["weights_bytes"] = outcome.compiled->manifest.weights_bytes;
    if (!outcome.compiled->notes.empty()) json["notes"] = outcome.compiled->notes;
  }
  return json_text(json, 2) + "\n";
}

}  // namespace

Result<int> run_inspect(const Options& options, Host& host) {
  WEFT_ASSIGN(source, host.open(options.positional()));
  WEFT_ASSIGN(read, read_options(options, host));
  const Blobs blobs = {source};
  WEFT_ASSIGN(summary, onnx::summarize_onnx(blobs, read));
  const Outcome outcome = try_compile(blobs, read);
  if (outcome.compiled) print_notes(outcome.compiled->notes, options.positional(), host);
  host.print(options.has("json") ? as_json(summary, outcome) : describe(summary, outcome));
  return 0;
}

}  // namespace weft::cli

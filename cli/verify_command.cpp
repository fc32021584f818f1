// weft verify: each variant of a bundle in Node or Wasmtime, beside the reference evaluator in double
// precision (the arbiter) and in the model's own. Where a variant fails, the model is compiled once more with
// every value kept, to name the first node that differs.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <cstdlib>
#include <map>

#include "cli/commands.hpp"
#include "cli/json.hpp"
#include "cli/model_options.hpp"
#include "cli/runner.hpp"
#include "cli/tensors.hpp"
#include "cli/write_bundle.hpp"
#include "compile/compile.hpp"
#include "graph/compare.hpp"

namespace weft::cli {
namespace {

using graph::Difference;
using graph::Tensor;

constexpr int kDiffers = 1;

/// What Node left: tensors in the order of the ports.
struct Observed {
  struct Variant {
    std::string name;
    std::vector<Tensor> outputs;
  };
  std::vector<Tensor> inputs;
  std::vector<std::string> output_names;
  std::vector<Variant> variants;
  std::vector<std::pair<std::string, std::string>> skipped;  ///< with the reason
};

struct OutputReport {
  std::string name;
  Difference variant;    ///< from the arbiter
  Difference evaluator;  ///< the evaluator's own distance from it: what rounding costs
  bool passed = false;
};

struct VariantReport {
  std::string name;
  std::vector<OutputReport> outputs;
  bool passed = true;
};

struct FirstDifference {
  std::string node, value, op;
  Difference difference;
};

struct Report {
  std::vector<VariantReport> variants;
  std::vector<std::pair<std::string, std::string>> skipped;
  double tolerance = 0;
  bool passed = true;
  std::string failed_variant;  ///< the first
  std::optional<FirstDifference> first;
};

Result<double> read_tolerance(const Options& options, passes::WeightFormat weights) {
  // What rounding the weights costs in real models, with room.
  if (!options.has("tolerance"))
    return weights == passes::WeightFormat::f32 ? 1e-4 : weights == passes::WeightFormat::f16 ? 1e-2 : 1e-1;
  const std::string text = options.get("tolerance");
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);  // libc++ 19 has no from_chars of doubles
  if (text.empty() || *end != 0 || !std::isfinite(value) || value < 0)
    return fail(ErrorKind::invalid_argument, "--tolerance wants a number from 0, not \"" + text + "\"");
  return value;
}

Result<std::vector<uint8_t>> read_file(const std::string& path, Host& host) {
  WEFT_ASSIGN(source, host.open(path));
  std::vector<uint8_t> bytes(source->size());
  WEFT_TRY(source->read(0, bytes));
  return bytes;
}

/// Strings come as JSON, and become ids.
Result<Tensor> read_tensor(const ordered_json& port, const std::string& path, graph::Strings& strings,
                           Host& host) {
  WEFT_ASSIGN(bytes, read_file(path, host));
  if (port["dtype"] == "string") {
    Tensor ids{DType::i32, port["shape"].get<graph::Ints>(), {}};
    for (const ordered_json& text : parse_json(bytes)) {
      const auto id = static_cast<uint32_t>(strings.id(text.get<std::string>()));
      for (uint32_t i = 0; i < 4; ++i) ids.bytes.push_back(static_cast<uint8_t>(id >> (8 * i)));
    }
    return ids;
  }
  Tensor tensor{*parse_dtype(port["dtype"].get<std::string>()), port["shape"].get<graph::Ints>(),
                std::move(bytes)};
  return tensor;
}

Result<std::vector<Tensor>> read_tensors(const ordered_json& ports, const std::string& prefix,
                                         graph::Strings& strings, Host& host) {
  std::vector<Tensor> tensors;
  for (const ordered_json& port : ports) {
    WEFT_ASSIGN(tensor, read_tensor(port, fmt::format("{}.{}.bin", prefix, tensors.size()), strings, host));
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

Result<Observed> read_observed(const std::string& folder, graph::Strings& strings, Host& host) {
  WEFT_ASSIGN(bytes, read_file(folder + "/verify.json", host));
  const ordered_json said = parse_json(bytes);
  Observed observed;
  WEFT_ASSIGN(inputs, read_tensors(said["inputs"], folder + "/input", strings, host));
  observed.inputs = std::move(inputs);
  for (const ordered_json& port : said["outputs"])
    observed.output_names.push_back(port["name"].get<std::string>());
  for (const ordered_json& name : said["ran"]) {
    const auto variant = name.get<std::string>();
    WEFT_ASSIGN(outputs, read_tensors(said["outputs"], folder + "/" + variant, strings, host));
    observed.variants.push_back({variant, std::move(outputs)});
  }
  for (const ordered_json& variant : said["skipped"])
    observed.skipped.emplace_back(variant["name"].get<std::string>(), variant["reason"].get<std::string>());
  return observed;
}

Result<void> write_inputs(const graph::Graph& g, const std::vector<Tensor>& inputs, const std::string& folder,
                          const graph::Strings& strings, Host& host) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    const std::vector<uint8_t>& bytes = inputs[i].bytes;
    if (g.inputs[i].is_string) {
      ordered_json texts = ordered_json::array();
      for (size_t at = 0; at < bytes.size(); at += 4)
        texts.push_back(
            *strings.find(bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16 | bytes[at + 3] << 24));
      WEFT_TRY(host.write_file(fmt::format("{}/input.{}.bin", folder, i), json_text(texts)));
      continue;
    }
    WEFT_TRY(host.write_file(fmt::format("{}/input.{}.bin", folder, i),
                             {reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
  }
  return {};
}

/// One run on Wasmtime, of a bundle that is there or of what is compiled for it.
Result<Observed> observe_on_wasmtime(const Options& options, const std::string& bundle,
                                     const compile::CompileOptions& compile_options,
                                     const std::vector<Tensor>* inputs, Host& host) {
  Observed observed;
  for (const std::string& variant : compile_options.variants) {
    std::optional<compile::Compiled> compiled;
    if (bundle.empty()) {
      compile::CompileOptions of_one = compile_options;
      of_one.variants = {variant};
      WEFT_ASSIGN(source, host.open(options.positional()));
      WEFT_ASSIGN(made, compile::compile_model({source}, of_one));
      compiled = std::move(made);
    }
    WEFT_ASSIGN(loaded, host.load_on_wasmtime({bundle, compiled ? &*compiled : nullptr, variant}));
    if (observed.variants.empty()) {
      if (inputs != nullptr) {
        observed.inputs = *inputs;
      } else {
        WEFT_ASSIGN(read, host.read_inputs(loaded->facts().inputs, options.all("input")));
        observed.inputs = std::move(read);
      }
      for (const TensorPort& port : loaded->facts().outputs) observed.output_names.push_back(port.name);
    }
    auto ran = loaded->run(observed.inputs);
    if (!ran) return std::unexpected(std::move(ran).error().error);
    observed.variants.push_back({variant, std::move(ran->outputs)});
  }
  return observed;
}

/// One run in the engine, of a bundle that is there or of one compiled for it; on given inputs, or those that
/// the options say.
Result<Observed> observe(const Options& options, const std::string& bundle,
                         const compile::CompileOptions& compile_options, const graph::Graph& g,
                         const std::vector<Tensor>* inputs, graph::Strings& strings, Host& host) {
  WEFT_ASSIGN(program, node_program(options, host));
  if (is_on_wasmtime(options)) return observe_on_wasmtime(options, bundle, compile_options, inputs, host);
  Observed observed;
  const auto bundle_in = [&](const std::string& folder) {
    return bundle.empty() ? folder + "/bundle" : host.absolute(bundle);
  };
  const auto prepare = [&](const std::string& folder) -> Result<void> {
    ordered_json task = {{"verify", true}, {"model", options.positional()}, {"json", options.has("json")}};
    task["bundle"] = bundle_in(folder);
    if (bundle.empty()) {
      WEFT_ASSIGN(source, host.open(options.positional()));
      WEFT_ASSIGN(compiled, compile::compile_model({source}, compile_options));
      WEFT_ASSIGN(files, write_bundle(compiled, {}, folder + "/bundle", host));
      (void)files;
    }
    task["variants"] = compile_options.variants;
    task["inputs"] = options.all("input");
    task["rawInputs"] = inputs != nullptr;
    if (inputs != nullptr) WEFT_TRY(write_inputs(g, *inputs, folder, strings, host));
    return write_runner(folder, task, host);
  };
  const auto finish = [&](const std::string& folder) -> Result<void> {
    WEFT_ASSIGN(read, read_observed(folder, strings, host));
    observed = std::move(read);
    return {};
  };
  WEFT_TRY(host.run_node(program, prepare, finish));
  return observed;
}

/// A bundle has the variants that it was compiled with.
Result<std::vector<std::string>> bundle_variants(const std::string& bundle,
                                                 const std::vector<std::string>& wanted, Host& host) {
  WEFT_ASSIGN(bytes, read_file(bundle + "/model.json", host));
  const ordered_json manifest = parse_json(bytes);
  std::vector<std::string> variants;
  const auto is_called = [](const std::string& name) {
    return [&name](const ordered_json& variant) {
      return variant.is_object() && variant.contains("name") && variant["name"] == name;
    };
  };
  for (const std::string& name : wanted)
    if (manifest.is_object() && manifest.contains("variants") &&
        std::ranges::any_of(manifest["variants"], is_called(name)))
      variants.push_back(name);
  if (variants.empty())
    return fail(ErrorKind::invalid_argument, bundle + " holds none of the variants to verify");
  return variants;
}

bool passes(const Difference& difference, DType dtype, double tolerance) {
  return is_float(dtype) ? difference.relative() <= tolerance : difference.differing == 0;
}

Result<void> check_ports(const graph::Graph& g, const Observed& observed) {
  const auto differ = [&](const std::string& what) {
    return fail(ErrorKind::invalid_argument, "the bundle is not of this model with these shapes: " + what);
  };
  if (observed.output_names.size() != g.outputs.size()) return differ("it has other outputs");
  for (size_t i = 0; i < g.outputs.size(); ++i) {
    const graph::Type& type = g.values[g.outputs[i].value].type;
    const Tensor& got = observed.variants[0].outputs[i];
    bool fits = got.shape.size() == type.shape.size();
    for (size_t axis = 0; fits && axis < got.shape.size(); ++axis)
      fits =
          got.shape[axis] == type.shape[axis].as_constant().value_or(got.shape[axis]);  // data decides others
    if (observed.output_names[i] != g.outputs[i].name || got.dtype != type.dtype || !fits)
      return differ("it has no output " + g.outputs[i].name + ", " + graph::to_string(type));
  }
  return {};
}

/// The graph for the extents that the inputs had.
graph::Graph for_inputs(graph::Graph g, const std::vector<Tensor>& inputs) {
  std::map<std::string, int64_t, std::less<>> values;
  for (const auto& [name, symbol] : g.symbols)
    if (!graph::is_defined(g, name)) values.emplace(name, symbol.range.min.value_or(0));
  for (size_t i = 0; i < g.inputs.size() && i < inputs.size(); ++i) {
    const graph::Shape& shape = g.values[g.inputs[i].value].type.shape;
    for (size_t axis = 0; axis < shape.size() && axis < inputs[i].shape.size(); ++axis)
      if (const auto symbol = graph::symbol_of(shape[axis]))
        values.insert_or_assign(symbol->symbol, inputs[i].shape[axis] / symbol->step);
  }
  return graph::specialize(std::move(g), values);
}

Result<Report> judge(const graph::Graph& g, const Blobs& blobs, const Observed& observed, double tolerance,
                     graph::Strings& strings) {
  WEFT_TRY(check_ports(g, observed));
  WEFT_ASSIGN(arbiter, graph::evaluate(g, blobs, observed.inputs,
                                       {.double_precision = true, .on_value = {}, .strings = &strings}));
  WEFT_ASSIGN(evaluator, graph::evaluate(g, blobs, observed.inputs,
                                         {.double_precision = false, .on_value = {}, .strings = &strings}));
  Report report;
  report.tolerance = tolerance;
  report.skipped = observed.skipped;
  for (const Observed::Variant& variant : observed.variants) {
    VariantReport& row = report.variants.emplace_back();
    row.name = variant.name;
    for (size_t i = 0; i < arbiter.size(); ++i) {
      if (variant.outputs[i].shape != arbiter[i].shape)
        return fail(ErrorKind::unsupported,
                    fmt::format("{} has the shape [{}] in {}, and [{}] in the evaluator: nothing to compare",
                                observed.output_names[i], fmt::join(variant.outputs[i].shape, ", "),
                                variant.name, fmt::join(arbiter[i].shape, ", ")));
      OutputReport output{observed.output_names[i], graph::compare(variant.outputs[i], arbiter[i]),
                          graph::compare(evaluator[i], arbiter[i]), false};
      output.passed = passes(output.variant, arbiter[i].dtype, tolerance);
      row.passed = row.passed && output.passed;
      row.outputs.push_back(std::move(output));
    }
    report.passed = report.passed && row.passed;
    if (!row.passed && report.failed_variant.empty()) report.failed_variant = row.name;
  }
  return report;
}

/// The first node, in the model's order, whose value differs when all values are kept.
Result<std::optional<FirstDifference>> find_first(const graph::Graph& g, const Blobs& blobs,
                                                  const Observed& kept, double tolerance,
                                                  graph::Strings& strings) {
  std::map<std::string, const Tensor*> got;
  for (size_t i = 0; i < kept.output_names.size(); ++i)
    got[kept.output_names[i]] = &kept.variants[0].outputs[i];
  std::map<graph::ValueId, const graph::Node*> producer;
  for (const graph::Node& node : g.nodes) producer[node.output] = &node;
  std::optional<FirstDifference> first;
  const auto look = [&](graph::ValueId value, const Tensor& expected) {
    const auto found = got.find(g.values[value].name);
    if (first || found == got.end() || !producer.contains(value)) return;
    const Difference difference = graph::compare(*found->second, expected);
    if (passes(difference, g.values[value].type.dtype, tolerance)) return;
    const graph::Node& node = *producer[value];
    first = {node.source, g.values[value].name, std::string(graph::info(node.op).name), difference};
  };
  WEFT_ASSIGN(ignored, graph::evaluate(g, blobs, kept.inputs,
                                       {.double_precision = true, .on_value = look, .strings = &strings}));
  (void)ignored;
  return first;
}

std::string describe(const Report& report) {
  std::string text = fmt::format("{:<9}{:<28}{:>12}{:>12}{:>14}{:>16}\n", "variant", "output", "max abs",
                                 "relative", "differing", "evaluator's");
  for (const VariantReport& variant : report.variants)
    for (const OutputReport& o : variant.outputs)
      text += fmt::format("{:<9}{:<28}{:>12.2g}{:>12.2g}{:>14}{:>16.2g}  {}\n", variant.name, o.name,
                          o.variant.max_abs, o.variant.relative(),
                          fmt::format("{}/{}", o.variant.differing, o.variant.elements),
                          o.evaluator.relative(), o.passed ? "passed" : "FAILED");
  for (const auto& [name, reason] : report.skipped) text += fmt::format("{:<9}skipped: {}\n", name, reason);
  text += fmt::format(
      "{}: errors against the evaluator in double precision, relative to the largest value; at most {:g} "
      "passes\n",
      report.passed ? "passed" : "FAILED", report.tolerance);
  if (report.passed) return text;
  if (!report.first)
    return text + "With every value kept, all nodes agree in " + report.failed_variant +
           ": the difference comes from fusion or from how values share memory, or the bundle is not of this "
           "compiler.\n";
  const FirstDifference& f = *report.first;
  return text + fmt::format(
                    "The first node that differs in {}: \"{}\" ({}), its value \"{}\": relative {:.2g}; "
                    "element {} is {:.9g}, not {:.9g}\n",
                    report.failed_variant, f.node, f.op, f.value, f.difference.relative(), f.difference.worst,
                    f.difference.got, f.difference.expected);
}

ordered_json as_json(const Difference& d) {
  return {{"max_abs", d.max_abs},
          {"relative", d.relative()},
          {"differing", d.differing},
          {"elements", d.elements}};
}

std::string as_json(const Report& report) {
  ordered_json json = {{"passed", report.passed}, {"tolerance", report.tolerance}};
  json["variants"] = json["skipped"] = ordered_json::array();
  for (const VariantReport& variant : report.variants) {
    ordered_json outputs = ordered_json::array();
    for (const OutputReport& o : variant.outputs)
      outputs.push_back({{"name", o.name},
                         {"passed", o.passed},
                         {"difference", as_json(o.variant)},
                         {"evaluator", as_json(o.evaluator)}});
    json["variants"].push_back({{"name", variant.name}, {"passed", variant.passed}, {"outputs", outputs}});
  }
  for (const auto& [name, reason] : report.skipped)
    json["skipped"].push_back({{"name", name}, {"reason", reason}});
  if (report.first)
    json["first_difference"] = {{"node", report.first->node},
                                {"op", report.first->op},
                                {"value", report.first->value},
                                {"difference", as_json(report.first->difference)}};
  return json_text(json, 2) + "\n";
}

}  // namespace

Result<int> run_verify(const Options& options, Host& host) {
  WEFT_ASSIGN(compile_options, read_compile_options(options, host));
  WEFT_ASSIGN(tolerance, read_tolerance(options, compile_options.weights));
  const std::string bundle = options.get("bundle");
  if (!bundle.empty()) {
    WEFT_ASSIGN(variants, bundle_variants(bundle, compile_options.variants, host));
    compile_options.variants = std::move(variants);
  }
  WEFT_ASSIGN(source, host.open(options.positional()));
  WEFT_ASSIGN(imported, compile::import_model({source}, compile_options));
  graph::Strings strings(imported.graph.strings);
  WEFT_ASSIGN(observed, observe(options, bundle, compile_options, imported.graph, nullptr, strings, host));
  if (observed.variants.empty()) return 0;  // Node failed: its exit code is ours
  imported.graph = for_inputs(std::move(imported.graph), observed.inputs);
  WEFT_ASSIGN(report, judge(imported.graph, imported.blobs, observed, tolerance, strings));
  if (!report.passed) {
    compile_options.keep_values = true;
    compile_options.variants = {report.failed_variant};
    WEFT_ASSIGN(kept, observe(options, "", compile_options, imported.graph, &observed.inputs, strings, host));
    WEFT_ASSIGN(first, find_first(imported.graph, imported.blobs, kept, tolerance, strings));
    report.first = std::move(first);
  }
  host.print(options.has("json") ? as_json(report) : describe(report));
  return report.passed ? 0 : kDiffers;
}

}  // namespace weft::cli

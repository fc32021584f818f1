// Every stage in order, on one screen.
#include <algorithm>

#include "base/check.hpp"
#include "bundle/javascript.hpp"
#include "bundle/manifest.hpp"
#include "bundle/weights.hpp"
#include "compile/compile.hpp"
#include "compile/dump.hpp"
#include "compile/gpu.hpp"
#include "compile/media.hpp"
#include "compile/object.hpp"
#include "compile/stream.hpp"
#include "compile/variant.hpp"
#include "passes/constants.hpp"
#include "passes/passes.hpp"
#include "passes/verify_groups.hpp"

namespace weft::compile {
namespace {

constexpr const char* kGenerator = "weft " WEFT_VERSION;

/// After each pass the graph must still be one: what is not stops here, with the IR printed.
graph::Graph verified(graph::Graph g) {
  const Result<void> sound = graph::verify(g);
  WEFT_CHECK(sound.has_value(), to_string(sound.error()) + "\n" + graph::print(g));
  return g;
}

graph::Graph grouped(graph::Graph g, const Dump& dump) {
  dump("graph", [&] { return graph::print(g); });
  g = passes::fuse_groups(std::move(g));
  const Result<void> groups = passes::verify_groups(g);
  WEFT_CHECK(groups.has_value(), groups.error().message + "\n" + graph::print(g));
  dump("groups", [&] { return graph::print(g); });
  return g;
}

Result<graph::Graph> optimise(graph::Graph g, const Blobs& blobs, const CompileOptions& options,
                              const Dump& dump) {
  g = verified(passes::remove_dead(std::move(g)));
  g = verified(passes::expand_resize(std::move(g)));
  if (!options.passes) return grouped(std::move(g), dump);
  WEFT_ASSIGN(folded, passes::fold_constants(std::move(g), blobs));
  g = verified(passes::simplify(verified(std::move(folded))));
  if (!options.deterministic) g = verified(passes::fold_scales(std::move(g)));
  g = verified(passes::expand_conv_transpose(std::move(g)));
  // Faster, but its weights take up to four times the memory.
  if (options.optimize == Optimize::speed && !options.deterministic)
    g = verified(passes::winograd(std::move(g)));
  // These made new constant expressions; small ones become constants too.
  WEFT_ASSIGN(scaled, passes::fold_constants(std::move(g), blobs));
  g = verified(passes::remove_dead(passes::simplify(std::move(scaled))));
  WEFT_ASSIGN(narrowed, passes::narrow_weights(std::move(g), blobs, options.weights));
  return grouped(verified(std::move(narrowed)), dump);
}

Result<std::vector<wasm::WasmVariant>> chosen_variants(const std::vector<std::string>& names,
                                                       bool deterministic) {
  std::vector<wasm::WasmVariant> chosen;
  for (const wasm::WasmVariant& variant : wasm::kVariants)
    if (std::ranges::find(names, variant.name) != names.end()) chosen.push_back(variant);
  for (const std::string& name : names)
    if (!wasm::find_variant(name))
      return fail(ErrorKind::invalid_argument,
                  "no variant is called " + name + "; there are scalar, simd128 and relaxed");
  if (chosen.empty()) return fail(ErrorKind::invalid_argument, "no variant was chosen");
  if (deterministic && std::ranges::find(names, "relaxed") != names.end())
    return fail(
        ErrorKind::invalid_argument,
        "relaxed SIMD rounds as the engine likes, so it cannot be deterministic: choose scalar, simd128");
  return chosen;
}

/// model.wasm is what every engine of today runs.
std::string module_name(std::string_view variant) {
  return variant == "simd128" ? "model.wasm" : "model." + std::string(variant) + ".wasm";
}

VariantReport report(const PlacedVariant& placed, uint64_t code_bytes) {
  VariantReport r;
  r.variant = placed.name;
  r.code_bytes = code_bytes;
  r.weights_bytes = placed.memory.weights_bytes;
  r.resident_bytes = resident_bytes(placed.built.program);
  r.arena_bytes = placed.memory.arena_bytes;
  r.run_arena_bytes = placed.built.run_arena_bytes;
  r.peak_live_bytes = placed.memory.peak_live_bytes;
  for (const plan::Uncut& weight : placed.built.uncut)
    r.uncut.push_back({placed.built.program.buffers[weight.buffer].name,
                       placed.built.program.buffers[weight.buffer].bytes, weight.reason});
  r.total_bytes = placed.memory.total_bytes;
  r.kernels = placed.built.program.kernels.size();
  r.movement_calls = placed.built.movement_calls;
  for (const plan::Entry& entry : placed.built.program.entries) r.calls += entry.statements.size();
  return r;
}

/// Constant expressions stay out: no input reaches them.
void keep_values(graph::Graph& g) {
  const passes::ConstantValues constants(g);
  std::set<graph::ValueId> kept;
  for (const graph::ValueId value : graph::results(g)) kept.insert(value);
  for (const graph::Node& node : g.nodes)
    if (node.loop == graph::kNoLoop && !constants.contains(node.output) && kept.insert(node.output).second)
      g.outputs.push_back({g.values[node.output].name, node.output});
}

/// In the order of use.
std::vector<graph::ValueId> loaded_constants(const graph::Graph& g,
                                             const std::vector<PlacedVariant>& variants) {
  std::vector<graph::ValueId> constants = constant_order(g);
  std::erase_if(constants, [&](graph::ValueId value) {
    return std::ranges::none_of(
        variants, [&](const PlacedVariant& placed) { return placed.built.weights.contains(value); });
  });
  return constants;
}

/// The caller sees no states.
void hide(bundle::Manifest& manifest, const std::vector<passes::State>& states) {
  for (const passes::State& state : states) {
    std::erase_if(manifest.inputs, [&](const bundle::Port& port) { return port.name == state.input; });
    std::erase_if(manifest.outputs, [&](const bundle::Port& port) { return port.name == state.output; });
  }
}

}  // namespace

Result<onnx::Import> import_model(const Blobs& blobs, const CompileOptions& options) {
  WEFT_ASSIGN(imported, onnx::read_onnx(blobs, options.read));
  if (!options.picture) return imported;
  WEFT_ASSIGN(g, passes::picture_input(std::move(imported.graph), options.picture->input));
  imported.graph = verified(std::move(g));
  return imported;
}

Result<Compiled> compile_model(const Blobs& blobs, const CompileOptions& options) {
  // What is wrong with the options comes before what is wrong with the model.
  WEFT_TRY(chosen_variants(options.variants, options.deterministic));
  WEFT_ASSIGN(imported, import_model(blobs, options));
  return compile_graph(std::move(imported), options);
}

Result<Compiled> compile_graph(onnx::Import imported, const CompileOptions& options) {
  const Dump dump(options.on_stage);
  WEFT_ASSIGN(wanted, chosen_variants(options.variants, options.deterministic));
  std::vector<passes::State> states;
  if (!options.states.empty()) {
    WEFT_ASSIGN(kept, passes::keep_states(std::move(imported.graph), options.states, bundle::kResetInput));
    imported.graph = verified(std::move(kept.graph));
    states = std::move(kept.states);
  }
  if (options.keep_values) keep_values(imported.graph);
  dump("import", [&] { return graph::print(imported.graph); });
  if (options.webgpu) imported.graph.checks.clear();  // shaders have no error cell: they clamp
  WEFT_ASSIGN(g, optimise(std::move(imported.graph), imported.blobs, options, dump));

  if (options.webgpu) {
    WEFT_ASSIGN(compiled, compile_gpu(g, dump, kGenerator));
    compiled.manifest.name = options.name;
    compiled.blobs = std::move(imported.blobs);
    compiled.notes = std::move(imported.notes);
    return compiled;
  }
  plan::Nodes nodes;
  std::vector<PlacedVariant> variants;
  if (options.object && wanted.size() != 1)
    return fail(ErrorKind::invalid_argument, "an object has one variant: choose scalar, simd128 or relaxed");
  const plan::Base base = options.object ? plan::Base::chosen : plan::Base::zero;
  for (const wasm::WasmVariant& variant : wanted) {
    WEFT_ASSIGN(placed,
                place_variant(g, variant, options.optimize, options.profile_info, states, base, dump));
    variants.push_back(std::move(placed));
  }
  WEFT_ASSIGN(weights, bundle::write_weights(g, loaded_constants(g, variants)));
  for (PlacedVariant& placed : variants) make_tables(placed, weights, nodes);

  Compiled compiled;
  compiled.notes = std::move(imported.notes);
  compiled.manifest = bundle::make_manifest(g, weights, kGenerator);
  hide(compiled.manifest, states);
  compiled.manifest.name = options.name;
  compiled.manifest.int64_numbers = options.int64_numbers;
  compiled.manifest.nodes = nodes.names();
  compiled.manifest.customs = nodes.customs();
  for (const PlacedVariant& placed : variants) {
    compiled.manifest.variants.push_back(bundle::make_variant(
        placed.name, module_name(placed.name), placed.built.program, placed.memory, placed.tables, weights,
        placed.built.weights, placed.built.inputs, placed.built.outputs));
    bundle::Variant& variant = compiled.manifest.variants.back();
    variant.resident_bytes = resident_bytes(placed.built.program);
    variant.run_arena_bytes = placed.built.run_arena_bytes;
    if (options.profile_info) variant.profile = bundle::statement_infos(placed.built.program);
  }
  if (!weights.tensors.empty()) compiled.manifest.required_features.push_back(bundle::kLoadFeature);
  const auto moves = [](const bundle::Variant& variant) { return variant.places != 0; };
  if (std::ranges::any_of(compiled.manifest.variants, moves))
    compiled.manifest.required_features.push_back(bundle::kPlacesFeature);
  WEFT_TRY(mark_inputs(compiled.manifest, options));
  if (options.object) {
    compiled.manifest.strings = g.strings;
    WEFT_ASSIGN(files, object_files(variants.front(), compiled.manifest, weights, *options.object,
                                    options.debug_names));
    compiled.variants.push_back(report(variants.front(), files.code_bytes));
    compiled.bundle.files = std::move(files.files);
    compiled.blobs = std::move(imported.blobs);
    return compiled;
  }
  const std::string section = bundle::manifest_section(compiled.manifest);
  for (const PlacedVariant& placed : variants) {
    std::vector<uint8_t> code = emit_variant(placed, section, options.debug_names);
    compiled.variants.push_back(report(placed, code.size()));
    compiled.bundle.files.push_back(
        bundle::bytes_file(module_name(placed.name), std::move(code), placed.name));
  }
  compiled.bundle.files.push_back(std::move(weights.file));
  compiled.manifest.strings = g.strings;
  if (!options.runtime_js.empty()) {
    const bool strings = !compiled.manifest.strings.empty();
    compiled.bundle.files.push_back(
        bundle::write_worker_js(strings ? options.strings_js : options.runtime_js));
  }
  WEFT_TRY(add_labels(compiled.manifest, options.labels));
  compiled.bundle.files.push_back(bundle::write_model_dts(compiled.manifest, options.runtime_types));
  if (!options.page.empty())
    compiled.bundle.files.push_back(bundle::text_file("index.html", std::string(options.page)));
  compiled.blobs = std::move(imported.blobs);
  return compiled;
}

}  // namespace weft::compile

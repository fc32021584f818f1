#include <fmt/format.h>

#include "bundle/c_header.hpp"
#include "bundle/manifest.hpp"
#include "cli/commands.hpp"
#include "cli/json.hpp"
#include "cli/model_options.hpp"
#include "cli/write_bundle.hpp"
#include "cli/write_component.hpp"
#include "compile/compile.hpp"

namespace weft::cli {
namespace {

std::string human_bytes(uint64_t bytes) {
  if (bytes < 10000) return fmt::format("{} B", bytes);
  if (bytes < 10000000) return fmt::format("{:.1f} kB", static_cast<double>(bytes) / 1e3);
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

std::string describe(const compile::Compiled& compiled, const std::vector<bundle::HashedFile>& files,
                     const std::string& folder) {
  std::string text = fmt::format("{}\n", folder);
  for (const bundle::HashedFile& file : files)
    text += fmt::format("  {:<20} {:>10}\n", file.name, human_bytes(file.bytes));
  for (const compile::VariantReport& v : compiled.variants) {
    text +=
        fmt::format("{:<8} {} kernels, {} calls; memory {}: weights {}, prepared {}, arena {}\n", v.variant,
                    v.kernels, v.calls, human_bytes(v.total_bytes), human_bytes(v.resident_bytes),
                    human_bytes(v.weights_bytes - v.resident_bytes), human_bytes(v.arena_bytes));
    for (const compile::UncutWeight& weight : v.uncut)
      text += fmt::format("  {} ({}) is loaded whole: {}\n", weight.name, human_bytes(weight.bytes),
                          weight.reason);
  }
  return text;
}

ordered_json loaded_whole(const compile::VariantReport& v) {
  ordered_json list = ordered_json::array();
  for (const compile::UncutWeight& weight : v.uncut)
    list.push_back({{"name", weight.name}, {"bytes", weight.bytes}, {"reason", weight.reason}});
  return list;
}

std::string as_json(const compile::Compiled& compiled, const std::vector<bundle::HashedFile>& files,
                    const std::string& folder) {
  ordered_json json;
  json["output"] = folder;
  if (!compiled.notes.empty()) json["notes"] = compiled.notes;
  for (const bundle::HashedFile& file : files)
    json["files"].push_back(
        {{"name", file.name}, {"variant", file.variant}, {"bytes", file.bytes}, {"sha256", file.sha256}});
  for (const compile::VariantReport& v : compiled.variants)
    json["variants"].push_back({{"name", v.variant},
                                {"code_bytes", v.code_bytes},
                                {"weights_bytes", v.weights_bytes},
                                {"resident_bytes", v.resident_bytes},
                                {"prepared_bytes", v.weights_bytes - v.resident_bytes},
                                {"arena_bytes", v.arena_bytes},
                                {"run_arena_bytes", v.run_arena_bytes},
                                {"peak_live_bytes", v.peak_live_bytes},
                                {"memory_bytes", v.total_bytes},
                                {"kernels", v.kernels},
                                {"calls", v.calls},
                                {"movement_calls", v.movement_calls},
                                {"loaded_whole", loaded_whole(v)}});
  return json_text(json, 2) + "\n";
}

/// What only bundles have a place for.
constexpr const char* kOfBundles[] = {"embed", "html", "labels", "int64", "profile-info"};
enum Emit : size_t { kBundle, kObject, kComponent };

Result<Emit> read_emit_options(const Options& options, const std::string& folder,
                               compile::CompileOptions& compile_options) {
  WEFT_ASSIGN(kind, one_of(options, "emit", {"bundle", "object", "component"}));
  if (options.has("external-weights") && kind != kObject)
    return fail(ErrorKind::invalid_argument, "--external-weights is for --emit object");
  if (kind == kBundle) return kBundle;
  for (const char* option : kOfBundles)
    if (options.has(option))
      return fail(ErrorKind::invalid_argument,
                  fmt::format("--{} is for bundles, not for --emit {}", option, options.get("emit")));
  if (compile_options.webgpu)
    return fail(ErrorKind::invalid_argument, "--target webgpu is not for --emit " + options.get("emit"));
  if (!options.has("variants")) compile_options.variants = {"simd128"};
  if (kind == kObject)
    compile_options.object = {bundle::c_identifier(file_name(folder)), options.has("external-weights")};
  else if (compile_options.variants.size() != 1)
    return fail(ErrorKind::invalid_argument,
                "a component has one variant: name one of scalar, simd128, relaxed");
  return static_cast<Emit>(kind);
}

Result<std::vector<bundle::HashedFile>> write(const compile::Compiled& compiled, const Source& source,
                                              const Options& options, Emit emit, const std::string& folder,
                                              Host& host) {
  if (emit == kObject) return write_files(compiled, folder, host);
  if (emit == kComponent) return write_component(compiled, source, folder, host);
  return write_bundle(compiled, {web_runtime(), web_media(), web_strings()}, folder, host,
                      options.has("embed"));
}

Result<void> check_stage(const std::string& wanted) {
  std::string all;
  for (const std::string_view stage : compile::kStages) {
    if (stage == wanted) return {};
    all += (all.empty() ? "" : ", ") + std::string(stage);
  }
  return fail(ErrorKind::invalid_argument, "no stage is called " + wanted + "; there are " + all);
}

}  // namespace

Result<int> run_compile(const Options& options, Host& host) {
  const std::string& model = options.positional();
  WEFT_ASSIGN(source, host.open(model));
  WEFT_ASSIGN(compile_options, read_compile_options(options, host));
  compile_options.webgpu = compile_options.webgpu || options.get("dump") == "wgsl";
  compile_options.runtime_js = web_runtime();
  compile_options.strings_js = web_strings();
  compile_options.runtime_types = web_runtime_types();
  if (options.has("html")) compile_options.page = model_page();
  const std::string folder = options.has("output") ? options.get("output") : file_stem(model);
  WEFT_ASSIGN(emit, read_emit_options(options, folder, compile_options));
  const std::string stage = options.get("dump");
  if (options.has("dump")) {
    WEFT_TRY(check_stage(stage));
    compile_options.on_stage = [&](std::string_view name, std::string_view text) {
      if (name == stage) host.print(text);
    };
  }
  WEFT_ASSIGN(compiled, compile::compile_model({source}, compile_options));
  print_notes(compiled.notes, model, host);
  if (options.has("dump")) return 0;
  WEFT_ASSIGN(files, write(compiled, *source, options, emit, folder, host));
  host.print(options.has("json") ? as_json(compiled, files, folder) : describe(compiled, files, folder));
  return 0;
}

}  // namespace weft::cli

// The whole compiler as one function: model bytes in, bundle out. What the CLI, the wasm build of the
// compiler and the tests call.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/source.hpp"
#include "bundle/bundle.hpp"
#include "bundle/manifest.hpp"
#include "compile/build_program.hpp"
#include "frontends/onnx/onnx.hpp"
#include "passes/passes.hpp"

namespace weft::compile {

struct PictureOptions {
  passes::PictureInput input;
  bundle::PictureFitting fitting;
};
struct SoundOptions {
  std::string input;  ///< empty: the only one
  int64_t sample_rate = 0;
};

/// A relocatable object with a C header, instead of a bundle.
struct ObjectOptions {
  std::string name;               ///< in front of all its symbols, a C identifier; the files' too
  bool external_weights = false;  ///< in a file that the program reads, not in the object
};

struct CompileOptions {
  onnx::ReadOptions read;
  std::vector<std::string> variants = {"simd128", "relaxed"};  ///< scalar, simd128, relaxed; each once
  std::optional<ObjectOptions> object;                         ///< of the only variant
  bool webgpu = false;        ///< instead of the variants: model.wgsl with its program; experimental
  std::string name;           ///< of the model, in the manifest
  bool debug_names = false;   ///< keep kernel names in the modules
  bool profile_info = false;  ///< say in the manifest what each statement of `run` computes
  Optimize optimize = Optimize::speed;
  /// Only rewritings that keep every rounding, and no relaxed SIMD: the same bits on every engine.
  bool deterministic = false;
  bool int64_numbers = false;  ///< in JavaScript, 64-bit integers are numbers, checked, and not bigints
  /// One input takes pictures: their pixels are normalised in the module.
  std::optional<PictureOptions> picture;
  std::optional<SoundOptions> sound;  ///< one input takes sound
  /// Outputs that stay in the module, as inputs of the next run; not for shaders.
  std::vector<passes::State> states;
  std::vector<std::string> labels;                           ///< of an output's last axis
  passes::WeightFormat weights = passes::WeightFormat::f32;  ///< what model.weights stores
  /// Makes every computed value an output, under its name in the imported graph: to find the first that
  /// differs.
  bool keep_values = false;
  /// Without, the graph is compiled as it was imported, but for what lowering has no form of. For
  /// comparisons.
  bool passes = true;
  std::string_view runtime_js;     ///< the web runtime's text, for model.worker.js; may be empty
  std::string_view strings_js;     ///< the same of the runtime with strings
  std::string_view page;           ///< index.html, which shows the model through model.js; may be empty
  std::string_view runtime_types;  ///< its declarations, for model.d.ts; may be empty
  /// Called with the text of each stage as it is made, by the names of kStages; may be empty.
  std::function<void(std::string_view stage, std::string_view text)> on_stage;
};

/// What --dump can show, in the order in which data flows.
inline constexpr std::string_view kStages[] = {"import",    "graph", "groups",  "stages",
                                               "schedules", "loops", "program", "wgsl"};

/// A weight that is in memory as a whole while it is packed, though it is larger than what loading may use.
struct UncutWeight {
  std::string name;
  uint64_t bytes = 0;
  std::string reason;
};

/// Memory of one variant, bytes.
struct VariantReport {
  std::string variant;
  uint64_t code_bytes = 0;
  uint64_t weights_bytes = 0;    ///< what lives for ever: weights that run reads, and prepared tensors
  uint64_t resident_bytes = 0;   ///< of these, the weights that run reads as they are
  uint64_t arena_bytes = 0;      ///< everything else
  uint64_t run_arena_bytes = 0;  ///< of the arena, what run alone needs; loading needs the rest
  uint64_t peak_live_bytes = 0, total_bytes = 0;
  uint64_t kernels = 0, calls = 0;
  uint64_t movement_calls = 0;  ///< of a run: what storage assignment left to move
  std::vector<UncutWeight> uncut;
};

struct Compiled {
  bundle::Bundle bundle;  ///< without model.js and model.json, which say the hashes of the others
  bundle::Manifest manifest;
  Blobs blobs;  ///< that the bundle's weights refer to
  std::vector<VariantReport> variants;
  std::vector<std::string> notes;  ///< of onnx::Import
};

/// The model as it is compiled: read, and with the input that takes pictures.
Result<onnx::Import> import_model(const Blobs& blobs, const CompileOptions& options);

/// Compiles a graph, whatever it came from. Errors: invalid_argument for an unknown variant; limit; of
/// objects unsupported, where only a caller can do what the model asks for (custom steps, strings).
Result<Compiled> compile_graph(onnx::Import imported, const CompileOptions& options);

/// Compiles the ONNX model in blobs[0]. Errors: those of onnx::read_onnx; invalid_argument for an unknown
/// variant; limit when the memory passes 4 GiB.
Result<Compiled> compile_model(const Blobs& blobs, const CompileOptions& options);

}  // namespace weft::compile

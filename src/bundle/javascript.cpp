#include "bundle/javascript.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "bundle/text.hpp"

namespace weft::bundle {
namespace {

constexpr std::string_view kTail = R"(};
// Written out, so that bundlers see it.
const worker = () => typeof Worker === "function"
  ? new Worker(new URL("./model.worker.js", import.meta.url), { type: "module" })
  : weft.nodeWorker(new URL("./model.worker.js", import.meta.url));
const loadModel = (options) => weft.load({ manifest, files }, options?.worker === true ? { ...options, worker } : options);
/** What this model is and needs; downloads nothing. */
export const describe = (options) => weft.describe({ manifest, files }, options);
export const { WeftError, LoadError, InputError, RuntimeError } = weft;
)";

/// `{}` is the loaded model.
constexpr std::string_view kExportLoad = R"(/** Loads this model; its files lie beside this module. */
export const load = {};
)";
constexpr std::string_view kExportMediaLoad =
    R"(/** Loads this model, whose inputs take pictures or sound too; its files lie beside this module. */
export const load = {};
)";
constexpr std::string_view kMediaLoad =
    "async (options) => media.accept(await loadModel(options), InputError)";
/// The first run, and the first after reset(), begins with no state; so does the next where it failed.
constexpr std::string_view kStates = R"(const keepStates = async (loading) => {
  const model = await loading, run = model.run.bind(model);
  let fresh = true;
  return Object.assign(model, {
    reset() { fresh = true; },
    async run(inputs, options) {
      const first = fresh;
      fresh = false;
      try {
        return await run({ ...inputs, "state.reset": Uint8Array.of(first) }, options);
      } catch (error) {
        fresh ||= first;
        throw error;
      }
    },
  });
};
)";
constexpr std::string_view kExportLabels = R"(/** What the elements of the output's last axis mean. */
export const labels = manifest.outputs.find((output) => output.labels).labels;
/** The largest scores with their labels. */
export const top = (scores, count) => media.top(scores, labels, count);
)";

constexpr std::string_view kRuntimeEnd = "// --- load ---";

constexpr std::string_view kFallbackTypes =
    R"(export type TensorLike<A> = A | { readonly data: A; readonly shape?: readonly number[] };
export type Numbers = Float64Array | readonly number[];
export type Strings = string | readonly Strings[];
export type PictureSource = { readonly width: number; readonly height: number };
export type SoundSource = { readonly sampleRate: number };
export interface LoadOptions {
  readonly variant?: "auto" | "scalar" | "simd128" | "relaxed" | undefined;
}
export type Description = Readonly<Record<string, unknown>>;
export interface Model<Inputs, Outputs> {
  run(inputs: Inputs): Promise<Outputs>;
  dispose(): void;
}
)";

constexpr std::string_view kLoad = R"(
/** Loads this model; its files lie beside this module. */
export declare function load(options?: LoadOptions): Promise<Model<Inputs, Outputs>>;
/** What this model is and needs; downloads nothing. */
export declare function describe(options?: LoadOptions): Promise<Description>;
)";

constexpr std::string_view kStatefulLoad = R"(
/** Loads this model; its files lie beside this module. What it keeps from run to run, reset() forgets. */
export declare function load(options?: LoadOptions): Promise<Model<Inputs, Outputs> & { reset(): void }>;
/** What this model is and needs; downloads nothing. */
export declare function describe(options?: LoadOptions): Promise<Description>;
)";

constexpr std::string_view kLabelTypes = R"(
/** What the elements of the output's last axis mean. */
export declare const labels: readonly string[];
/** The largest scores with their labels, best first; count is 5 without. */
export declare function top(scores: ArrayLike<number>, count?: number): { readonly label: string; readonly score: number; readonly index: number }[];
)";

bool takes_media(const Port& port) { return port.picture.has_value() || port.sample_rate > 0; }
bool keeps_states(const Manifest& manifest) {
  return std::ranges::find(manifest.inputs, kResetInput, &Port::name) != manifest.inputs.end();
}
bool has_labels(const Manifest& manifest) {
  return std::ranges::any_of(manifest.outputs, [](const Port& port) { return !port.labels.empty(); });
}

bool has_strings(const Manifest& manifest) {
  return std::ranges::find(manifest.required_features, kStringsFeature) != manifest.required_features.end();
}

constexpr std::string_view kDecode =
    "const decode = (text) => Uint8Array.fromBase64?.(text) ?? Uint8Array.from(atob(text), (c) => "
    "c.charCodeAt(0));\n";

std::string file_line(std::string_view name, std::span<const EmbeddedFile> embedded) {
  for (const EmbeddedFile& file : embedded)
    if (file.name == name)
      return fmt::format("  get {}() {{ return decode(\"{}\"); }},\n", json_string(name), base64(file.bytes));
  return fmt::format("  {}: new URL({}, import.meta.url),\n", json_string(name),
                     json_string(fmt::format("./{}", name)));
}

/// Of outputs whose shape each run decides.
constexpr std::string_view kShape = " & { readonly shape: readonly number[] }";

/// Model names stay out of comments, which they could end.
std::string interface(std::string_view name, const Manifest& manifest, bool inputs) {
  const std::vector<Port>& ports = inputs ? manifest.inputs : manifest.outputs;
  std::string out = fmt::format("\nexport interface {} {{\n", name);
  for (const Port& port : ports) {
    if (inputs && port.name == kResetInput) continue;
    const std::string_view media = port.picture           ? "a picture, or RGBA bytes: "
                                   : port.sample_rate > 0 ? "sound, or samples: "
                                                          : "";
    const std::string shape = fmt::format("{}", fmt::join(port.shape, ", "));
    out += fmt::format("  /** {}{} [{}] */\n", media, port.is_string ? "string" : to_string(port.dtype),
                       port.dims.empty() ? shape : fmt::format("{}", fmt::join(port.dims, ", ")));
    const bool numbers = manifest.int64_numbers && (port.dtype == DType::i64 || port.dtype == DType::u64);
    const std::string_view array = numbers          ? "Float64Array"
                                   : port.is_string ? inputs ? "readonly Strings[]" : "string[]"
                                                    : info(port.dtype).typescript;
    const std::string_view others = !inputs                ? port.dims.empty() ? "" : kShape
                                    : port.picture         ? " | PictureSource"
                                    : port.sample_rate > 0 ? " | SoundSource"
                                    : numbers              ? " | Numbers"
                                                           : "";
    out += fmt::format(fmt::runtime(inputs ? "  {}: TensorLike<{}>{};\n" : "  {}: {}{};\n"),
                       json_string(port.name), array, others);
  }
  return out + "}\n";
}

}  // namespace

BundleFile write_model_js(const Scripts& scripts, const Manifest& manifest,
                          std::span<const EmbeddedFile> embedded) {
  const bool media = std::ranges::any_of(manifest.inputs, takes_media), labels = has_labels(manifest);
  const bool strings = has_strings(manifest);
  std::string text;
  for (const std::string_view part :
       {strings ? scripts.strings : scripts.runtime, media || labels ? scripts.media : std::string_view()}) {
    text += part;
    if (!part.empty() && !part.ends_with('\n')) text += '\n';
  }
  if (!embedded.empty()) text += kDecode;
  text += "const manifest = " + manifest_section(manifest) + ";\nconst files = {\n";
  for (const Variant& variant : manifest.variants) text += file_line(variant.file, embedded);
  text += file_line("model.weights", embedded);
  text += kTail;
  const bool states = keeps_states(manifest);
  if (states) text += kStates;
  const std::string loading(media ? kMediaLoad : "loadModel");
  text += fmt::format(fmt::runtime(media ? kExportMediaLoad : kExportLoad),
                      states ? "(options) => keepStates((" + loading + ")(options))" : loading);
  if (labels) text += kExportLabels;
  return text_file("model.js", text);
}

BundleFile write_worker_js(std::string_view runtime_js) {
  std::string text(runtime_js);
  if (!text.ends_with('\n')) text += '\n';
  return text_file("model.worker.js", text + "weft.serve();\n");
}

BundleFile write_model_dts(const Manifest& manifest, std::string_view runtime_dts) {
  std::string text(runtime_dts.empty() ? kFallbackTypes
                                       : runtime_dts.substr(0, runtime_dts.find(kRuntimeEnd)));
  text += interface("Inputs", manifest, true);
  text += interface("Outputs", manifest, false);
  text += keeps_states(manifest) ? kStatefulLoad : kLoad;
  if (has_labels(manifest)) text += kLabelTypes;
  return text_file("model.d.ts", text);
}

}  // namespace weft::bundle

#include "bundle/javascript.hpp"

#include <fmt/format.h>

#include "bundle/text.hpp"

namespace weft::bundle {
namespace {

constexpr std::string_view kTail = R"(};
// Written out, so that bundlers see it.
const worker = () => typeof Worker === "function"
  ? new Worker(new URL("./model.worker.js", import.meta.url), { type: "module" })
  : weft.nodeWorker(new URL("./model.worker.js", import.meta.url));
/** Loads this model; its files lie beside this module. */
export const load = (options) => weft.load({ manifest, files }, options?.worker === true ? { ...options, worker } : options);
/** What this model is and needs; downloads nothing. */
export const describe = (options) => weft.describe({ manifest, files }, options);
export const { WeftError, LoadError, InputError, RuntimeError } = weft;
)";

constexpr std::string_view kRuntimeEnd = "// --- load ---";

constexpr std::string_view kFallbackTypes =
    R"(export type TensorLike<A> = A | { readonly data: A; readonly shape?: readonly number[] };
export type Numbers = Float64Array | readonly number[];
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

std::string file_line(std::string_view name) {
  return fmt::format("  {}: new URL({}, import.meta.url),\n", json_string(name),
                     json_string(fmt::format("./{}", name)));
}

/// Model names stay out of comments, which they could end.
std::string interface(std::string_view name, const Manifest& manifest, bool inputs) {
  const std::vector<Port>& ports = inputs ? manifest.inputs : manifest.outputs;
  std::string out = fmt::format("\nexport interface {} {{\n", name);
  for (const Port& port : ports) {
    out += fmt::format("  /** {} [{}] */\n", to_string(port.dtype), fmt::join(port.shape, ", "));
    const bool numbers = manifest.int64_numbers && (port.dtype == DType::i64 || port.dtype == DType::u64);
    const std::string_view array = numbers ? "Float64Array" : info(port.dtype).typescript;
    out += fmt::format(fmt::runtime(inputs ? "  {}: TensorLike<{}>{};\n" : "  {}: {}{};\n"),
                       json_string(port.name), array, inputs && numbers ? " | Numbers" : "");
  }
  return out + "}\n";
}

}  // namespace

BundleFile write_model_js(std::string_view runtime_js, const Manifest& manifest) {
  std::string text(runtime_js);
  if (!text.ends_with('\n')) text += '\n';
  text += "const manifest = " + manifest_section(manifest) + ";\nconst files = {\n";
  for (const Variant& variant : manifest.variants) text += file_line(variant.file);
  text += file_line("model.weights");
  text += kTail;
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
  text += kLoad;
  return text_file("model.d.ts", text);
}

}  // namespace weft::bundle

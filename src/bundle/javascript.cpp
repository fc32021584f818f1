#include "bundle/javascript.hpp"

#include <fmt/format.h>

#include "bundle/text.hpp"

namespace weft::bundle {
namespace {

constexpr std::string_view kTail = R"(
/** Loads the model that this module was written for: from the model.json beside it, unless another URL is given. */
export function load(url = new URL("./model.json", import.meta.url), options = undefined) {
  return loadBundle(url, options);
}
export default load;
)";

constexpr std::string_view kModel = R"(
export interface Model {
  run(inputs: Inputs): Promise<Outputs>;
}

/** Loads the model from the model.json beside this module, unless another URL is given. */
export declare function load(url?: string | URL): Promise<Model>;
export default load;
)";

/// Model names stay out of comments, which they could end.
std::string interface(std::string_view name, const std::vector<Port>& ports) {
  std::string out = fmt::format("export interface {} {{\n", name);
  for (const Port& port : ports) {
    out += fmt::format("  /** {}[{}] */\n", to_string(port.dtype), fmt::join(port.shape, ", "));
    out += fmt::format("  {}: {};\n", json_string(port.name), info(port.dtype).typescript);
  }
  return out + "}\n";
}

}  // namespace

BundleFile write_model_js(std::string_view runtime_js) {
  std::string text(runtime_js);
  if (!text.ends_with('\n')) text += '\n';
  text += kTail;
  return text_file("model.js", text);
}

BundleFile write_model_dts(const Manifest& manifest) {
  std::string text = interface("Inputs", manifest.inputs);
  text += '\n';
  text += interface("Outputs", manifest.outputs);
  text += kModel;
  return text_file("model.d.ts", text);
}

}  // namespace weft::bundle

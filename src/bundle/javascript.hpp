// model.js and model.d.ts: the bundle as a JavaScript module.
#pragma once

#include <string_view>

#include "bundle/bundle.hpp"
#include "bundle/manifest.hpp"

namespace weft::bundle {

/// The built web runtime (one ES module, no imports) with a `load` of its own at the end, bound to the model.json beside it:
///   load(url = new URL("./model.json", import.meta.url), options) -> loadBundle(url, options)
/// so `runtime_js` must declare loadBundle at its top level, and must not export `load` or a default. model.json is fetched, not inlined:
/// it holds the hash of model.js, and bundlers know this form of URL as an asset.
BundleFile write_model_js(std::string_view runtime_js);

/// Types of the model: inputs and outputs by name, as the typed arrays of dtype.def.
BundleFile write_model_dts(const Manifest& manifest);

}  // namespace weft::bundle

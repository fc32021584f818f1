// model.js and model.d.ts: the bundle as a JavaScript module (docs/bundle.md, "model.js").
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bundle/bundle.hpp"
#include "bundle/manifest.hpp"

namespace weft::bundle {

/// What model.js is made of, by tools/build-runtime; each is one statement.
struct Scripts {
  std::string_view runtime;  ///< weft.inline.js: defines `weft`
  std::string_view media;    ///< weft.media.inline.js: defines `media`; for pictures, sound and labels
  std::string_view strings =
      {};  ///< weft.strings.inline.js: a runtime with strings, for models that have them
};

/// A file whose bytes stand in model.js itself.
struct EmbeddedFile {
  std::string name;
  std::vector<uint8_t> bytes;
};

/// The runtime and a tail that exports
/// `load(options)`, with the manifest inlined, without `files`, and each file as a literal `new URL`, so that
/// bundlers see it. The manifest must be complete. Where it has pictures, sound or labels, the
/// script of these stands behind the runtime.
/// Files that are embedded are decoded when they are asked for; bundlers see nothing of them.
BundleFile write_model_js(const Scripts& scripts, const Manifest& manifest,
                          std::span<const EmbeddedFile> embedded = {});

/// model.worker.js: the same runtime as the script of a worker, alike for all models of one runtime.
BundleFile write_worker_js(std::string_view runtime_js);

/// Types of the model: inputs and outputs by name, as the typed arrays of dtype.def. Begins with
/// `runtime_dts` (build/runtime/weft.d.ts) up to its line `// --- load ---`; when that is empty, with the few
/// declarations that the model's own types need.
BundleFile write_model_dts(const Manifest& manifest, std::string_view runtime_dts = {});

}  // namespace weft::bundle

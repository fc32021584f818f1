// A placed variant as a relocatable object with its C header.
#pragma once

#include <vector>

#include "bundle/manifest.hpp"
#include "compile/compile.hpp"
#include "compile/variant.hpp"

namespace weft::compile {

struct ObjectFiles {
  std::vector<bundle::BundleFile> files;
  uint64_t code_bytes = 0;  ///< of the object without weights
};

/// NAME.o, NAME.h and, where the weights stay outside, NAME.weights. Fails with unsupported where the model
/// has strings or custom steps, with limit where the weights of an object pass 2 GiB.
Result<ObjectFiles> object_files(const PlacedVariant& variant, const bundle::Manifest& manifest,
                                 const bundle::WeightsFile& weights, const ObjectOptions& options,
                                 bool debug_names);

}  // namespace weft::compile

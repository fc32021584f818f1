// What a C or C++ program sees of a model that is a relocatable object: names, and the header that declares
// them (targets/wasm/object_model.hpp makes the functions).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bundle/manifest.hpp"

namespace weft::bundle {

/// Letters, digits and underscores, a letter first: other bytes become underscores.
std::string c_identifier(std::string_view text);

/// The functions that give a tensor, and what stands for them in upper case.
struct CPort {
  size_t port = 0;     ///< in the manifest's inputs or outputs
  std::string symbol;  ///< "model_input_x"
  std::string shape;   ///< of outputs whose extents depend on symbols: the function that gives them; or empty
  uint32_t shape_at = 0;  ///< its place among the answers
};

/// No two names are equal, nor would be without regard to case: later ones get a number.
struct CInterface {
  std::string name;  ///< in front of all others
  std::vector<CPort> inputs, outputs;
  std::vector<std::string> dimensions;  ///< parameters, parallel to the manifest's symbols
  bool states = false;
};

/// `name` is a C identifier.
CInterface c_interface(const Manifest& manifest, std::string name);

struct CHeaderOptions {
  bool external_weights = false;  ///< the program reads NAME.weights
  bool checks = false;            ///< whether a run may fail
};

/// The header's text, C99 and C++11, of a manifest with one variant.
std::string c_header(const Manifest& manifest, const CInterface& names, const CHeaderOptions& options);

}  // namespace weft::bundle

// A compiled model as a component: the modules beside its host, runtimes/component.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "componentize/encode.hpp"

namespace weft::componentize {

struct ModelParts {
  Pieces module;                          ///< the model's, of one variant (docs/bundle.md)
  uint64_t initial_pages = 0, pages = 0;  ///< of its memory
  Pieces weights;                         ///< the data part of model.weights
  std::string facts;                      ///< what runtimes/component/model/imports.hpp calls so
};

/// `host` is weft-component.wasm. Fails with `limit` where weights are more than engines take in a module.
Result<Pieces> model_component(ModelParts parts, Pieces host);

/// What is left of pieces without their first bytes.
Pieces without_begin(Pieces pieces, uint64_t bytes);

}  // namespace weft::componentize

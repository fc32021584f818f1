// What the exports of a component (exports.cpp) stand on: each component that is linked with them defines
// these two.
#pragma once

#include "nn/backend.hpp"
#include "nn/registry.hpp"

namespace weft::component {

nn::Backend& backend();
/// What load-by-name finds.
nn::Registry& registry();

}  // namespace weft::component

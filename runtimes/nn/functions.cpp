#include <array>

#include "nn/witx.hpp"

namespace weft::nn {
namespace {

constexpr std::array kFunctions = {
#define WEFT_NN_FUNCTION(name, parameters) Function{#name, parameters},
#include "nn/functions.def"
#undef WEFT_NN_FUNCTION
};

}  // namespace

std::span<const Function> functions() { return kFunctions; }

}  // namespace weft::nn

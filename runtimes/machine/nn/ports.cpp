#include "machine/nn/ports.hpp"

#include <algorithm>
#include <string_view>

namespace weft::machine {
namespace {

/// The node of the check that holds states to their greatest extents (src/passes/keep_states.cpp).
constexpr std::string_view kStateNode = "--state";

}  // namespace

nn::Errno errno_of(weft_status status) {
  switch (status) {
    case WEFT_INVALID_ARGUMENT: return nn::Errno::invalid_argument;
    case WEFT_BAD_BUNDLE: return nn::Errno::invalid_encoding;
    case WEFT_UNSUPPORTED: return nn::Errno::unsupported_operation;
    case WEFT_NO_MEMORY: return nn::Errno::missing_memory;
    default: return nn::Errno::runtime_error;
  }
}

nn::Error run_error(const Error& error) {
  if (error.status == WEFT_OUT_OF_RANGE && error.node == kStateNode)
    return {nn::Errno::context_full, error.message};
  // A module whose code or tables point outside of its memory is no other thing than one that traps.
  if (error.status == WEFT_BAD_BUNDLE || error.status == WEFT_UNSUPPORTED)
    return {nn::Errno::runtime_error, error.message};
  return {errno_of(error.status), error.message};
}

nn::Port port_of(const Port& port, const std::vector<Dimension>& dimensions) {
  nn::Port out{port.name, port.dtype, {}};
  for (size_t i = 0; i < port.shape.size(); ++i) {
    const uint32_t most = port.shape[i];
    const bool is_fixed = !port.is_open() || port.dims[i] == std::to_string(most);
    const auto symbol =
        is_fixed ? dimensions.end() : std::ranges::find(dimensions, port.dims[i], &Dimension::name);
    if (symbol != dimensions.end()) out.dims.push_back({symbol->min, symbol->max, symbol->step});
    else out.dims.push_back({is_fixed ? most : 0, most, 1});
  }
  return out;
}

}  // namespace weft::machine

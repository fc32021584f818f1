#include "machine/nn/ports.hpp"

#include <algorithm>

namespace weft::machine {

nn::Errno errno_of(weft_status status) {
  switch (status) {
    case WEFT_INVALID_ARGUMENT: return nn::Errno::invalid_argument;
    case WEFT_BAD_BUNDLE: return nn::Errno::invalid_encoding;
    case WEFT_UNSUPPORTED: return nn::Errno::unsupported_operation;
    case WEFT_NO_MEMORY: return nn::Errno::missing_memory;
    default: return nn::Errno::runtime_error;
  }
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

#include "targets/wasm/object.hpp"

#include "targets/wasm/assembler.hpp"
#include "targets/wasm/emit.hpp"
#include "targets/wasm/legalize.hpp"

namespace weft::wasm {

std::vector<uint8_t> emit_kernel_object(std::span<const NamedKernel> kernels, const WasmFeatures& features) {
  Module module;
  module.make_relocatable();
  for (const NamedKernel& named : kernels) {
    loops::Kernel legal = legalize(named.kernel, features);
    legal.name = named.symbol;
    module.make_global(emit_kernel(legal, features, module).index());
  }
  return module.encode();
}

}  // namespace weft::wasm

#include "targets/wasm/module.hpp"

#include "base/check.hpp"
#include "targets/wasm/assembler.hpp"
#include "targets/wasm/emit.hpp"
#include "targets/wasm/legalize.hpp"
#include "targets/wasm/module_step.hpp"

namespace weft::wasm {

std::vector<uint8_t> emit_module(const ModuleInput& input) {
  Module module;
  module.import_memory("env", "memory", {input.memory_pages_min, input.memory_pages_max, false});
  uint32_t slot = 0;
  for (const loops::Kernel& kernel : input.kernels) {
    loops::Kernel legal = legalize(kernel, input.features);
    if (!input.debug_names) legal.name.clear();
    const Function& function = emit_kernel(legal, input.features, module);
    WEFT_CHECK(module.table_slot(function.index()) == slot++, "kernels lie in the table in order");
  }
  const Function& step = emit_step(module, input.debug_names ? "step" : "", input.jumps, input.has_custom);
  module.export_function("step", step.index());
  for (const DataSegment& segment : input.data) module.add_data(segment.address, segment.bytes);
  for (const CustomSection& section : input.sections) module.add_custom_section(section.name, section.bytes);
  return module.encode();
}

}  // namespace weft::wasm

// Kernels as modules, and what the reference evaluator makes of memory, as files for
// tests/support/kernels.mjs.
#pragma once

#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "loops/loops.hpp"
#include "targets/wasm/module.hpp"

namespace weft::testing {

/// The kernels come unrolled and vectorized for the variant.
inline void write_module(const std::vector<loops::Kernel>& kernels, const wasm::WasmFeatures& features,
                         const std::string& path) {
  wasm::ModuleInput input;
  input.kernels = kernels;
  input.features = features;
  input.debug_names = true;
  input.jumps = true;
  const std::vector<uint8_t> bytes = wasm::emit_module(input);
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

inline std::string hex(const std::vector<uint8_t>& bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

/// {"kernel", "blocks", "symbols", "buffers": [{"name", "dtype", "space", "slack", "before", "after"}]}: the
/// kernel's index in its module, and its parameters before and after it ran.
inline std::string task_json(size_t index, const loops::Kernel& kernel,
                             const std::vector<loops::Memory>& before,
                             const std::vector<loops::Memory>& after,
                             const std::map<std::string, int64_t, std::less<>>& symbols = {}) {
  std::ostringstream json;
  json << "{\"kernel\": " << index << ", \"blocks\": " << expr::evaluate(loops::block_count(kernel), symbols)
       << ", \"symbols\": [";
  const char* separator = "";
  for (const auto& [name, value] : symbols) json << std::exchange(separator, ", ") << value;
  json << "], \"buffers\": [";
  separator = "";
  constexpr const char* kSpaces[] = {"read", "write", "read_write", "registers", "scratch"};
  for (size_t i = 0; i < kernel.buffers.size(); ++i) {
    const loops::Buffer& b = kernel.buffers[i];
    if (!loops::is_parameter(b.space)) continue;
    json << std::exchange(separator, ",\n  ") << "{\"name\": \"" << b.name << "\", \"dtype\": \""
         << to_string(b.dtype) << "\", \"space\": \"" << kSpaces[static_cast<size_t>(b.space)]
         << "\", \"slack\": " << b.slack * byte_size(b.dtype) << ", \"before\": \"" << hex(before[i].bytes)
         << "\", \"after\": \"" << hex(after[i].bytes) << "\"}";
  }
  json << "]}";
  return json.str();
}

}  // namespace weft::testing

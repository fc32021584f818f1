// Reads back what the assembler writes, as far as tests and reports ask: which instructions a function holds.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "targets/wasm/isa.hpp"

namespace weft::wasm {

struct FunctionSummary {
  std::string name;                  ///< from the name section, else empty
  uint64_t code_bytes = 0;           ///< of the body, locals included
  std::map<Instr, uint64_t> counts;  ///< instructions, the body's own `end` included
};

/// The module's own functions, in order. Fails with invalid_model on malformed bytes and with unsupported on
/// instructions that isa.def does not have. Checks no types: engines do.
Result<std::vector<FunctionSummary>> read_functions(std::span<const uint8_t> module);

/// How often each instruction occurs in the module, by its name in the text format: "f32x4.relaxed_madd".
Result<std::map<std::string, uint64_t, std::less<>>> count_instructions(std::span<const uint8_t> module);

}  // namespace weft::wasm

// The wasm instruction table: what isa.def's rows become. Everything that must know an instruction reads it
// from here.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace weft::wasm {

/// An instruction, in the order of isa.def: `Instr::f32x4_add`, `Instr::if_`.
enum class Instr : uint16_t {
#define WEFT_WASM(name, text, prefix, opcode, immediates, width, pops, pushes, feature) name,
#include "targets/wasm/isa.def"
#undef WEFT_WASM
};

/// What follows the opcode.
enum class Immediates : uint8_t {
  none,
  block_type,
  label,
  label_table,
  function,
  type_table,  ///< a type index, a table index
  local,
  global,
  memarg,       ///< alignment (log2), offset
  memarg_lane,  ///< a memarg, then a lane
  memory,
  memory_memory,
  data_memory,
  data,
  i32,
  i64,
  f32,
  f64,
  v128,
  lane,
  shuffle,    ///< 16 lane numbers below 32
  zero_byte,  ///< reserved
};

/// What an engine must know beyond the first release of wasm.
enum class Feature : uint8_t { mvp, sign_extension, saturating, bulk_memory, simd, relaxed_simd, threads };

/// The value types, by their byte in the binary format.
enum class ValType : uint8_t { i32 = 0x7F, i64 = 0x7E, f32 = 0x7D, f64 = 0x7C, v128 = 0x7B };

struct InstrInfo {
  std::string_view name;
  std::string_view text;
  uint8_t prefix;
  uint16_t opcode;
  Immediates immediates;
  uint8_t width;          ///< bytes of the memory or lane access, 0 when there is none
  std::string_view pops;  ///< letters of isa.def, the last is the top of the stack
  std::string_view pushes;
  Feature feature;
};

const InstrInfo& info(Instr instr);
uint32_t instr_count();

/// The instruction of these opcode bytes, if weft knows it. `prefix` is 0 for the instructions of one byte.
std::optional<Instr> find_instr(uint8_t prefix, uint32_t opcode);
/// By the name of the text format: "f32x4.add".
std::optional<Instr> find_instr(std::string_view text);

/// isa.def's letter of a type and back.
ValType type_of_letter(char letter);
char letter_of_type(ValType type);
std::string_view to_string(ValType type);
std::string_view to_string(Feature feature);
std::string_view to_string(Immediates immediates);

/// log2 of the natural alignment of a memory instruction.
uint8_t natural_alignment(Instr instr);
/// Lanes of a lane instruction: 16 / width.
inline uint32_t lane_count(Instr instr) { return 16u / info(instr).width; }

}  // namespace weft::wasm

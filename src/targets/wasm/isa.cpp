#include "targets/wasm/isa.hpp"

#include <array>
#include <bit>
#include <cstddef>

#include "base/check.hpp"

namespace weft::wasm {
namespace {

constexpr InstrInfo kInfos[] = {
#define WEFT_WASM(name, text, prefix, opcode, immediates, width, pops, pushes, feature) \
  {#name, text, prefix, opcode, Immediates::immediates, width, pops, pushes, Feature::feature},
#include "targets/wasm/isa.def"
#undef WEFT_WASM
};
constexpr size_t kCount = std::size(kInfos);

// Instruction number + 1 by opcode, one bank for no prefix and one for each prefix byte from 0xFC; 0 is a
// hole.
constexpr size_t kBanks = 4;
constexpr size_t kBankSize = 0x120;
using Banks = std::array<std::array<uint16_t, kBankSize>, kBanks>;

constexpr size_t bank_of(uint8_t prefix) { return prefix == 0 ? 0 : prefix - 0xFCu + 1; }

consteval Banks make_banks() {
  Banks banks{};
  for (size_t i = 0; i < kCount; i++) {
    banks[bank_of(kInfos[i].prefix)][kInfos[i].opcode] = static_cast<uint16_t>(i + 1);
  }
  return banks;
}

constexpr Banks kByOpcode = make_banks();

consteval bool opcodes_are_unique() {
  size_t found = 0;
  for (const auto& bank : kByOpcode) {
    for (uint16_t entry : bank) found += entry != 0 ? 1 : 0;
  }
  return found == kCount;
}
static_assert(opcodes_are_unique(), "two rows of isa.def have the same opcode");

}  // namespace

const InstrInfo& info(Instr instr) {
  const auto index = static_cast<size_t>(instr);
  WEFT_CHECK(index < kCount);
  return kInfos[index];
}

uint32_t instr_count() { return kCount; }

std::optional<Instr> find_instr(uint8_t prefix, uint32_t opcode) {
  if ((prefix != 0 && (prefix < 0xFC || prefix > 0xFE)) || opcode >= kBankSize) return std::nullopt;
  const uint16_t entry = kByOpcode[bank_of(prefix)][opcode];
  if (entry == 0) return std::nullopt;
  return static_cast<Instr>(entry - 1);
}

std::optional<Instr> find_instr(std::string_view text) {
  for (size_t i = 0; i < kCount; i++) {
    if (kInfos[i].text == text) return static_cast<Instr>(i);
  }
  return std::nullopt;
}

ValType type_of_letter(char letter) {
  switch (letter) {
    case 'i': return ValType::i32;
    case 'l': return ValType::i64;
    case 'f': return ValType::f32;
    case 'd': return ValType::f64;
    case 'v': return ValType::v128;
    default: WEFT_UNREACHABLE("no type has this letter");
  }
}

char letter_of_type(ValType type) { return "vdfli"[static_cast<uint8_t>(type) - 0x7B]; }

std::string_view to_string(ValType type) {
  static constexpr std::string_view kNames[] = {"v128", "f64", "f32", "i64", "i32"};
  return kNames[static_cast<uint8_t>(type) - 0x7B];
}

std::string_view to_string(Feature feature) {
  static constexpr std::string_view kNames[] = {"mvp",  "sign-extension", "saturating", "bulk-memory",
                                                "simd", "relaxed-simd",   "threads"};
  return kNames[static_cast<uint8_t>(feature)];
}

std::string_view to_string(Immediates immediates) {
  static constexpr std::string_view kNames[] = {
      "none",   "block_type",  "label",  "label_table",   "function",    "type_table", "local", "global",
      "memarg", "memarg_lane", "memory", "memory_memory", "data_memory", "data",       "i32",   "i64",
      "f32",    "f64",         "v128",   "lane",          "shuffle",     "zero_byte"};
  return kNames[static_cast<uint8_t>(immediates)];
}

uint8_t natural_alignment(Instr instr) { return static_cast<uint8_t>(std::countr_zero(info(instr).width)); }

}  // namespace weft::wasm

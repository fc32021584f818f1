#include <fmt/format.h>

#include <array>
#include <bit>

#include "base/check.hpp"
#include "targets/wasm/encoder.hpp"

namespace weft::wasm {
namespace {

// The order of the groups of locals.
constexpr std::array kLocalOrder = {ValType::i32, ValType::i64, ValType::f32, ValType::f64, ValType::v128};

std::string lanes_text(const Bytes16& lanes) { return fmt::format("{}", fmt::join(lanes, " ")); }

std::string i32x4_text(const Bytes16& bytes) {
  std::string text = "i32x4";
  for (size_t i = 0; i < 16; i += 4) {
    text += fmt::format(" 0x{:02x}{:02x}{:02x}{:02x}", bytes[i + 3], bytes[i + 2], bytes[i + 1], bytes[i]);
  }
  return text;
}

void write_opcode(ByteWriter& out, const InstrInfo& row) {
  if (row.prefix == 0) return out.u8(static_cast<uint8_t>(row.opcode));
  out.u8(row.prefix);
  out.leb_u(row.opcode);
}

/// In five bytes. As a signed LEB128 it is the value too, below 2^31.
void write_wide_leb(ByteWriter& out, uint32_t value) {
  for (uint32_t shift = 0; shift < 28; shift += 7) out.u8(static_cast<uint8_t>(value >> shift | 0x80));
  out.u8(static_cast<uint8_t>(value >> 28));
}

}  // namespace

FunctionEncoder::FunctionEncoder(const Function& function, const ModuleData* object)
    : function_(function), object_(object) {
  const size_t params = function.type_.params.size();
  numbers_.resize(function.locals_.size());
  uint32_t next = 0;
  while (next < params) {
    numbers_[next] = next;
    next++;
  }
  for (ValType type : kLocalOrder) {
    for (size_t i = params; i < function.locals_.size(); i++) {
      if (function.locals_[i] == type) numbers_[i] = next++;
    }
  }
}

std::vector<std::pair<uint32_t, std::string_view>> FunctionEncoder::names() const {
  std::vector<std::string_view> by_number(numbers_.size());
  for (size_t i = 0; i < numbers_.size(); i++) by_number[numbers_[i]] = function_.local_names_[i];
  std::vector<std::pair<uint32_t, std::string_view>> result;
  for (uint32_t i = 0; i < by_number.size(); i++) {
    if (!by_number[i].empty()) result.emplace_back(i, by_number[i]);
  }
  return result;
}

void FunctionEncoder::write_locals(FieldWriter& out) const {
  std::array<uint32_t, kLocalOrder.size()> counts{};
  uint32_t groups = 0;
  for (size_t t = 0; t < kLocalOrder.size(); t++) {
    for (size_t i = function_.type_.params.size(); i < function_.locals_.size(); i++) {
      counts[t] += function_.locals_[i] == kLocalOrder[t] ? 1 : 0;
    }
    groups += counts[t] != 0 ? 1 : 0;
  }
  out.leb_u(groups, "groups of locals");
  for (size_t t = 0; t < kLocalOrder.size(); t++) {
    if (counts[t] == 0) continue;
    out.write(
        [&] {
          out.out().leb_u(counts[t]);
          out.out().u8(static_cast<uint8_t>(kLocalOrder[t]));
        },
        [&] { return fmt::format("locals: {} x {}", counts[t], to_string(kLocalOrder[t])); });
  }
}

void FunctionEncoder::write(FieldWriter& out) {
  function_.check_closed();
  write_locals(out);
  for (const Instruction& instruction : function_.code_) write_instruction(out, instruction);
  out.u8(static_cast<uint8_t>(info(Instr::end).opcode), "end");
}

void FunctionEncoder::write_instruction(FieldWriter& out, const Instruction& instruction) {
  const Instr instr = instruction.instr;
  if (instr == Instr::end || instr == Instr::else_) depth_--;
  out.write(
      [&] {
        write_opcode(out.out(), info(instr));
        if (object_ != nullptr && write_reference(out, instruction)) return;
        write_immediates(out.out(), instruction);
      },
      [&] { return std::string(size_t{2} * depth_, ' ') + comment(instruction); });
  if (instr == Instr::block || instr == Instr::loop || instr == Instr::if_ || instr == Instr::else_) depth_++;
}

/// What the linker fills in, as wide as it can be; else false.
bool FunctionEncoder::write_reference(FieldWriter& out, const Instruction& at) const {
  switch (info(at.instr).immediates) {
    case Immediates::function:
      out.relocate(RelocationType::function_index_leb, symbol_of(FuncIndex{at.index}));
      write_wide_leb(out.out(), at.index);
      return true;
    case Immediates::type_table:
      out.relocate(RelocationType::type_index_leb, at.index);
      write_wide_leb(out.out(), at.index);
      out.out().u8(0);
      return true;
    case Immediates::i32: {
      if (at.index == 0) return false;
      const DataIndex segment{at.index - 1};
      const auto offset = static_cast<uint32_t>(at.bits);
      out.relocate(RelocationType::memory_addr_sleb, symbol_of(*object_, segment), offset);
      write_wide_leb(out.out(), object_offset(*object_, segment) + offset);
      return true;
    }
    default: return false;
  }
}

void FunctionEncoder::write_immediates(ByteWriter& out, const Instruction& at) const {
  switch (info(at.instr).immediates) {
    case Immediates::none: break;
    case Immediates::block_type: out.u8(static_cast<uint8_t>(at.index)); break;
    case Immediates::label:
    case Immediates::function:
    case Immediates::global:
    case Immediates::data: out.leb_u(at.index); break;
    case Immediates::label_table: {
      const std::vector<uint32_t>& depths = function_.tables_[at.index];
      out.leb_u(depths.size() - 1);
      for (uint32_t depth : depths) out.leb_u(depth);
      break;
    }
    case Immediates::data_memory:
    case Immediates::type_table:
      out.leb_u(at.index);
      out.u8(0);
      break;
    case Immediates::local: out.leb_u(numbers_[at.index]); break;
    case Immediates::memarg:
    case Immediates::memarg_lane:
      out.leb_u(at.align);
      out.leb_u(at.bits);
      if (info(at.instr).immediates == Immediates::memarg_lane) out.u8(at.lane);
      break;
    case Immediates::memory_memory: out.u16(0); break;
    case Immediates::memory:
    case Immediates::zero_byte: out.u8(0); break;
    case Immediates::i32:
    case Immediates::i64: out.leb_s(static_cast<int64_t>(at.bits)); break;
    case Immediates::f32: out.u32(static_cast<uint32_t>(at.bits)); break;
    case Immediates::f64: out.u64(at.bits); break;
    case Immediates::v128:
    case Immediates::shuffle: out.bytes(function_.wide_[at.index]); break;
    case Immediates::lane: out.u8(at.lane); break;
  }
}

std::string FunctionEncoder::local_comment(uint32_t declared) const {
  const std::string& name = function_.local_names_[declared];
  return fmt::format("{}{}{}", numbers_[declared], name.empty() ? "" : "  ;; $", name);
}

/// The instruction in the text format; the name of a local is added.
std::string FunctionEncoder::comment(const Instruction& at) const {
  const InstrInfo& row = info(at.instr);
  const auto with = [&](const auto& rest) { return fmt::format("{} {}", row.text, rest); };
  switch (row.immediates) {
    case Immediates::none:
    case Immediates::memory:
    case Immediates::memory_memory:
    case Immediates::zero_byte: return std::string(row.text);
    case Immediates::block_type:
      if (at.index == kEmptyBlock) return std::string(row.text);
      return with(fmt::format("(result {})", to_string(static_cast<ValType>(at.index))));
    case Immediates::label:
    case Immediates::function:
    case Immediates::global:
    case Immediates::data:
    case Immediates::data_memory: return with(at.index);
    case Immediates::label_table: return with(fmt::format("{}", fmt::join(function_.tables_[at.index], " ")));
    case Immediates::type_table: return with(fmt::format("(type {})", at.index));
    case Immediates::local: return with(local_comment(at.index));
    case Immediates::memarg: return with(fmt::format("offset={} align={}", at.bits, 1u << at.align));
    case Immediates::memarg_lane:
      return with(fmt::format("offset={} align={} {}", at.bits, 1u << at.align, at.lane));
    case Immediates::i32:
      if (at.index != 0)
        return with(fmt::format("{}  ;; in {}", at.bits, object_->object_data[at.index - 1].name));
      return with(static_cast<int64_t>(at.bits));
    case Immediates::i64: return with(static_cast<int64_t>(at.bits));
    case Immediates::f32: return with(std::bit_cast<float>(static_cast<uint32_t>(at.bits)));
    case Immediates::f64: return with(std::bit_cast<double>(at.bits));
    case Immediates::v128: return with(i32x4_text(function_.wide_[at.index]));
    case Immediates::shuffle: return with(lanes_text(function_.wide_[at.index]));
    case Immediates::lane: return with(at.lane);
  }
  WEFT_UNREACHABLE("immediates");
}

}  // namespace weft::wasm

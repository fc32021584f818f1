// A Module's bytes, field by field (specification, chapter 5).
#pragma once

#include "targets/wasm/assembler_data.hpp"
#include "targets/wasm/field_writer.hpp"

namespace weft::wasm {

/// The body of a function: locals, instructions, `end`. Locals are renumbered so that those of one type lie
/// together.
class FunctionEncoder {
 public:
  explicit FunctionEncoder(const Function& function);
  void write(FieldWriter& out);
  /// Index in the bytes of the local that was declared as number `declared`.
  uint32_t number(uint32_t declared) const { return numbers_[declared]; }
  /// Names of the locals that have one, by their index in the bytes.
  std::vector<std::pair<uint32_t, std::string_view>> names() const;

 private:
  void write_locals(FieldWriter& out) const;
  void write_instruction(FieldWriter& out, const Instruction& instruction);
  void write_immediates(ByteWriter& out, const Instruction& instruction) const;
  std::string comment(const Instruction& instruction) const;
  std::string local_comment(uint32_t declared) const;

  const Function& function_;
  std::vector<uint32_t> numbers_;
  uint32_t depth_ = 0;  ///< of the dump's indentation
};

class ModuleEncoder {
 public:
  ModuleEncoder(const Module& module, bool describing);
  void write();
  FieldWriter& out() { return out_; }

 private:
  using Fill = void (ModuleEncoder::*)(FieldWriter&) const;
  void section(uint8_t id, std::string_view name, bool present, Fill fill);
  void types(FieldWriter& out) const;
  void imports(FieldWriter& out) const;
  void functions(FieldWriter& out) const;
  void table(FieldWriter& out) const;
  void memory(FieldWriter& out) const;
  void globals(FieldWriter& out) const;
  void exports(FieldWriter& out) const;
  void elements(FieldWriter& out) const;
  void data_count(FieldWriter& out) const;
  void code(FieldWriter& out) const;
  void data(FieldWriter& out) const;
  void custom_sections();
  bool has_names() const;
  void names(FieldWriter& out) const;
  void function_names(FieldWriter& out) const;
  void local_names(FieldWriter& out) const;

  const ModuleData& data_;
  FieldWriter out_;
};

}  // namespace weft::wasm

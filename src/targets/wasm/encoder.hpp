// A Module's bytes, field by field (specification, chapter 5).
#pragma once

#include "targets/wasm/assembler_data.hpp"
#include "targets/wasm/field_writer.hpp"

namespace weft::wasm {

inline constexpr uint8_t kDataSection = 11;
/// The table of a linked program.
inline constexpr const char* kLinkedTable = "__indirect_function_table";

/// Symbols of a relocatable module: functions, data, then the table.
inline uint32_t symbol_of(FuncIndex function) { return function.value; }
uint32_t symbol_of(const ModuleData& module, DataIndex segment);
/// Where the segment begins in the module as it is, before it is linked.
uint32_t object_offset(const ModuleData& module, DataIndex segment);

/// The body of a function: locals, instructions, `end`. Locals are renumbered so that those of one type lie
/// together.
class FunctionEncoder {
 public:
  /// `object`: the module, where it is relocatable.
  explicit FunctionEncoder(const Function& function, const ModuleData* object = nullptr);
  void write(FieldWriter& out);
  /// Index in the bytes of the local that was declared as number `declared`.
  uint32_t number(uint32_t declared) const { return numbers_[declared]; }
  /// Names of the locals that have one, by their index in the bytes.
  std::vector<std::pair<uint32_t, std::string_view>> names() const;

 private:
  void write_locals(FieldWriter& out) const;
  void write_instruction(FieldWriter& out, const Instruction& instruction);
  void write_immediates(ByteWriter& out, const Instruction& instruction) const;
  bool write_reference(FieldWriter& out, const Instruction& instruction) const;
  std::string comment(const Instruction& instruction) const;
  std::string local_comment(uint32_t declared) const;

  const Function& function_;
  const ModuleData* object_;
  std::vector<uint32_t> numbers_;
  uint32_t depth_ = 0;  ///< of the dump's indentation
};

class ModuleEncoder {
 public:
  ModuleEncoder(const Module& module, bool describing);
  void write();
  FieldWriter& out() { return out_; }
  /// Where the bytes belong that a data segment has outside; known once it is written.
  size_t outside_at() const { return outside_at_; }

 private:
  /// Of one section.
  struct SectionRelocations {
    std::string_view name;
    uint32_t section = 0;
    std::vector<Relocation> relocations;
  };
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
  void object_data(FieldWriter& out) const;
  void object_word(FieldWriter& out, const ObjectData& data, const DataReference& reference) const;
  uint64_t outside_bytes() const;
  void write_linking();
  void linking(FieldWriter& out) const;
  void segment_infos(FieldWriter& out) const;
  void symbols(FieldWriter& out) const;
  void relocation_section(const SectionRelocations& from);
  void target_features(FieldWriter& out) const;
  void custom_sections();
  bool has_names() const;
  void names(FieldWriter& out) const;
  void function_names(FieldWriter& out) const;
  void local_names(FieldWriter& out) const;

  const Module& module_;
  const ModuleData& data_;
  FieldWriter out_;
  uint32_t sections_ = 0;  ///< written
  size_t outside_at_ = 0;
  std::vector<SectionRelocations> relocations_;
};

}  // namespace weft::wasm

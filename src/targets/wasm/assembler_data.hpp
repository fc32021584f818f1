// What a Module holds; shared by the files that build and encode it, not for others.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "targets/wasm/assembler.hpp"

namespace weft::wasm {

/// A block type that leaves nothing, as a byte (5.3.6).
inline constexpr uint32_t kEmptyBlock = 0x40;

/// Kinds of imports and exports (5.5.4, 5.5.10).
enum class ExternKind : uint8_t { function = 0, table = 1, memory = 2, global = 3 };

struct ImportName {
  std::string module;
  std::string name;
};

struct FunctionImport {
  ImportName from;
  uint32_t type;
};

struct Memory {
  Limits limits;
  std::optional<ImportName> import;
};

struct Global {
  ValType type;
  bool is_mutable;
  uint64_t initial_bits;
  std::string name;
};

struct Export {
  std::string name;
  ExternKind kind;
  uint32_t index;
};

struct EncodedData {
  std::optional<uint32_t> offset;  ///< none: passive
  std::vector<uint8_t> bytes;
};

struct EncodedCustom {
  std::string name;
  std::vector<uint8_t> bytes;
};

struct ModuleData {
  std::string name;
  bool relocatable = false;
  std::set<FuncIndex> global_symbols;
  std::vector<ObjectData> object_data;
  std::vector<FuncType> types;
  std::map<FuncType, uint32_t> type_numbers;
  std::vector<FunctionImport> imports;
  std::vector<std::unique_ptr<Function>> functions;
  std::optional<Memory> memory;
  std::vector<FuncIndex> table;
  std::map<FuncIndex, uint32_t> table_slots;
  bool needs_table = false;
  std::vector<Global> globals;
  std::vector<Export> exports;
  std::vector<EncodedData> data;
  std::vector<EncodedCustom> custom;
};

}  // namespace weft::wasm

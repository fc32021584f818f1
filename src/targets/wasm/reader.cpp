#include "targets/wasm/reader.hpp"

#include <fmt/format.h>

#include "base/bytes.hpp"

namespace weft::wasm {
namespace {

Result<void> skip_labels(ByteReader& in) {
  WEFT_ASSIGN(count, in.leb_u32());
  for (uint64_t i = 0; i <= count; i++) WEFT_TRY(in.leb_u32());
  return {};
}

Result<void> skip_memarg(ByteReader& in, uint64_t lane_bytes) {
  WEFT_TRY(in.leb_u32());
  WEFT_TRY(in.leb_u32());
  return in.skip(lane_bytes);
}

Result<void> skip_pair(ByteReader& in) {
  WEFT_TRY(in.leb_u32());
  WEFT_TRY(in.leb_u32());
  return {};
}

Result<void> skip_immediates(ByteReader& in, Immediates kind) {
  switch (kind) {
    case Immediates::none: return {};
    case Immediates::block_type:
    case Immediates::memory:
    case Immediates::lane:
    case Immediates::zero_byte: return in.skip(1);
    case Immediates::label:
    case Immediates::function:
    case Immediates::local:
    case Immediates::global:
    case Immediates::data: WEFT_TRY(in.leb_u32()); return {};
    case Immediates::type_table:
    case Immediates::memory_memory:
    case Immediates::data_memory: return skip_pair(in);
    case Immediates::label_table: return skip_labels(in);
    case Immediates::memarg: return skip_memarg(in, 0);
    case Immediates::memarg_lane: return skip_memarg(in, 1);
    case Immediates::i32: WEFT_TRY(in.leb_s32()); return {};
    case Immediates::i64: WEFT_TRY(in.leb_s64()); return {};
    case Immediates::f32: return in.skip(4);
    case Immediates::f64: return in.skip(8);
    case Immediates::v128:
    case Immediates::shuffle: return in.skip(16);
  }
  return fail(ErrorKind::unsupported, "unknown immediates");
}

Result<Instr> read_instruction(ByteReader& in) {
  WEFT_ASSIGN(first, in.u8());
  uint8_t prefix = 0;
  uint32_t opcode = first;
  if (first >= 0xFC) {
    prefix = first;
    WEFT_ASSIGN(rest, in.leb_u32());
    opcode = rest;
  }
  const std::optional<Instr> instr = find_instr(prefix, opcode);
  if (!instr)
    return fail(ErrorKind::unsupported,
                fmt::format("no instruction {:02x} {:02x} in isa.def", prefix, opcode));
  WEFT_TRY(skip_immediates(in, info(*instr).immediates));
  return *instr;
}

Result<FunctionSummary> read_body(std::span<const uint8_t> body) {
  FunctionSummary summary;
  summary.code_bytes = body.size();
  ByteReader in(body);
  WEFT_ASSIGN(groups, in.leb_u32());
  for (uint32_t i = 0; i < groups; i++) {
    WEFT_TRY(in.leb_u32());
    WEFT_TRY(in.u8());
  }
  while (!in.at_end()) {
    WEFT_ASSIGN(instr, read_instruction(in));
    summary.counts[instr]++;
  }
  return summary;
}

Result<std::vector<FunctionSummary>> read_code(ByteReader in) {
  WEFT_ASSIGN(count, in.leb_u32());
  std::vector<FunctionSummary> functions;
  for (uint32_t i = 0; i < count; i++) {
    WEFT_ASSIGN(size, in.leb_u32());
    WEFT_ASSIGN(body, in.bytes(size));
    WEFT_ASSIGN(summary, read_body(body));
    functions.push_back(std::move(summary));
  }
  return functions;
}

Result<void> skip_limits(ByteReader& in) {
  WEFT_ASSIGN(flags, in.u8());
  WEFT_TRY(in.leb_u64());
  if ((flags & 1) != 0) WEFT_TRY(in.leb_u64());
  return {};
}

Result<void> skip_name(ByteReader& in) {
  WEFT_ASSIGN(size, in.leb_u32());
  return in.skip(size);
}

Result<uint32_t> count_imported_functions(ByteReader in) {
  uint32_t functions = 0;
  WEFT_ASSIGN(count, in.leb_u32());
  for (uint32_t i = 0; i < count; i++) {
    WEFT_TRY(skip_name(in));
    WEFT_TRY(skip_name(in));
    WEFT_ASSIGN(kind, in.u8());
    if (kind == 0) {
      functions++;
      WEFT_TRY(in.leb_u32());
    } else if (kind == 1) {
      WEFT_TRY(in.u8());
      WEFT_TRY(skip_limits(in));
    } else if (kind == 2) {
      WEFT_TRY(skip_limits(in));
    } else {
      WEFT_TRY(in.skip(2));
    }
  }
  return functions;
}

/// The names of functions in a name section's content, by function index.
Result<std::map<uint32_t, std::string>> read_function_names(ByteReader in) {
  std::map<uint32_t, std::string> names;
  while (!in.at_end()) {
    WEFT_ASSIGN(kind, in.u8());
    WEFT_ASSIGN(size, in.leb_u32());
    WEFT_ASSIGN(content, in.bytes(size));
    if (kind != 1) continue;
    ByteReader map(content);
    WEFT_ASSIGN(count, map.leb_u32());
    for (uint32_t i = 0; i < count; i++) {
      WEFT_ASSIGN(index, map.leb_u32());
      WEFT_ASSIGN(length, map.leb_u32());
      WEFT_ASSIGN(name, map.text(length));
      names[index] = std::string(name);
    }
  }
  return names;
}

struct Sections {
  uint32_t imported_functions = 0;
  std::vector<FunctionSummary> functions;
  std::map<uint32_t, std::string> names;
};

Result<void> read_section(Sections& sections, uint8_t id, std::span<const uint8_t> content) {
  ByteReader in(content);
  if (id == 2) {
    WEFT_ASSIGN(count, count_imported_functions(in));
    sections.imported_functions = count;
  } else if (id == 10) {
    WEFT_ASSIGN(functions, read_code(in));
    sections.functions = std::move(functions);
  } else if (id == 0) {
    WEFT_ASSIGN(length, in.leb_u32());
    WEFT_ASSIGN(name, in.text(length));
    if (name != "name") return {};
    WEFT_ASSIGN(names, read_function_names(in));
    sections.names = std::move(names);
  }
  return {};
}

}  // namespace

Result<std::vector<FunctionSummary>> read_functions(std::span<const uint8_t> module) {
  ByteReader in(module);
  WEFT_ASSIGN(magic, in.u64());
  if (magic != 0x00000001'6D736100) return fail(ErrorKind::invalid_model, "not a wasm module of version 1");
  Sections sections;
  while (!in.at_end()) {
    WEFT_ASSIGN(id, in.u8());
    WEFT_ASSIGN(size, in.leb_u32());
    WEFT_ASSIGN(content, in.bytes(size));
    WEFT_TRY(read_section(sections, id, content));
  }
  for (size_t i = 0; i < sections.functions.size(); i++) {
    const auto name = sections.names.find(static_cast<uint32_t>(sections.imported_functions + i));
    if (name != sections.names.end()) sections.functions[i].name = name->second;
  }
  return std::move(sections.functions);
}

Result<std::map<std::string, uint64_t, std::less<>>> count_instructions(std::span<const uint8_t> module) {
  WEFT_ASSIGN(functions, read_functions(module));
  std::map<std::string, uint64_t, std::less<>> counts;
  for (const FunctionSummary& function : functions) {
    for (const auto& [instr, count] : function.counts) counts[std::string(info(instr).text)] += count;
  }
  return counts;
}

}  // namespace weft::wasm

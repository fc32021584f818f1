#include "targets/wasm/encoder.hpp"

#include <fmt/format.h>

namespace weft::wasm {
namespace {

void write_type(FieldWriter& out, ValType type, std::string_view what) {
  out.u8(static_cast<uint8_t>(type), [&] { return fmt::format("{} {}", what, to_string(type)); });
}

void write_limits(FieldWriter& out, const Limits& limits) {
  out.u8(static_cast<uint8_t>((limits.max ? 1 : 0) | (limits.shared ? 2 : 0)),
         limits.shared ? "limits: shared" : (limits.max ? "limits: min, max" : "limits: min"));
  out.leb_u(limits.min, [&] { return fmt::format("min {}", limits.min); });
  if (limits.max) out.leb_u(*limits.max, [&] { return fmt::format("max {}", *limits.max); });
}

/// A constant expression: one constant, `end`.
void write_constant(FieldWriter& out, ValType type, uint64_t bits) {
  out.write(
      [&] {
        ByteWriter& bytes = out.out();
        switch (type) {
          case ValType::i32:
            bytes.u8(0x41);
            bytes.leb_s(static_cast<int32_t>(static_cast<uint32_t>(bits)));
            break;
          case ValType::i64:
            bytes.u8(0x42);
            bytes.leb_s(static_cast<int64_t>(bits));
            break;
          case ValType::f32:
            bytes.u8(0x43);
            bytes.u32(static_cast<uint32_t>(bits));
            break;
          case ValType::f64:
          case ValType::v128:  // Module::add_global refuses v128
            bytes.u8(0x44);
            bytes.u64(bits);
            break;
        }
        bytes.u8(0x0B);
      },
      [&] { return fmt::format("{}.const bits 0x{:x}, end", to_string(type), bits); });
}

}  // namespace

void FieldWriter::name(std::string_view value, std::string_view what) {
  write(
      [&] {
        out_.leb_u(value.size());
        out_.text(value);
      },
      [&] { return fmt::format("{} \"{}\"", what, value); });
}

void FieldWriter::sized(FieldWriter&& inner, std::string_view what) {
  leb_u(inner.out_.size(), [&] { return fmt::format("{}: {} bytes", what, inner.out_.size()); });
  append(std::move(inner));
}

void FieldWriter::append(FieldWriter&& inner) {
  const size_t start = out_.size();
  out_.bytes(inner.out_.data());
  for (Field& field : inner.fields_) {
    fields_.push_back({start + field.offset, field.size, std::move(field.comment)});
  }
  for (Relocation relocation : inner.relocations_) {
    relocation.offset += start;
    relocations_.push_back(relocation);
  }
}

ModuleEncoder::ModuleEncoder(const Module& module, bool describing)
    : module_(module), data_(*module.data_), out_(describing) {}

void ModuleEncoder::section(uint8_t id, std::string_view name, bool present, Fill fill) {
  if (!present) return;
  out_.u8(id, [&] { return fmt::format("--- section {}", name); });
  FieldWriter inner = out_.nested();
  (this->*fill)(inner);
  if (!inner.relocations().empty()) relocations_.push_back({name, sections_, inner.relocations()});
  const uint64_t bytes = inner.out().size() + (id == kDataSection ? outside_bytes() : 0);
  out_.leb_u(bytes, [&] { return fmt::format("section: {} bytes", bytes); });
  out_.append(std::move(inner));
  if (id == kDataSection) outside_at_ = out_.out().size();
  sections_++;
}

void ModuleEncoder::write() {
  static constexpr uint8_t kMagic[] = {0, 'a', 's', 'm'};
  static constexpr uint8_t kVersion[] = {1, 0, 0, 0};
  out_.bytes(kMagic, "magic \"\\0asm\"");
  out_.bytes(kVersion, "version 1");
  const ModuleData& d = data_;
  bool has_passive = false;
  for (const EncodedData& segment : d.data) has_passive = has_passive || !segment.offset;
  const bool imports_table = d.relocatable && d.needs_table;
  using E = ModuleEncoder;
  section(1, "type", !d.types.empty(), &E::types);
  section(2, "import", !d.imports.empty() || (d.memory && d.memory->import) || imports_table, &E::imports);
  section(3, "function", !d.functions.empty(), &E::functions);
  section(4, "table", d.needs_table && !imports_table, &E::table);
  section(5, "memory", d.memory && !d.memory->import, &E::memory);
  section(6, "global", !d.globals.empty(), &E::globals);
  section(7, "export", !d.exports.empty(), &E::exports);
  section(9, "element", !d.table.empty(), &E::elements);
  section(12, "data count", has_passive, &E::data_count);
  section(10, "code", !d.functions.empty(), &E::code);
  section(kDataSection, "data", !d.data.empty(), &E::data);
  section(kDataSection, "data", !d.object_data.empty(), &E::object_data);
  if (d.relocatable) {
    write_linking();
  } else {
    section(0, "custom", has_names(), &E::names);
  }
  custom_sections();
}

void ModuleEncoder::types(FieldWriter& out) const {
  out.leb_u(data_.types.size(), "types");
  for (size_t i = 0; i < data_.types.size(); i++) {
    const FuncType& type = data_.types[i];
    out.u8(0x60, [&] { return fmt::format("type {}: function", i); });
    out.leb_u(type.params.size(), "parameters");
    for (ValType param : type.params) write_type(out, param, "parameter");
    out.leb_u(type.results.size(), "results");
    for (ValType result : type.results) write_type(out, result, "result");
  }
}

void ModuleEncoder::imports(FieldWriter& out) const {
  const bool memory_imported = data_.memory && data_.memory->import;
  const bool table_imported = data_.relocatable && data_.needs_table;
  out.leb_u(data_.imports.size() + (memory_imported ? 1 : 0) + (table_imported ? 1 : 0), "imports");
  if (memory_imported) {
    out.name(data_.memory->import->module, "from");
    out.name(data_.memory->import->name, "name");
    out.u8(static_cast<uint8_t>(ExternKind::memory), "memory");
    write_limits(out, data_.memory->limits);
  }
  if (table_imported) {
    out.name("env", "from");
    out.name(kLinkedTable, "name");
    out.u8(static_cast<uint8_t>(ExternKind::table), "table");
    out.u8(0x70, "funcref");
    write_limits(out, {static_cast<uint32_t>(data_.table.size()), {}, false});
  }
  for (size_t i = 0; i < data_.imports.size(); i++) {
    const FunctionImport& import = data_.imports[i];
    out.name(import.from.module, "from");
    out.name(import.from.name, "name");
    out.u8(static_cast<uint8_t>(ExternKind::function), [&] { return fmt::format("function {}", i); });
    out.leb_u(import.type, [&] { return fmt::format("type {}", import.type); });
  }
}

void ModuleEncoder::functions(FieldWriter& out) const {
  out.leb_u(data_.functions.size(), "functions");
  for (const auto& function : data_.functions) {
    const uint32_t type = data_.type_numbers.at(function->type());
    out.leb_u(type, [&] { return fmt::format("function {}: type {}", function->index().value, type); });
  }
}

void ModuleEncoder::table(FieldWriter& out) const {
  out.leb_u(1, "tables");
  out.u8(0x70, "funcref");
  const auto size = static_cast<uint32_t>(data_.table.size());
  write_limits(out, {size, size, false});
}

void ModuleEncoder::memory(FieldWriter& out) const {
  out.leb_u(1, "memories");
  write_limits(out, data_.memory->limits);
}

void ModuleEncoder::globals(FieldWriter& out) const {
  out.leb_u(data_.globals.size(), "globals");
  for (size_t i = 0; i < data_.globals.size(); i++) {
    const Global& global = data_.globals[i];
    write_type(out, global.type, fmt::format("global {} {}:", i, global.name));
    out.u8(global.is_mutable ? 1 : 0, global.is_mutable ? "mutable" : "constant");
    write_constant(out, global.type, global.initial_bits);
  }
}

void ModuleEncoder::exports(FieldWriter& out) const {
  static constexpr std::string_view kKinds[] = {"function", "table", "memory", "global"};
  out.leb_u(data_.exports.size(), "exports");
  for (const Export& entry : data_.exports) {
    const auto kind = static_cast<uint8_t>(entry.kind);
    out.name(entry.name, "export");
    out.u8(kind, kKinds[kind]);
    out.leb_u(entry.index, [&] { return fmt::format("index {}", entry.index); });
  }
}

void ModuleEncoder::elements(FieldWriter& out) const {
  out.leb_u(1, "element segments");
  out.leb_u(0, "active, table 0, functions");
  // A linked program's null pointers are slot 0.
  const uint32_t first = data_.relocatable ? 1 : 0;
  write_constant(out, ValType::i32, first);
  out.leb_u(data_.table.size(), "functions");
  for (size_t i = 0; i < data_.table.size(); i++) {
    out.leb_u(data_.table[i].value,
              [&] { return fmt::format("slot {}: function {}", first + i, data_.table[i].value); });
  }
}

void ModuleEncoder::data_count(FieldWriter& out) const { out.leb_u(data_.data.size(), "data segments"); }

void ModuleEncoder::code(FieldWriter& out) const {
  out.leb_u(data_.functions.size(), "bodies");
  for (const auto& function : data_.functions) {
    FieldWriter body = out.nested();
    FunctionEncoder(*function, data_.relocatable ? &data_ : nullptr).write(body);
    const std::string what = out.describing() ? fmt::format("body of function {} \"{}\"",
                                                            function->index().value, function->name())
                                              : "";
    out.sized(std::move(body), what);
  }
}

void ModuleEncoder::data(FieldWriter& out) const {
  out.leb_u(data_.data.size(), "data segments");
  for (size_t i = 0; i < data_.data.size(); i++) {
    const EncodedData& segment = data_.data[i];
    out.leb_u(segment.offset ? 0 : 1, [&] {
      return fmt::format("segment {}: {}", i, segment.offset ? "active, memory 0" : "passive");
    });
    if (segment.offset) write_constant(out, ValType::i32, *segment.offset);
    out.leb_u(segment.bytes.size(), [&] { return fmt::format("{} bytes", segment.bytes.size()); });
    out.bytes(segment.bytes, "data");
  }
}

void ModuleEncoder::custom_sections() {
  for (const EncodedCustom& custom : data_.custom) {
    out_.u8(0, "--- section custom");
    FieldWriter inner = out_.nested();
    inner.name(custom.name, "custom");
    inner.bytes(custom.bytes, "content");
    out_.sized(std::move(inner), "section");
  }
}

}  // namespace weft::wasm

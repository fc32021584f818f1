// What makes a module relocatable: data with words for the linker, symbols, relocations and features
// (WebAssembly tool-conventions, Linking.md, version 2).
#include <fmt/format.h>

#include "base/check.hpp"
#include "targets/wasm/encoder.hpp"

namespace weft::wasm {
namespace {

constexpr uint32_t kLinkingVersion = 2;
enum class Subsection : uint8_t { segment_info = 5, symbol_table = 8 };
enum class SymbolKind : uint8_t { function = 0, data = 1, table = 5 };
/// Of symbols.
constexpr uint32_t kLocal = 0x02, kHidden = 0x04, kUndefined = 0x10, kNoStrip = 0x80;

/// The segment's section for the linker: what is not referred to is left out with it.
std::string segment_name(const ObjectData& data) { return ".rodata." + data.name; }

uint64_t size_of(const ObjectData& data) { return data.bytes.size() + data.outside; }

/// As tool-conventions name them.
std::string_view target_name(Feature feature) {
  switch (feature) {
    case Feature::mvp: break;
    case Feature::sign_extension: return "sign-ext";
    case Feature::saturating: return "nontrapping-fptoint";
    case Feature::bulk_memory: return "bulk-memory";
    case Feature::simd: return "simd128";
    case Feature::relaxed_simd: return "relaxed-simd";
    case Feature::threads: return "atomics";
  }
  WEFT_UNREACHABLE("feature");
}

bool has_addend(RelocationType type) {
  return type == RelocationType::memory_addr_sleb || type == RelocationType::memory_addr_i32;
}

std::string_view to_string(RelocationType type) {
  switch (type) {
    case RelocationType::function_index_leb: return "R_WASM_FUNCTION_INDEX_LEB";
    case RelocationType::table_index_i32: return "R_WASM_TABLE_INDEX_I32";
    case RelocationType::memory_addr_sleb: return "R_WASM_MEMORY_ADDR_SLEB";
    case RelocationType::memory_addr_i32: return "R_WASM_MEMORY_ADDR_I32";
    case RelocationType::type_index_leb: return "R_WASM_TYPE_INDEX_LEB";
  }
  WEFT_UNREACHABLE("relocation");
}

}  // namespace

uint32_t symbol_of(const ModuleData& module, DataIndex segment) {
  return static_cast<uint32_t>(module.imports.size() + module.functions.size()) + segment.value;
}

uint32_t object_offset(const ModuleData& module, DataIndex segment) {
  uint64_t at = 0;
  for (uint32_t i = 0;; i++) {
    const ObjectData& data = module.object_data[i];
    const uint64_t alignment = uint64_t{1} << data.alignment;
    at = (at + alignment - 1) / alignment * alignment;
    if (i == segment.value) break;
    at += size_of(data);
  }
  WEFT_CHECK(at <= INT32_MAX, "data of an object below 2 GiB");
  return static_cast<uint32_t>(at);
}

uint64_t ModuleEncoder::outside_bytes() const {
  return data_.object_data.empty() ? 0 : data_.object_data.back().outside;
}

/// With the value that it has in the module as it is.
void ModuleEncoder::object_word(FieldWriter& out, const ObjectData& data, const DataReference& r) const {
  uint32_t value = 0;
  if (const auto* function = std::get_if<FuncIndex>(&r.target)) {
    out.relocate(RelocationType::table_index_i32, symbol_of(*function));
    value = data_.table_slots.at(*function) + 1;
  } else {
    const DataAddress& to = std::get<DataAddress>(r.target);
    out.relocate(RelocationType::memory_addr_i32, symbol_of(data_, to.segment), to.offset);
    value = object_offset(data_, to.segment) + to.offset;
  }
  out.write([&] { out.out().u32(value); }, [&] { return fmt::format("{} + {}: linked", data.name, r.at); });
}

void ModuleEncoder::object_data(FieldWriter& out) const {
  out.leb_u(data_.object_data.size(), "data segments");
  for (uint32_t i = 0; i < data_.object_data.size(); i++) {
    const ObjectData& data = data_.object_data[i];
    const uint32_t offset = object_offset(data_, {i});
    out.leb_u(0, [&] { return fmt::format("segment {}: active, memory 0", i); });
    out.write(
        [&] {
          out.out().u8(0x41);
          out.out().leb_s(static_cast<int32_t>(offset));
          out.out().u8(0x0B);
        },
        [&] { return fmt::format("i32.const {}, end", offset); });
    out.leb_u(size_of(data), [&] { return fmt::format("{} bytes", size_of(data)); });
    const std::span<const uint8_t> bytes = data.bytes;
    size_t done = 0;
    const auto plain = [&](size_t end) {
      if (end > done) out.bytes(bytes.subspan(done, end - done), data.name);
      done = end;
    };
    for (const DataReference& reference : data.references) {
      WEFT_CHECK(reference.at >= done, data.name);
      plain(reference.at);
      object_word(out, data, reference);
      done += sizeof(uint32_t);
    }
    plain(bytes.size());
  }
}

void ModuleEncoder::segment_infos(FieldWriter& out) const {
  out.leb_u(data_.object_data.size(), "segments");
  for (const ObjectData& data : data_.object_data) {
    out.name(segment_name(data), "segment");
    out.leb_u(data.alignment, [&] { return fmt::format("alignment {}", 1u << data.alignment); });
    out.leb_u(0, "no flags");
  }
}

void ModuleEncoder::symbols(FieldWriter& out) const {
  WEFT_CHECK(data_.imports.empty(), "functions that an object asks for");
  out.leb_u(data_.functions.size() + data_.object_data.size() + (data_.needs_table ? 1 : 0), "symbols");
  const auto head = [&](SymbolKind kind, uint32_t flags, std::string_view what) {
    out.u8(static_cast<uint8_t>(kind), what);
    out.leb_u(flags, [&] { return fmt::format("flags 0x{:x}", flags); });
  };
  for (const auto& function : data_.functions) {
    const bool is_global = data_.global_symbols.contains(function->index());
    head(SymbolKind::function, is_global ? kHidden : kLocal, "function");
    out.leb_u(function->index().value, "index");
    out.name(function->name(), "name");
  }
  for (uint32_t i = 0; i < data_.object_data.size(); i++) {
    head(SymbolKind::data, kLocal, "data");
    out.name(data_.object_data[i].name, "name");
    out.leb_u(i, "segment");
    out.leb_u(0, "offset");
    out.leb_u(size_of(data_.object_data[i]), "size");
  }
  if (!data_.needs_table) return;
  head(SymbolKind::table, kUndefined | kNoStrip, "table");
  out.leb_u(0, kLinkedTable);
}

void ModuleEncoder::linking(FieldWriter& out) const {
  out.name("linking", "custom");
  out.leb_u(kLinkingVersion, "version");
  FieldWriter table = out.nested();
  symbols(table);
  out.u8(static_cast<uint8_t>(Subsection::symbol_table), "symbol table");
  out.sized(std::move(table), "subsection");
  if (data_.object_data.empty()) return;
  FieldWriter segments = out.nested();
  segment_infos(segments);
  out.u8(static_cast<uint8_t>(Subsection::segment_info), "segment info");
  out.sized(std::move(segments), "subsection");
}

void ModuleEncoder::relocation_section(const SectionRelocations& from) {
  out_.u8(0, "--- section custom");
  FieldWriter out = out_.nested();
  out.name(from.name == "code" ? "reloc.CODE" : "reloc.DATA", "custom");
  out.leb_u(from.section, "section");
  out.leb_u(from.relocations.size(), "relocations");
  for (const Relocation& r : from.relocations) {
    out.write(
        [&] {
          out.out().u8(static_cast<uint8_t>(r.type));
          out.out().leb_u(r.offset);
          out.out().leb_u(r.index);
          if (has_addend(r.type)) out.out().leb_s(r.addend);
        },
        [&] { return fmt::format("{} at {}: {} + {}", to_string(r.type), r.offset, r.index, r.addend); });
  }
  out_.sized(std::move(out), "section");
  sections_++;
}

void ModuleEncoder::target_features(FieldWriter& out) const {
  out.name("target_features", "custom");
  const std::vector<Feature> features = module_.features();
  out.leb_u(features.size(), "features");
  for (const Feature feature : features) {
    out.u8('+', "used");
    out.name(target_name(feature), "feature");
  }
}

void ModuleEncoder::write_linking() {
  section(0, "custom", true, &ModuleEncoder::linking);
  const std::vector<SectionRelocations> all = relocations_;
  for (const SectionRelocations& from : all) relocation_section(from);
  section(0, "custom", true, &ModuleEncoder::target_features);
}

}  // namespace weft::wasm

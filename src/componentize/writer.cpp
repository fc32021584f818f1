#include "componentize/writer.hpp"

#include "base/check.hpp"

namespace weft::componentize {
namespace {

/// Sections.
constexpr uint8_t kCoreModule = 1, kCoreInstance = 2, kComponent = 4, kInstance = 5, kAlias = 6, kType = 7,
                  kCanon = 8, kImport = 10, kExport = 11;
constexpr uint8_t kPreamble[] = {0, 'a', 's', 'm', 0x0d, 0, 1, 0};

uint64_t size_of(const Pieces& pieces) {
  uint64_t total = 0;
  for (const bundle::Piece& piece : pieces) total += bundle::size(piece);
  return total;
}

/// An importname or exportname.
void write_extern_name(ByteWriter& out, std::string_view name) {
  out.u8(0);
  write_name(out, name);
}

/// What an instance is given or made of: a name, a sort and an index of that sort.
template <class AnySort>
void write_named(ByteWriter& out, std::string_view name, AnySort sort, uint32_t index) {
  write_name(out, name);
  out.u8(static_cast<uint8_t>(sort));
  out.leb_u(index);
}

}  // namespace

void write_name(ByteWriter& out, std::string_view name) {
  out.leb_u(name.size());
  out.text(name);
}

ComponentWriter::ComponentWriter() { bytes_.bytes(kPreamble); }

/// A vector of one.
void ComponentWriter::section(uint8_t id, std::span<const uint8_t> entry) {
  bytes_.u8(id);
  bytes_.leb_u(entry.size() + 1);
  bytes_.u8(1);
  bytes_.bytes(entry);
}

void ComponentWriter::large_section(uint8_t id, Pieces contents) {
  bytes_.u8(id);
  bytes_.leb_u(size_of(contents));
  pieces_.emplace_back(bytes_.take());
  bytes_ = ByteWriter();
  for (bundle::Piece& piece : contents) pieces_.push_back(std::move(piece));
}

uint32_t ComponentWriter::core_module(Pieces code) {
  large_section(kCoreModule, std::move(code));
  return core_modules_++;
}

uint32_t ComponentWriter::core_instance(uint32_t module, std::span<const CoreArgument> arguments) {
  ByteWriter out;
  out.u8(0x00);
  out.leb_u(module);
  out.leb_u(arguments.size());
  for (const CoreArgument& argument : arguments) {
    write_named(out, argument.name, CoreSort::instance, argument.instance);
  }
  section(kCoreInstance, out.data());
  return core_instances_++;
}

uint32_t ComponentWriter::core_instance(std::span<const CoreExport> exports) {
  ByteWriter out;
  out.u8(0x01);
  out.leb_u(exports.size());
  for (const CoreExport& item : exports) {
    write_named(out, item.name, item.sort, item.index);
  }
  section(kCoreInstance, out.data());
  return core_instances_++;
}

uint32_t ComponentWriter::core_export(CoreSort sort, uint32_t instance, std::string_view name) {
  ByteWriter out;
  out.u8(0x00);  // of core
  out.u8(static_cast<uint8_t>(sort));
  out.u8(0x01);  // an export of a core instance
  out.leb_u(instance);
  write_name(out, name);
  section(kAlias, out.data());
  switch (sort) {
    case CoreSort::function: return core_functions_++;
    case CoreSort::table: return core_tables_++;
    case CoreSort::memory: return core_memories_++;
    case CoreSort::instance: break;
  }
  WEFT_CHECK(false, "core instances export no instances");
  return 0;
}

uint32_t ComponentWriter::resource_function(ResourceCall call, uint32_t type) {
  ByteWriter out;
  out.u8(static_cast<uint8_t>(call));
  out.leb_u(type);
  section(kCanon, out.data());
  return core_functions_++;
}

uint32_t ComponentWriter::type(std::span<const uint8_t> bytes) {
  section(kType, bytes);
  return types_++;
}

uint32_t ComponentWriter::type_export(uint32_t instance, std::string_view name) {
  ByteWriter out;
  out.u8(static_cast<uint8_t>(Sort::type));
  out.u8(0x00);  // an export of an instance
  out.leb_u(instance);
  write_name(out, name);
  section(kAlias, out.data());
  return types_++;
}

uint32_t ComponentWriter::lift(uint32_t core_function, const Lifting& lifting, uint32_t type) {
  constexpr uint8_t kUtf8 = 0x00, kMemory = 0x03, kRealloc = 0x04;
  ByteWriter out;
  out.u16(0x0000);
  out.leb_u(core_function);
  out.leb_u(3);
  out.u8(kUtf8);
  out.u8(kMemory);
  out.leb_u(lifting.memory);
  out.u8(kRealloc);
  out.leb_u(lifting.realloc);
  out.leb_u(type);
  section(kCanon, out.data());
  return functions_++;
}

uint32_t ComponentWriter::component(Pieces code) {
  large_section(kComponent, std::move(code));
  return components_++;
}

uint32_t ComponentWriter::instance(uint32_t component, std::span<const Argument> arguments) {
  ByteWriter out;
  out.u8(0x00);
  out.leb_u(component);
  out.leb_u(arguments.size());
  for (const Argument& argument : arguments) {
    write_named(out, argument.name, argument.sort, argument.index);
  }
  section(kInstance, out.data());
  return instances_++;
}

uint32_t ComponentWriter::import_resource(std::string_view name) {
  ByteWriter out;
  write_extern_name(out, name);
  out.u8(static_cast<uint8_t>(Sort::type));
  out.u8(0x01);  // sub resource
  section(kImport, out.data());
  return types_++;
}

uint32_t ComponentWriter::import_type(std::string_view name, uint32_t type) {
  ByteWriter out;
  write_extern_name(out, name);
  out.u8(static_cast<uint8_t>(Sort::type));
  out.u8(0x00);  // eq
  out.leb_u(type);
  section(kImport, out.data());
  return types_++;
}

uint32_t ComponentWriter::import_function(std::string_view name, uint32_t type) {
  ByteWriter out;
  write_extern_name(out, name);
  out.u8(static_cast<uint8_t>(Sort::function));
  out.leb_u(type);
  section(kImport, out.data());
  return functions_++;
}

uint32_t ComponentWriter::export_type(std::string_view name, uint32_t type) {
  ByteWriter out;
  write_extern_name(out, name);
  out.u8(static_cast<uint8_t>(Sort::type));
  out.leb_u(type);
  out.u8(0x00);  // as it is
  section(kExport, out.data());
  return types_++;
}

uint32_t ComponentWriter::export_function(std::string_view name, uint32_t function, uint32_t type) {
  ByteWriter out;
  write_extern_name(out, name);
  out.u8(static_cast<uint8_t>(Sort::function));
  out.leb_u(function);
  out.u8(0x01);  // as of a type
  out.u8(static_cast<uint8_t>(Sort::function));
  out.leb_u(type);
  section(kExport, out.data());
  return functions_++;
}

uint32_t ComponentWriter::export_instance(std::string_view name, uint32_t instance) {
  ByteWriter out;
  write_extern_name(out, name);
  out.u8(static_cast<uint8_t>(Sort::instance));
  out.leb_u(instance);
  out.u8(0x00);
  section(kExport, out.data());
  return instances_++;
}

Pieces ComponentWriter::take() {
  if (bytes_.size() > 0) pieces_.emplace_back(bytes_.take());
  return std::move(pieces_);
}

}  // namespace weft::componentize

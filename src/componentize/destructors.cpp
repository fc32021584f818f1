#include "componentize/destructors.hpp"

#include "base/bytes.hpp"
#include "componentize/writer.hpp"

namespace weft::componentize {
namespace {

// Of the core specification, 5.3 and 5.5.
constexpr uint8_t kHeader[] = {0, 'a', 's', 'm', 1, 0, 0, 0};
constexpr uint8_t kFunctionType = 0x60, kI32 = 0x7f, kFunctionReference = 0x70, kWithMaximum = 0x01;
constexpr uint8_t kTypes = 1, kImports = 2, kFunctions = 3, kTables = 4, kExports = 7, kStart = 8,
                  kElements = 9, kCode = 10;
constexpr uint8_t kFunction = 0, kTable = 1;

void section(ByteWriter& module, uint8_t id, const ByteWriter& contents) {
  module.u8(id);
  module.leb_u(contents.size());
  module.bytes(contents.data());
}

void table_type(ByteWriter& out, size_t count) {
  out.u8(kFunctionReference);
  out.u8(kWithMaximum);
  out.leb_u(count);
  out.leb_u(count);
}

/// (i32) -> (), and where `with_start`, () -> ().
void types(ByteWriter& module, bool with_start) {
  ByteWriter out;
  out.u8(with_start ? 2 : 1);
  for (const uint8_t byte : {kFunctionType, uint8_t{1}, kI32, uint8_t{0}}) out.u8(byte);
  if (with_start)
    for (const uint8_t byte : {kFunctionType, uint8_t{0}, uint8_t{0}}) out.u8(byte);
  section(module, kTypes, out);
}

/// local.get 0, i32.const number, call_indirect of the first type.
std::vector<uint8_t> call_of(size_t number) {
  ByteWriter out;
  out.u8(0);  // no locals
  out.u8(0x20);
  out.leb_u(0);
  out.u8(0x41);
  out.leb_s(static_cast<int64_t>(number));
  out.u8(0x11);
  out.leb_u(0);
  out.leb_u(0);
  out.u8(0x0b);
  return out.take();
}

}  // namespace

std::string destructor_name(size_t number) { return std::to_string(number); }

std::vector<uint8_t> destructor_shim(size_t count) {
  ByteWriter module, functions, tables, exports, code;
  module.bytes(kHeader);
  types(module, false);
  functions.leb_u(count);
  exports.leb_u(count + 1);
  code.leb_u(count);
  for (size_t i = 0; i < count; ++i) {
    functions.leb_u(0);
    write_name(exports, destructor_name(i));
    exports.u8(kFunction);
    exports.leb_u(i);
    const std::vector<uint8_t> body = call_of(i);
    code.leb_u(body.size());
    code.bytes(body);
  }
  write_name(exports, "table");
  exports.u8(kTable);
  exports.leb_u(0);
  tables.leb_u(1);
  table_type(tables, count);
  section(module, kFunctions, functions);
  section(module, kTables, tables);
  section(module, kExports, exports);
  section(module, kCode, code);
  return module.take();
}

std::vector<uint8_t> destructor_fixup(size_t count) {
  ByteWriter module, imports, start, elements;
  module.bytes(kHeader);
  types(module, true);
  imports.leb_u(count + 2);
  const auto import = [&](std::string_view from, std::string_view name, uint8_t kind) {
    write_name(imports, from);
    write_name(imports, name);
    imports.u8(kind);
  };
  for (size_t i = 0; i < count; ++i) {
    import("destructors", destructor_name(i), kFunction);
    imports.leb_u(0);
  }
  import("host", "_initialize", kFunction);
  imports.leb_u(1);
  import("shim", "table", kTable);
  table_type(imports, count);
  start.leb_u(count);  // the function behind the destructors
  elements.leb_u(1);
  for (const uint8_t byte : {0x00, 0x41, 0x00, 0x0b}) elements.u8(byte);  // active, at i32.const 0
  elements.leb_u(count);
  for (size_t i = 0; i < count; ++i) elements.leb_u(i);
  section(module, kImports, imports);
  section(module, kStart, start);
  section(module, kElements, elements);
  return module.take();
}

}  // namespace weft::componentize

// The name section (specification, appendix 7.4.1): what profilers and stack traces show.
#include <fmt/format.h>

#include "targets/wasm/encoder.hpp"

namespace weft::wasm {
namespace {

enum class NameKind : uint8_t { module = 0, functions = 1, locals = 2 };

void write_subsection(FieldWriter& out, NameKind kind, std::string_view what, FieldWriter&& inner) {
  out.u8(static_cast<uint8_t>(kind), what);
  out.sized(std::move(inner), "subsection");
}

void write_entry(FieldWriter& out, uint32_t index, std::string_view name) {
  out.leb_u(index, [&] { return fmt::format("index {}", index); });
  out.name(name, "name");
}

}  // namespace

bool ModuleEncoder::has_names() const {
  if (!data_.name.empty()) return true;
  for (const auto& function : data_.functions) {
    if (!function->name().empty() || !FunctionEncoder(*function).names().empty()) return true;
  }
  return false;
}

void ModuleEncoder::function_names(FieldWriter& out) const {
  uint64_t count = data_.imports.size();
  for (const auto& function : data_.functions) count += function->name().empty() ? 0 : 1;
  out.leb_u(count, "names");
  for (uint32_t i = 0; i < data_.imports.size(); i++) {
    const ImportName& from = data_.imports[i].from;
    write_entry(out, i, fmt::format("{}.{}", from.module, from.name));
  }
  for (const auto& function : data_.functions) {
    if (!function->name().empty()) write_entry(out, function->index().value, function->name());
  }
}

void ModuleEncoder::local_names(FieldWriter& out) const {
  FieldWriter entries = out.nested();
  uint32_t count = 0;
  for (const auto& function : data_.functions) {
    const FunctionEncoder encoder(*function);
    const auto names = encoder.names();
    if (names.empty()) continue;
    count++;
    entries.leb_u(function->index().value,
                  [&] { return fmt::format("function {}", function->index().value); });
    entries.leb_u(names.size(), "names");
    for (const auto& [number, name] : names) write_entry(entries, number, name);
  }
  out.leb_u(count, "functions");
  out.append(std::move(entries));
}

void ModuleEncoder::names(FieldWriter& out) const {
  out.name("name", "custom");
  if (!data_.name.empty()) {
    FieldWriter module = out.nested();
    module.name(data_.name, "module");
    write_subsection(out, NameKind::module, "module name", std::move(module));
  }
  FieldWriter functions = out.nested();
  function_names(functions);
  write_subsection(out, NameKind::functions, "function names", std::move(functions));
  bool has_locals = false;
  for (const auto& function : data_.functions) has_locals |= !FunctionEncoder(*function).names().empty();
  if (!has_locals) return;
  FieldWriter locals = out.nested();
  local_names(locals);
  write_subsection(out, NameKind::locals, "local names", std::move(locals));
}

}  // namespace weft::wasm

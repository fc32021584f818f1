// Module: what it is made of. encoder.cpp writes it.
#include <fmt/format.h>

#include <set>

#include "base/check.hpp"
#include "targets/wasm/assembler.hpp"
#include "targets/wasm/assembler_data.hpp"

namespace weft::wasm {
namespace {

constexpr uint32_t kMaxPages = 65536;

void check_limits(const Limits& limits) {
  WEFT_CHECK(limits.min <= kMaxPages);
  WEFT_CHECK(!limits.max || (*limits.max >= limits.min && *limits.max <= kMaxPages));
  WEFT_CHECK(!limits.shared || limits.max.has_value());
}

void add_export(ModuleData& data, std::string_view name, ExternKind kind, uint32_t index) {
  for (const Export& other : data.exports) WEFT_CHECK(other.name != name, name);
  data.exports.push_back({std::string(name), kind, index});
}

}  // namespace

Module::Module() : data_(std::make_unique<ModuleData>()) {}
Module::~Module() = default;

void Module::set_name(std::string name) { data_->name = std::move(name); }

void Module::import_memory(std::string_view module, std::string_view name, const Limits& limits) {
  WEFT_CHECK(!data_->memory);
  check_limits(limits);
  data_->memory = Memory{limits, ImportName{std::string(module), std::string(name)}};
}

void Module::add_memory(const Limits& limits) {
  WEFT_CHECK(!data_->memory);
  check_limits(limits);
  data_->memory = Memory{limits, std::nullopt};
}

void Module::export_memory(std::string_view name) {
  WEFT_CHECK(data_->memory.has_value());
  add_export(*data_, name, ExternKind::memory, 0);
}

uint32_t Module::type_index(const FuncType& type) {
  const auto [entry, is_new] =
      data_->type_numbers.try_emplace(type, static_cast<uint32_t>(data_->types.size()));
  if (is_new) data_->types.push_back(type);
  return entry->second;
}

FuncIndex Module::import_function(std::string_view module, std::string_view name, FuncType type) {
  WEFT_CHECK(data_->functions.empty(), "imports come before the first function of the module's own");
  const uint32_t number = type_index(type);
  data_->imports.push_back({{std::string(module), std::string(name)}, number});
  return {static_cast<uint32_t>(data_->imports.size()) - 1};
}

Function& Module::add_function(std::string name, FuncType type) {
  type_index(type);
  const FuncIndex index{static_cast<uint32_t>(data_->imports.size() + data_->functions.size())};
  data_->functions.emplace_back(new Function(*this, index, std::move(name), std::move(type)));
  return *data_->functions.back();
}

const FuncType& Module::type_of(FuncIndex function) const {
  const size_t imported = data_->imports.size();
  if (function.value < imported) return data_->types[data_->imports[function.value].type];
  WEFT_CHECK(function.value - imported < data_->functions.size());
  return data_->functions[function.value - imported]->type();
}

void Module::export_function(std::string_view name, FuncIndex function) {
  WEFT_CHECK(function.value < data_->imports.size() + data_->functions.size(), name);
  add_export(*data_, name, ExternKind::function, function.value);
}

uint32_t Module::table_slot(FuncIndex function) {
  WEFT_CHECK(function.value < data_->imports.size() + data_->functions.size());
  const auto next = static_cast<uint32_t>(data_->table.size());
  const auto [entry, is_new] = data_->table_slots.try_emplace(function, next);
  if (is_new) data_->table.push_back(function);
  data_->needs_table = true;
  return entry->second;
}

void Module::export_table(std::string_view name) {
  data_->needs_table = true;
  add_export(*data_, name, ExternKind::table, 0);
}

GlobalIndex Module::add_global(ValType type, bool is_mutable, uint64_t initial_bits, std::string name) {
  WEFT_CHECK(type != ValType::v128, "v128 globals are not supported");
  data_->globals.push_back({type, is_mutable, initial_bits, std::move(name)});
  return {static_cast<uint32_t>(data_->globals.size()) - 1};
}

void Module::export_global(std::string_view name, GlobalIndex global) {
  WEFT_CHECK(global.value < data_->globals.size(), name);
  add_export(*data_, name, ExternKind::global, global.value);
}

void Module::add_data(uint32_t offset, std::vector<uint8_t> bytes) {
  WEFT_CHECK(data_->memory.has_value() && !data_->relocatable);
  data_->data.push_back({offset, std::move(bytes)});
}

uint32_t Module::add_passive_data(std::vector<uint8_t> bytes) {
  WEFT_CHECK(!data_->relocatable);
  data_->data.push_back({std::nullopt, std::move(bytes)});
  return static_cast<uint32_t>(data_->data.size()) - 1;
}

void Module::make_relocatable() {
  WEFT_CHECK(!data_->memory && data_->types.empty());
  data_->relocatable = true;
  import_memory("env", "__linear_memory", {});
}

void Module::make_global(FuncIndex function) {
  WEFT_CHECK(data_->relocatable && function.value < data_->imports.size() + data_->functions.size());
  data_->global_symbols.insert(function);
}

DataIndex Module::add_object_data(ObjectData data) {
  WEFT_CHECK(data_->relocatable, data.name);
  WEFT_CHECK(data_->object_data.empty() || data_->object_data.back().outside == 0, data.name);
  for (const DataReference& reference : data.references) {
    WEFT_CHECK(reference.at + sizeof(uint32_t) <= data.bytes.size(), data.name);
    if (const auto* function = std::get_if<FuncIndex>(&reference.target)) table_slot(*function);
  }
  data_->object_data.push_back(std::move(data));
  return {static_cast<uint32_t>(data_->object_data.size()) - 1};
}

void Module::add_custom_section(std::string_view name, std::vector<uint8_t> bytes) {
  data_->custom.push_back({std::string(name), std::move(bytes)});
}

std::vector<Feature> Module::features() const {
  std::set<Feature> found;
  for (const auto& function : data_->functions) {
    for (const Instruction& instruction : function->code_) found.insert(info(instruction.instr).feature);
    for (ValType type : function->locals_) {
      if (type == ValType::v128) found.insert(Feature::simd);
    }
  }
  for (const FuncType& type : data_->types) {
    for (ValType param : type.params) found.insert(param == ValType::v128 ? Feature::simd : Feature::mvp);
    for (ValType result : type.results) found.insert(result == ValType::v128 ? Feature::simd : Feature::mvp);
  }
  if (found.contains(Feature::relaxed_simd)) found.insert(Feature::simd);
  if (data_->memory && data_->memory->limits.shared) found.insert(Feature::threads);
  for (const EncodedData& segment : data_->data) {
    if (!segment.offset) found.insert(Feature::bulk_memory);
  }
  found.erase(Feature::mvp);
  return {found.begin(), found.end()};
}

}  // namespace weft::wasm

// The binary format of components (the component model's Binary.md): definitions one after the other, each of
// which gets the next index of its kind.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "bundle/bundle.hpp"

namespace weft::componentize {

using Pieces = std::vector<bundle::Piece>;

/// Kinds of what core modules and their instances have.
enum class CoreSort : uint8_t { function = 0x00, table = 0x01, memory = 0x02, instance = 0x12 };
enum class Sort : uint8_t { function = 0x01, type = 0x03, component = 0x04, instance = 0x05 };

struct CoreExport {
  std::string name;
  CoreSort sort = CoreSort::function;
  uint32_t index = 0;
};
struct CoreArgument {
  std::string name;  ///< a module that is imported from
  uint32_t instance = 0;
};
struct Argument {
  std::string name;
  Sort sort = Sort::function;
  uint32_t index = 0;
};

enum class ResourceCall : uint8_t { make = 0x02, drop = 0x03, rep = 0x04 };

/// How a core function becomes one of the component: with these, strings are UTF-8.
struct Lifting {
  uint32_t memory = 0;
  uint32_t realloc = 0;
};

/// Builds one component. Each method appends a definition and returns its index.
class ComponentWriter {
 public:
  ComponentWriter();

  uint32_t core_module(Pieces code);
  uint32_t core_instance(uint32_t module, std::span<const CoreArgument> arguments);
  /// An instance of what is there already.
  uint32_t core_instance(std::span<const CoreExport> exports);
  /// What a core instance exports.
  uint32_t core_export(CoreSort sort, uint32_t instance, std::string_view name);
  /// A core function that does something with handles of a resource.
  uint32_t resource_function(ResourceCall call, uint32_t type);

  /// `bytes`: a deftype.
  uint32_t type(std::span<const uint8_t> bytes);
  /// A type that an instance exports.
  uint32_t type_export(uint32_t instance, std::string_view name);
  uint32_t lift(uint32_t core_function, const Lifting& lifting, uint32_t type);
  /// A component within this one.
  uint32_t component(Pieces code);
  uint32_t instance(uint32_t component, std::span<const Argument> arguments);

  uint32_t import_resource(std::string_view name);
  uint32_t import_type(std::string_view name, uint32_t type);
  uint32_t import_function(std::string_view name, uint32_t type);
  uint32_t export_type(std::string_view name, uint32_t type);
  /// As of this type, whose parts are exported.
  uint32_t export_function(std::string_view name, uint32_t function, uint32_t type);
  uint32_t export_instance(std::string_view name, uint32_t instance);

  Pieces take();

 private:
  void section(uint8_t id, std::span<const uint8_t> entry);
  void large_section(uint8_t id, Pieces contents);

  Pieces pieces_;
  ByteWriter bytes_;  // behind the pieces
  uint32_t core_modules_ = 0, core_instances_ = 0, core_functions_ = 0, core_memories_ = 0, core_tables_ = 0;
  uint32_t types_ = 0, functions_ = 0, components_ = 0, instances_ = 0;
};

/// A length, and the text.
void write_name(ByteWriter& out, std::string_view name);

}  // namespace weft::componentize

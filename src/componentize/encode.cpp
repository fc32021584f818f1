#include "componentize/encode.hpp"

#include <map>

#include "base/check.hpp"
#include "componentize/destructors.hpp"
#include "componentize/interface.hpp"

namespace weft::componentize {
namespace {

/// Types of the component that is written, by name.
using TypeIndices = std::map<std::string_view, uint32_t>;

/// What a deftype refers to: a primitive's byte, or the index of a type, which is written here if it is none
/// of `known`.
std::vector<uint8_t> value_type(ComponentWriter& out, const Type& type, const TypeIndices& known) {
  const auto index = [](uint32_t number) {
    ByteWriter bytes;
    bytes.leb_s(number);
    return bytes.take();
  };
  ByteWriter bytes;
  switch (type.kind) {
    case Type::Kind::u8: return {0x7d};
    case Type::Kind::u32: return {0x79};
    case Type::Kind::string: return {0x73};
    case Type::Kind::named: return index(known.at(type.name));
    case Type::Kind::own:
    case Type::Kind::borrow:
      bytes.u8(type.kind == Type::Kind::own ? 0x69 : 0x68);
      bytes.leb_u(known.at(type.name));
      break;
    case Type::Kind::list: {
      const std::vector<uint8_t> element = value_type(out, type.of[0], known);
      bytes.u8(0x70);
      bytes.bytes(element);
      break;
    }
    case Type::Kind::tuple: {
      std::vector<std::vector<uint8_t>> parts;
      for (const Type& part : type.of) parts.push_back(value_type(out, part, known));
      bytes.u8(0x6f);
      bytes.leb_u(parts.size());
      for (const std::vector<uint8_t>& part : parts) bytes.bytes(part);
      break;
    }
    case Type::Kind::result: {
      const std::vector<uint8_t> good = value_type(out, type.of[0], known);
      const std::vector<uint8_t> bad = value_type(out, type.of[1], known);
      bytes.u8(0x6a);
      for (const std::vector<uint8_t>* part : {&good, &bad}) {
        bytes.u8(0x01);
        bytes.bytes(*part);
      }
      break;
    }
  }
  return index(out.type(bytes.data()));
}

/// A named type of values.
uint32_t define(ComponentWriter& out, const TypeDefinition& definition, const TypeIndices& known) {
  if (definition.kind == TypeDefinition::Kind::alias) {
    WEFT_CHECK(definition.type.kind >= Type::Kind::list, "a name for a type that is a name itself");
    const std::vector<uint8_t> index = value_type(out, definition.type, known);
    ByteReader reader(index);
    return static_cast<uint32_t>(*reader.leb_s32());
  }
  WEFT_CHECK(definition.kind == TypeDefinition::Kind::enumeration, "resources are defined elsewhere");
  ByteWriter bytes;
  bytes.u8(0x6d);
  bytes.leb_u(definition.labels.size());
  for (const std::string_view label : definition.labels) write_name(bytes, label);
  return out.type(bytes.data());
}

uint32_t function_type(ComponentWriter& out, const Function& function, const TypeIndices& known) {
  std::vector<std::vector<uint8_t>> parameters;
  for (const Parameter& parameter : function.parameters)
    parameters.push_back(value_type(out, parameter.type, known));
  const std::vector<uint8_t> result = value_type(out, function.result, known);
  ByteWriter bytes;
  bytes.u8(0x40);
  bytes.leb_u(parameters.size());
  for (size_t i = 0; i < parameters.size(); ++i) {
    write_name(bytes, function.parameters[i].name);
    bytes.bytes(parameters[i]);
  }
  bytes.u8(0x00);
  bytes.bytes(result);
  return out.type(bytes.data());
}

bool is_resource(const TypeDefinition& type) {
  return type.kind == TypeDefinition::Kind::resource || type.kind == TypeDefinition::Kind::used;
}

std::string numbered(const char* what, size_t number) { return what + std::to_string(number); }

/// Imports the interface's resources, enumerations and functions by number, exports all by name.
Pieces interface_component(const Interface& interface) {
  ComponentWriter out;
  TypeIndices imported;
  for (size_t i = 0; i < interface.types.size(); ++i) {
    const TypeDefinition& type = interface.types[i];
    if (is_resource(type)) {
      imported[type.name] = out.import_resource(numbered("type", i));
      continue;
    }
    const uint32_t defined = define(out, type, imported);
    imported[type.name] = type.kind == TypeDefinition::Kind::enumeration
                              ? out.import_type(numbered("type", i), defined)
                              : defined;
  }
  std::vector<uint32_t> functions;
  for (size_t i = 0; i < interface.functions.size(); ++i) {
    const uint32_t type = function_type(out, interface.functions[i], imported);
    functions.push_back(out.import_function(numbered("function", i), type));
  }
  TypeIndices exported;
  for (const TypeDefinition& type : interface.types) {
    const uint32_t inner = is_resource(type) ? imported.at(type.name) : define(out, type, exported);
    exported[type.name] = out.export_type(type.name, inner);
  }
  for (size_t i = 0; i < functions.size(); ++i) {
    const uint32_t type = function_type(out, interface.functions[i], exported);
    out.export_function(interface.functions[i].name, functions[i], type);
  }
  return out.take();
}

class Encoder {
 public:
  Pieces encode(std::vector<CoreModule> modules) {
    shim_ = out_.core_instance(out_.core_module(one_piece(destructor_shim(resources().size()))), {});
    std::vector<CoreArgument> arguments;
    define_resources(arguments);
    for (size_t i = 0; i < modules.size(); ++i) {
      std::vector<CoreArgument> own;
      if (i + 1 == modules.size()) own = arguments;
      for (const CoreModule::Import& import : modules[i].imports)
        own.push_back({import.name, instances_[import.module]});
      const uint32_t module = out_.core_module(std::move(modules[i].code));
      instances_.push_back(out_.core_instance(module, own));
    }
    host_ = instances_.back();
    connect_destructors();
    lifting_.memory = out_.core_export(CoreSort::memory, host_, "memory");
    lifting_.realloc = out_.core_export(CoreSort::function, host_, "cabi_realloc");
    for (size_t i = 0; i < wasi_nn().size(); ++i) export_interface(i);
    return out_.take();
  }

 private:
  struct Resource {
    size_t interface;
    std::string_view name;
  };

  static Pieces one_piece(std::vector<uint8_t> bytes) {
    Pieces pieces;
    pieces.emplace_back(std::move(bytes));
    return pieces;
  }

  static std::vector<Resource> resources() {
    std::vector<Resource> all;
    for (size_t i = 0; i < wasi_nn().size(); ++i)
      for (const TypeDefinition& type : wasi_nn()[i].types)
        if (type.kind == TypeDefinition::Kind::resource) all.push_back({i, type.name});
    return all;
  }

  /// The resources, and for each interface what the host imports to make and drop their handles.
  void define_resources(std::vector<CoreArgument>& arguments) {
    types_.resize(wasi_nn().size());
    std::vector<std::vector<CoreExport>> exports(wasi_nn().size());
    const std::vector<Resource> all = resources();
    for (size_t i = 0; i < all.size(); ++i) {
      const uint32_t destructor = out_.core_export(CoreSort::function, shim_, destructor_name(i));
      ByteWriter bytes;
      bytes.u8(0x3f);
      bytes.u8(0x7f);  // its representation: i32
      bytes.u8(0x01);
      bytes.leb_u(destructor);
      const uint32_t type = out_.type(bytes.data());
      types_[all[i].interface][all[i].name] = type;
      const std::string name(all[i].name);
      for (const auto& [prefix, call] :
           {std::pair{"[resource-new]", ResourceCall::make}, std::pair{"[resource-rep]", ResourceCall::rep},
            std::pair{"[resource-drop]", ResourceCall::drop}})
        exports[all[i].interface].push_back(
            {prefix + name, CoreSort::function, out_.resource_function(call, type)});
    }
    for (size_t i = 0; i < exports.size(); ++i)
      arguments.push_back({"[export]" + std::string(wasi_nn()[i].name), out_.core_instance(exports[i])});
  }

  uint32_t host_function(const Interface& interface, const std::string& name) {
    return out_.core_export(CoreSort::function, host_, std::string(interface.name) + "#" + name);
  }

  /// Fills the table of destructors and initialises the host.
  void connect_destructors() {
    std::vector<CoreExport> exports;
    const std::vector<Resource> all = resources();
    for (size_t i = 0; i < all.size(); ++i)
      exports.push_back({destructor_name(i), CoreSort::function,
                         host_function(wasi_nn()[all[i].interface], "[dtor]" + std::string(all[i].name))});
    const std::vector<CoreArgument> arguments = {
        {"destructors", out_.core_instance(exports)}, {"host", host_}, {"shim", shim_}};
    out_.core_instance(out_.core_module(one_piece(destructor_fixup(all.size()))), arguments);
  }

  void export_interface(size_t number) {
    const Interface& interface = wasi_nn()[number];
    TypeIndices& types = types_[number];
    std::vector<Argument> arguments;
    for (size_t i = 0; i < interface.types.size(); ++i) {
      const TypeDefinition& type = interface.types[i];
      if (type.kind == TypeDefinition::Kind::used)
        types[type.name] = out_.type_export(exported_[type.interface], type.name);
      else if (!is_resource(type)) types[type.name] = define(out_, type, types);
      if (type.kind != TypeDefinition::Kind::alias)
        arguments.push_back({numbered("type", i), Sort::type, types.at(type.name)});
    }
    for (size_t i = 0; i < interface.functions.size(); ++i) {
      const Function& function = interface.functions[i];
      const uint32_t type = function_type(out_, function, types);
      const uint32_t core = host_function(interface, std::string(function.name));
      arguments.push_back({numbered("function", i), Sort::function, out_.lift(core, lifting_, type)});
    }
    const uint32_t inner = out_.instance(out_.component(interface_component(interface)), arguments);
    exported_.push_back(out_.export_instance(interface.name, inner));
  }

  ComponentWriter out_;
  uint32_t shim_ = 0, host_ = 0;
  std::vector<uint32_t> instances_;  // of the modules
  std::vector<TypeIndices> types_;   // by interface
  std::vector<uint32_t> exported_;   // instances of interfaces
  Lifting lifting_;
};

}  // namespace

Pieces export_wasi_nn(std::vector<CoreModule> modules) { return Encoder().encode(std::move(modules)); }

}  // namespace weft::componentize

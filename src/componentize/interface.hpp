// Interfaces of WIT, as far as wasi:nn needs them: data for encode.hpp.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weft::componentize {

/// A type of a value.
struct Type {
  enum class Kind : uint8_t { u8, u32, string, named, own, borrow, list, tuple, result };
  Kind kind = Kind::u32;
  std::string_view name = {};  ///< named, own, borrow: of a type of the interface
  std::vector<Type> of = {};   ///< list: one; tuple; result: what it is, and the error
};

/// A type that an interface has.
struct TypeDefinition {
  enum class Kind : uint8_t {
    resource,
    used,         ///< a resource of an interface before this one
    enumeration,  ///< of labels
    alias         ///< another name for `type`
  };
  std::string_view name;
  Kind kind = Kind::resource;
  size_t interface = 0;  ///< used
  std::vector<std::string_view> labels = {};
  Type type = {};
};

struct Parameter {
  std::string_view name;
  Type type;
};

struct Function {
  std::string_view name;  ///< "[method]tensor.ty"
  std::vector<Parameter> parameters;
  Type result;
};

struct Interface {
  std::string_view name;  ///< "wasi:nn/tensor@0.2.0-rc-2024-10-28"
  std::vector<TypeDefinition> types;
  std::vector<Function> functions;
};

/// tensor, errors, inference and graph of wasi:nn@0.2.0-rc-2024-10-28 (WebAssembly/wasi-nn,
/// wit/wasi-nn.wit), each behind what it uses.
const std::vector<Interface>& wasi_nn();

}  // namespace weft::componentize

// Core modules to a component that exports wasi:nn and imports nothing.
//
// The host module, the last one, exports the functions by the names of the canonical ABI
// ("wasi:nn/tensor@…#[method]tensor.ty", "…#[dtor]tensor", cabi_realloc, memory, _initialize) and imports
// what handles need ("[export]wasi:nn/tensor@…": "[resource-new]tensor", -rep, -drop) and what modules before
// it export.
//
// The component has the form that wit-component gives to a library of these exports
// (bytecodealliance/wasm-tools): destructors, which resources name before there is the module that has them,
// go through a table that is filled last; each interface is what a small component within makes of functions
// that it imports, so that its types have names.
#pragma once

#include <string>
#include <vector>

#include "componentize/writer.hpp"

namespace weft::componentize {

/// A core module, of which there is one instance.
struct CoreModule {
  /// An import of its: the name of the module that it imports from, and which of those before it that is.
  struct Import {
    std::string name;
    size_t module = 0;
  };
  Pieces code;  ///< the binary
  std::vector<Import> imports;
};

/// `modules` are instantiated in their order.
Pieces export_wasi_nn(std::vector<CoreModule> modules);

}  // namespace weft::componentize

// What runs of modules and of components have in common: a store with what the program may have of the
// system.
#pragma once

#include "native/wasi.hpp"

namespace weft::native {

class WasiStore {
 public:
  /// Both outlive the store.
  WasiStore(const WasiProgram& program, const Engine& engine)
      : program_(program),
        api_(engine.api()),
        store_(owned(api_.wasmtime_store_new(engine.get(), nullptr, nullptr), api_.wasmtime_store_delete)),
        context_(api_.wasmtime_store_context(store_.get())) {}

  /// Limits, fuel, arguments, environment, streams and folders.
  Outcome<void> prepare();

  wasmtime_context_t* context() const { return context_; }

  /// The exit code of a program that did not return; exactly one is not null.
  Outcome<int> ended(wasmtime_error_t* error, wasm_trap_t* trap);
  std::unexpected<Error> wrong(weft_status status, wasmtime_error_t* error);

 private:
  Outcome<void> limit();
  Outcome<void> configure();

  const WasiProgram& program_;
  const Wasmtime& api_;
  Owned<wasmtime_store_t> store_;
  wasmtime_context_t* context_;
};

/// As run_wasi, of a component that exports wasi:cli/run: WASI is preview 2.
Outcome<int> run_wasi_component(std::span<const uint8_t> code, const WasiProgram& program,
                                const Engine& engine);

}  // namespace weft::native

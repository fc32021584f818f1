// Wasmtime's objects with owners.
#pragma once

#include <memory>
#include <optional>
#include <span>

#include "native/module_cache.hpp"
#include "native/wasmtime.hpp"

namespace weft::native {

/// Deletes by a function of the library, which never leaves memory.
template <class T>
struct Deleter {
  void (*function)(T*) = nullptr;
  void operator()(T* object) const { function(object); }
};
template <class T>
using Owned = std::unique_ptr<T, Deleter<T>>;

template <class T>
Owned<T> owned(T* object, void (*function)(T*)) {
  return Owned<T>(object, {function});
}

struct EngineOptions {
  /// Code asks between blocks whether to stop: what runs it can be ended by `interrupt`, at some cost in
  /// speed.
  bool interruptible = false;
  bool fuel = false;  ///< code counts what it does
};

/// A compiler and its settings. For any number of threads.
class Engine {
 public:
  static Outcome<std::shared_ptr<Engine>> make(const EngineOptions& options);
  /// For trusted models, which stop between kernel calls; made once.
  static Outcome<std::shared_ptr<Engine>> shared();

  const Wasmtime& api() const { return *api_; }
  wasm_engine_t* get() const { return engine_.get(); }
  bool interruptible() const { return options_.interruptible; }
  /// Ends what runs on an interruptible engine now. Does nothing but add to an atomic.
  void interrupt() const { api_->wasmtime_engine_increment_epoch(engine_.get()); }

  /// From now on, `compile` looks there first and leaves there what it makes. Not while it compiles.
  Outcome<void> keep_modules_in(const std::string& folder);

  /// Compiles. Fails with WEFT_BAD_BUNDLE and what Wasmtime says.
  Outcome<Owned<wasmtime_module_t>> compile(std::span<const uint8_t> code) const;

 private:
  Engine(const Wasmtime* api, const EngineOptions& options, wasm_engine_t* engine)
      : api_(api), options_(options), engine_(owned(engine, api->wasm_engine_delete)) {}
  const Wasmtime* api_;
  EngineOptions options_;
  std::optional<ModuleCache> cache_;
  Owned<wasm_engine_t> engine_;
};

}  // namespace weft::native

#include "native/engine.hpp"

namespace weft::native {

Outcome<std::shared_ptr<Engine>> Engine::make(const EngineOptions& options) {
  WEFT_NATIVE_ASSIGN(api, wasmtime());
  wasm_config_t* config = api->wasm_config_new();
  api->wasmtime_config_epoch_interruption_set(config, options.interruptible);
  api->wasmtime_config_consume_fuel_set(config, options.fuel);
  wasm_engine_t* engine = api->wasm_engine_new_with_config(config);
  if (engine == nullptr) return refuse(WEFT_NO_ENGINE, "Wasmtime does not run on this machine");
  return std::shared_ptr<Engine>(new Engine(api, options, engine));
}

Outcome<std::shared_ptr<Engine>> Engine::shared() {
  static const Outcome<std::shared_ptr<Engine>> engine = make({});
  return engine;
}

Outcome<void> Engine::keep_modules_in(const std::string& folder) {
  WEFT_NATIVE_ASSIGN(cache, ModuleCache::open(folder));
  cache_ = std::move(cache);
  return {};
}

Outcome<Owned<wasmtime_module_t>> Engine::compile(std::span<const uint8_t> code) const {
  const uint32_t settings = (options_.interruptible ? 1U : 0U) | (options_.fuel ? 2U : 0U);
  wasmtime_module_t* module = cache_ ? cache_->find(*api_, get(), code, settings) : nullptr;
  if (module != nullptr) return owned(module, api_->wasmtime_module_delete);
  if (wasmtime_error_t* error = api_->wasmtime_module_new(get(), code.data(), code.size(), &module))
    return refuse(WEFT_BAD_BUNDLE, take_message(*api_, error, nullptr));
  if (cache_) cache_->keep(*api_, module, code, settings);
  return owned(module, api_->wasmtime_module_delete);
}

}  // namespace weft::native

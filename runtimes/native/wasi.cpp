#include "native/wasi.hpp"

#include <algorithm>
#include <memory>

#include "native/wasi_store.hpp"

namespace weft::native {
namespace {

/// What a host function needs when it is called.
struct Binding {
  const Wasmtime* api;
  const HostFunction* function;
};

std::span<uint8_t> memory_of(const Wasmtime& api, wasmtime_caller_t* caller) {
  wasmtime_extern_t memory{};
  if (!api.wasmtime_caller_export_get(caller, "memory", 6, &memory) || memory.kind != kExternMemory)
    return {};
  wasmtime_context_t* context = api.wasmtime_caller_context(caller);
  return {api.wasmtime_memory_data(context, &memory.of.memory),
          api.wasmtime_memory_data_size(context, &memory.of.memory)};
}

wasm_trap_t* call_host(void* environment, wasmtime_caller_t* caller, const wasmtime_val_t* arguments,
                       size_t count, wasmtime_val_t* results, size_t) {
  const auto& binding = *static_cast<const Binding*>(environment);
  std::vector<uint32_t> words(count);
  for (size_t i = 0; i < count; ++i) words[i] = static_cast<uint32_t>(arguments[i].of.i32);
  results[0].kind = kValueI32;
  results[0].of.i32 = static_cast<int32_t>(binding.function->call(words, memory_of(*binding.api, caller)));
  return nullptr;
}

Owned<wasm_functype_t> function_type(const Wasmtime& api, uint32_t parameters) {
  std::vector<wasm_valtype_t*> types(parameters);
  for (wasm_valtype_t*& type : types) type = api.wasm_valtype_new(kTypeI32);
  wasm_valtype_t* const result[1] = {api.wasm_valtype_new(kTypeI32)};
  wasm_valtype_vec_t in{}, out{};
  api.wasm_valtype_vec_new(&in, types.size(), types.data());
  api.wasm_valtype_vec_new(&out, 1, result);
  return owned(api.wasm_functype_new(&in, &out), api.wasm_functype_delete);
}

/// One run: what it is made of goes in the right order.
class Run {
 public:
  Run(const WasiProgram& program, const Engine& engine)
      : program_(program),
        engine_(engine),
        api_(engine.api()),
        linker_(owned(api_.wasmtime_linker_new(engine.get()), api_.wasmtime_linker_delete)),
        store_(program, engine) {}

  Outcome<int> operator()(std::span<const uint8_t> code) {
    auto module = engine_.compile(code);
    if (!module)
      return refuse(WEFT_BAD_BUNDLE, program_.name + " is no WebAssembly module: " + module.error().message);
    WEFT_NATIVE_TRY(define());
    WEFT_NATIVE_TRY(store_.prepare());
    wasmtime_context_t* context = store_.context();
    wasmtime_instance_t instance{};
    wasm_trap_t* trap = nullptr;
    wasmtime_error_t* error =
        api_.wasmtime_linker_instantiate(linker_.get(), context, module->get(), &instance, &trap);
    if (trap != nullptr) return store_.ended(nullptr, trap);
    if (error != nullptr)
      return refuse(WEFT_UNSUPPORTED,
                    "cannot start " + program_.name + ": " + take_message(api_, error, nullptr));
    wasmtime_extern_t start{};
    if (!api_.wasmtime_instance_export_get(context, &instance, "_start", 6, &start) ||
        start.kind != kExternFunction)
      return refuse(WEFT_UNSUPPORTED, program_.name + " has no _start: it is no program of WASI preview 1");
    error = api_.wasmtime_func_call(context, &start.of.func, nullptr, 0, nullptr, 0, &trap);
    return error == nullptr && trap == nullptr ? 0 : store_.ended(error, trap);
  }

 private:
  Outcome<void> define() {
    if (auto* error = api_.wasmtime_linker_define_wasi(linker_.get()))
      return store_.wrong(WEFT_UNSUPPORTED, error);
    for (const HostFunction& function : program_.functions) {
      auto binding = std::make_unique<Binding>(&api_, &function);
      const Owned<wasm_functype_t> type = function_type(api_, function.parameters);
      auto* error = api_.wasmtime_linker_define_func(
          linker_.get(), function.module.data(), function.module.size(), function.name.data(),
          function.name.size(), type.get(), call_host, binding.get(), nullptr);
      if (error != nullptr) return store_.wrong(WEFT_INVALID_ARGUMENT, error);
      bindings_.push_back(std::move(binding));
    }
    return {};
  }

  const WasiProgram& program_;
  const Engine& engine_;
  const Wasmtime& api_;
  std::vector<std::unique_ptr<Binding>> bindings_;
  Owned<wasmtime_linker_t> linker_;
  WasiStore store_;
};

}  // namespace

bool is_component(std::span<const uint8_t> code) {
  constexpr uint8_t kHead[] = {0, 'a', 's', 'm', 0x0d, 0, 1, 0};
  return code.size() >= sizeof kHead && std::equal(std::begin(kHead), std::end(kHead), code.begin());
}

Outcome<int> run_wasi(std::span<const uint8_t> code, const WasiProgram& program, const Engine& engine) {
  return is_component(code) ? run_wasi_component(code, program, engine) : Run(program, engine)(code);
}

}  // namespace weft::native

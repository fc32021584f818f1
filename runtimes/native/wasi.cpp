#include "native/wasi.hpp"

#include <algorithm>
#include <memory>

namespace weft::native {
namespace {

/// Components begin as modules do, with another version and layer.
bool is_component(std::span<const uint8_t> code) {
  constexpr uint8_t kHead[] = {0, 'a', 's', 'm', 0x0d, 0, 1, 0};
  return code.size() >= sizeof kHead && std::equal(std::begin(kHead), std::end(kHead), code.begin());
}

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
        store_(owned(api_.wasmtime_store_new(engine.get(), nullptr, nullptr), api_.wasmtime_store_delete)),
        context_(api_.wasmtime_store_context(store_.get())) {}

  Outcome<int> operator()(std::span<const uint8_t> code) {
    if (is_component(code))
      return refuse(WEFT_UNSUPPORTED,
                    program_.name + " is a component; only modules of WASI preview 1 run here");
    auto module = engine_.compile(code);
    if (!module)
      return refuse(WEFT_BAD_BUNDLE, program_.name + " is no WebAssembly module: " + module.error().message);
    WEFT_NATIVE_TRY(limit());
    WEFT_NATIVE_TRY(define());
    WEFT_NATIVE_TRY(configure());
    wasmtime_instance_t instance{};
    wasm_trap_t* trap = nullptr;
    wasmtime_error_t* error =
        api_.wasmtime_linker_instantiate(linker_.get(), context_, module->get(), &instance, &trap);
    if (trap != nullptr) return ended(nullptr, trap);
    if (error != nullptr)
      return refuse(WEFT_UNSUPPORTED,
                    "cannot start " + program_.name + ": " + take_message(api_, error, nullptr));
    wasmtime_extern_t start{};
    if (!api_.wasmtime_instance_export_get(context_, &instance, "_start", 6, &start) ||
        start.kind != kExternFunction)
      return refuse(WEFT_UNSUPPORTED, program_.name + " has no _start: it is no program of WASI preview 1");
    error = api_.wasmtime_func_call(context_, &start.of.func, nullptr, 0, nullptr, 0, &trap);
    return error == nullptr && trap == nullptr ? 0 : ended(error, trap);
  }

 private:
  std::unexpected<Error> wrong(weft_status status, wasmtime_error_t* error) {
    return refuse(status, take_message(api_, error, nullptr));
  }

  Outcome<void> limit() {
    constexpr int64_t kNoLimit = -1;
    if (program_.memory_bytes) {
      const auto most = static_cast<int64_t>(std::min<uint64_t>(*program_.memory_bytes, INT64_MAX));
      api_.wasmtime_store_limiter(store_.get(), most, kNoLimit, kNoLimit, kNoLimit, 1);
    }
    api_.wasmtime_context_set_epoch_deadline(context_, 1);
    if (!program_.fuel) return {};
    if (auto* error = api_.wasmtime_context_set_fuel(context_, *program_.fuel))
      return wrong(WEFT_INVALID_ARGUMENT, error);
    return {};
  }

  Outcome<void> define() {
    if (auto* error = api_.wasmtime_linker_define_wasi(linker_.get())) return wrong(WEFT_UNSUPPORTED, error);
    for (const HostFunction& function : program_.functions) {
      auto binding = std::make_unique<Binding>(&api_, &function);
      const Owned<wasm_functype_t> type = function_type(api_, function.parameters);
      auto* error = api_.wasmtime_linker_define_func(
          linker_.get(), function.module.data(), function.module.size(), function.name.data(),
          function.name.size(), type.get(), call_host, binding.get(), nullptr);
      if (error != nullptr) return wrong(WEFT_INVALID_ARGUMENT, error);
      bindings_.push_back(std::move(binding));
    }
    return {};
  }

  /// What the program gets of the system.
  Outcome<void> configure() {
    Owned<wasi_config_t> wasi = owned(api_.wasi_config_new(), api_.wasi_config_delete);
    std::vector<const char*> arguments, names, values;
    for (const std::string& argument : program_.arguments) arguments.push_back(argument.c_str());
    for (const auto& [name, value] : program_.environment) {
      names.push_back(name.c_str());
      values.push_back(value.c_str());
    }
    if (!api_.wasi_config_set_argv(wasi.get(), arguments.size(), arguments.data()) ||
        !api_.wasi_config_set_env(wasi.get(), names.size(), names.data(), values.data()))
      return refuse(WEFT_INVALID_ARGUMENT,
                    "arguments and environment of " + program_.name + " must be UTF-8");
    api_.wasi_config_inherit_stdin(wasi.get());
    api_.wasi_config_inherit_stdout(wasi.get());
    api_.wasi_config_inherit_stderr(wasi.get());
    for (const WasiFolder& folder : program_.folders)
      if (!api_.wasi_config_preopen_dir(wasi.get(), folder.host.c_str(), folder.guest.c_str(), true))
        return refuse(WEFT_NOT_FOUND, "cannot open the folder " + folder.host);
    if (auto* error = api_.wasmtime_context_set_wasi(context_, wasi.release()))
      return wrong(WEFT_INVALID_ARGUMENT, error);
    return {};
  }

  /// Exactly one is not null.
  Outcome<int> ended(wasmtime_error_t* error, wasm_trap_t* trap) {
    int status = 0;
    if (error != nullptr && api_.wasmtime_error_exit_status(error, &status)) {
      api_.wasmtime_error_delete(error);
      return status;
    }
    uint8_t code = 0;
    const bool has_code = trap != nullptr && api_.wasmtime_trap_code(trap, &code);
    const std::string text = take_message(api_, error, trap);
    if (has_code && code == kTrapInterrupt)
      return refuse(WEFT_INTERRUPTED, program_.name + " was interrupted");
    if (has_code && code == kTrapOutOfFuel)
      return refuse(WEFT_TRAP,
                    program_.name + " has used up its fuel of " + std::to_string(program_.fuel.value_or(0)));
    return refuse(WEFT_TRAP, program_.name + " trapped: " + text);
  }

  const WasiProgram& program_;
  const Engine& engine_;
  const Wasmtime& api_;
  std::vector<std::unique_ptr<Binding>> bindings_;
  Owned<wasmtime_linker_t> linker_;
  Owned<wasmtime_store_t> store_;
  wasmtime_context_t* context_;
};

}  // namespace

Outcome<int> run_wasi(std::span<const uint8_t> code, const WasiProgram& program, const Engine& engine) {
  return Run(program, engine)(code);
}

}  // namespace weft::native

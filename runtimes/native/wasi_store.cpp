#include "native/wasi_store.hpp"

#include <algorithm>

namespace weft::native {

Outcome<void> WasiStore::prepare() {
  WEFT_NATIVE_TRY(limit());
  return configure();
}

std::unexpected<Error> WasiStore::wrong(weft_status status, wasmtime_error_t* error) {
  return refuse(status, take_message(api_, error, nullptr));
}

Outcome<void> WasiStore::limit() {
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

/// What the program gets of the system.
Outcome<void> WasiStore::configure() {
  Owned<wasi_config_t> wasi = owned(api_.wasi_config_new(), api_.wasi_config_delete);
  std::vector<const char*> arguments, names, values;
  for (const std::string& argument : program_.arguments) arguments.push_back(argument.c_str());
  for (const auto& [name, value] : program_.environment) {
    names.push_back(name.c_str());
    values.push_back(value.c_str());
  }
  if (!api_.wasi_config_set_argv(wasi.get(), arguments.size(), arguments.data()) ||
      !api_.wasi_config_set_env(wasi.get(), names.size(), names.data(), values.data()))
    return refuse(WEFT_INVALID_ARGUMENT, "arguments and environment of " + program_.name + " must be UTF-8");
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
Outcome<int> WasiStore::ended(wasmtime_error_t* error, wasm_trap_t* trap) {
  int status = 0;
  if (error != nullptr && api_.wasmtime_error_exit_status(error, &status)) {
    api_.wasmtime_error_delete(error);
    return status;
  }
  uint8_t code = 0;
  const bool has_code = trap != nullptr && api_.wasmtime_trap_code(trap, &code);
  const std::string text = take_message(api_, error, trap);
  if (has_code && code == kTrapInterrupt) return refuse(WEFT_INTERRUPTED, program_.name + " was interrupted");
  if (has_code && code == kTrapOutOfFuel)
    return refuse(WEFT_TRAP,
                  program_.name + " has used up its fuel of " + std::to_string(program_.fuel.value_or(0)));
  return refuse(WEFT_TRAP, program_.name + " trapped: " + text);
}

}  // namespace weft::native

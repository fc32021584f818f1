// Wasmtime's C API, version 50, as far as it is used: declarations of our own, because the packages that
// bring the library have no headers (docs/decisions/0019). Names, layouts and parameters are those of
// include/ of the crate wasmtime-c-api-impl 50.0.1. The library is opened when it is first needed, so nothing
// but running needs it.
#pragma once

#include <cstddef>
#include <cstdint>

#include <string>

#include "native/status.hpp"

namespace weft::native {

struct wasm_config_t;
struct wasm_engine_t;
struct wasm_trap_t;
struct wasm_valtype_t;
struct wasm_functype_t;
struct wasm_memorytype_t;
struct wasmtime_error_t;
struct wasmtime_module_t;
struct wasmtime_store_t;
struct wasmtime_context_t;
struct wasmtime_caller_t;
struct wasmtime_linker_t;
struct wasi_config_t;
struct wasmtime_component_t;
struct wasmtime_component_export_index_t;
struct wasmtime_component_linker_t;

struct wasm_byte_vec_t {
  size_t size;
  char* data;
};
struct wasm_valtype_vec_t {
  size_t size;
  wasm_valtype_t** data;
};

// What lies in a store: its number and a place. `hidden` is Wasmtime's.
struct wasmtime_func_t {
  uint64_t store_id;
  void* hidden;
};
struct wasmtime_memory_t {
  struct {
    uint64_t store_id;
    uint32_t hidden1;
  } place;
  uint32_t hidden2;
};
struct wasmtime_global_t {
  uint64_t store_id;
  uint32_t hidden1, hidden2, hidden3;
};
struct wasmtime_instance_t {
  uint64_t store_id;
  size_t hidden;
};

inline constexpr uint8_t kExternFunction = 0, kExternMemory = 3;
struct wasmtime_extern_t {
  uint8_t kind;
  union {
    wasmtime_func_t func;
    wasmtime_global_t global;  ///< the largest of them
    wasmtime_memory_t memory;
  } of;
};

inline constexpr uint8_t kValueI32 = 0;
struct wasmtime_val_t {
  uint8_t kind;
  union {
    int32_t i32;
    int64_t i64;
    uint8_t v128[16];
    struct {
      uint64_t store_id;
      uint32_t hidden1, hidden2;
      void* hidden3;
    } reference;  ///< the largest of them
  } of;
};

struct wasmtime_component_instance_t {
  uint64_t store_id;
  uint32_t hidden;
};
struct wasmtime_component_func_t {
  struct {
    uint64_t store_id;
    uint32_t hidden1;
  } place;
  uint32_t hidden2;
};
inline constexpr uint8_t kComponentResult = 19;
struct wasmtime_component_val_t {
  uint8_t kind;
  union {
    struct {
      bool is_ok;
      wasmtime_component_val_t* value;
    } result;
    struct {
      wasm_byte_vec_t name;
      wasmtime_component_val_t* value;
    } variant;  ///< the largest of them
  } of;
};

static_assert(sizeof(void*) == 8, "layouts are those of 64-bit systems");
static_assert(sizeof(wasmtime_func_t) == 16 && sizeof(wasmtime_instance_t) == 16);
static_assert(sizeof(wasmtime_memory_t) == 24 && offsetof(wasmtime_memory_t, hidden2) == 16);
static_assert(sizeof(wasmtime_global_t) == 24);
static_assert(sizeof(wasmtime_extern_t) == 32 && offsetof(wasmtime_extern_t, of) == 8);
static_assert(sizeof(wasmtime_val_t) == 32 && offsetof(wasmtime_val_t, of) == 8);
static_assert(sizeof(wasmtime_component_instance_t) == 16);
static_assert(sizeof(wasmtime_component_func_t) == 24 && offsetof(wasmtime_component_func_t, hidden2) == 16);
static_assert(sizeof(wasmtime_component_val_t) == 32 && offsetof(wasmtime_component_val_t, of) == 8);

/// Of wasmtime_trap_code.
inline constexpr uint8_t kTrapInterrupt = 10, kTrapOutOfFuel = 11;
/// Of wasm_valtype_new.
inline constexpr uint8_t kTypeI32 = 0;

using wasmtime_func_callback_t = wasm_trap_t* (*)(void* environment, wasmtime_caller_t* caller,
                                                  const wasmtime_val_t* arguments, size_t argument_count,
                                                  wasmtime_val_t* results, size_t result_count);

/// The functions, each under its name in C.
struct Wasmtime {
#define WEFT_WASMTIME(result, name, parameters) result(*name) parameters;
#include "native/wasmtime.def"
#undef WEFT_WASMTIME
};

/// The library: $WEFT_WASMTIME, else libwasmtime.so beside this program or library, in ../lib of it, or where
/// `tools/setup wasmtime` puts it. Opened once. Fails with WEFT_NO_ENGINE and what to do.
Outcome<const Wasmtime*> wasmtime();

/// Of the library that is wanted: "50.0.1".
const char* wasmtime_version();

/// The text of an error or trap, which is deleted; one line, without the backtrace. Exactly one is not null.
std::string take_message(const Wasmtime& api, wasmtime_error_t* error, wasm_trap_t* trap);

}  // namespace weft::native

#include "native/wasmtime.hpp"

#include <dlfcn.h>
#include <sys/utsname.h>

#include <cstdlib>
#include <vector>

namespace weft::native {
namespace {

constexpr const char* kLibrary = "libwasmtime.so";

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// Of the program or shared library that this function is in; with a slash at its end, or empty.
std::string own_folder() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(&own_folder), &info) == 0 || info.dli_fname == nullptr) return {};
  const std::string path = info.dli_fname;
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

/// As tools/setup has it.
std::string cache_folder() {
  std::string cache = variable("XDG_CACHE_HOME");
  if (cache.empty()) cache = variable("HOME") + "/.cache";
  utsname machine{};
  uname(&machine);
  return cache + "/weft/wasmtime-" WEFT_WASMTIME_VERSION "-" + machine.machine + "/";
}

/// What to try, best first. What is asked for by name is tried alone.
std::vector<std::string> candidates() {
  if (const std::string given = variable("WEFT_WASMTIME"); !given.empty()) return {given};
  std::vector<std::string> paths;
  if (const std::string folder = own_folder(); !folder.empty())
    paths = {folder + kLibrary, folder + "../lib/" + kLibrary};
  paths.push_back(cache_folder() + kLibrary);
  return paths;
}

Outcome<Wasmtime> open_library() {
  void* library = nullptr;
  std::string reason;
  for (const std::string& path : candidates()) {
    library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library != nullptr) break;
    reason = dlerror();
  }
  if (library == nullptr)
    return refuse(WEFT_NO_ENGINE,
                  "cannot open Wasmtime " WEFT_WASMTIME_VERSION " (" + reason +
                      "): run `tools/setup wasmtime`, or name the library with WEFT_WASMTIME");
  Wasmtime api{};
  const char* missing = nullptr;
#define WEFT_WASMTIME(result, name, parameters)                           \
  api.name = reinterpret_cast<decltype(api.name)>(dlsym(library, #name)); \
  if (api.name == nullptr) missing = #name;
#include "native/wasmtime.def"
#undef WEFT_WASMTIME
  if (missing == nullptr) return api;
  dlclose(library);
  return refuse(WEFT_NO_ENGINE, "the library that WEFT_WASMTIME names is not Wasmtime " WEFT_WASMTIME_VERSION
                                ": it has no " +
                                    std::string(missing));
}

}  // namespace

Outcome<const Wasmtime*> wasmtime() {
  static const Outcome<Wasmtime> opened = open_library();
  if (!opened) return std::unexpected(opened.error());
  return &*opened;
}

const char* wasmtime_version() { return WEFT_WASMTIME_VERSION; }

std::string take_message(const Wasmtime& api, wasmtime_error_t* error, wasm_trap_t* trap) {
  wasm_byte_vec_t bytes{};
  if (error != nullptr) {
    api.wasmtime_error_message(error, &bytes);
    api.wasmtime_error_delete(error);
  } else {
    api.wasm_trap_message(trap, &bytes);
    api.wasm_trap_delete(trap);
  }
  std::string text(bytes.data, bytes.size);
  api.wasm_byte_vec_delete(&bytes);
  while (!text.empty() && (text.back() == '\0' || text.back() == '\n')) text.pop_back();
  // "error while executing at wasm backtrace: … Caused by: the cause": only the cause is for people.
  if (const size_t cause = text.rfind("Caused by:"); cause != std::string::npos) text.erase(0, cause + 10);
  std::string line;
  for (const char c : text)
    if (c != '\n' && (c != ' ' || (!line.empty() && line.back() != ' '))) line += c;
    else if (!line.empty() && line.back() != ' ') line += ' ';
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

}  // namespace weft::native

// weft wasi on Wasmtime, in this process.
#include <cstdio>

#include "cli/native/host.hpp"
#include "cli/native/signals.hpp"
#include "native/bytes.hpp"
#include "native/wasi.hpp"

namespace weft::cli {
namespace {

constexpr int kEngineFailed = 8;

ErrorKind kind_of(weft_status status) {
  switch (status) {
    case WEFT_BAD_BUNDLE: return ErrorKind::invalid_model;
    case WEFT_UNSUPPORTED: return ErrorKind::unsupported;
    case WEFT_NOT_FOUND:
    case WEFT_NO_ENGINE: return ErrorKind::not_found;
    case WEFT_NO_MEMORY: return ErrorKind::limit;
    default: return ErrorKind::invalid_argument;
  }
}

std::unexpected<Error> failed(const native::Error& error) {
  return fail(kind_of(error.status), error.message);
}

native::WasiProgram program_of(const WasiRequest& request) {
  native::WasiProgram program;
  program.name = request.arguments.front();
  program.arguments = request.arguments;
  program.arguments.front() = file_name(program.name);
  program.environment = request.environment;
  for (const auto& [host, guest] : request.folders) program.folders.push_back({host, guest});
  program.fuel = request.fuel;
  program.memory_bytes = request.memory_bytes;
  return program;
}

}  // namespace

Result<int> NativeHost::run_wasi(const WasiRequest& request) {
  const auto code = native::map_file(request.arguments.front());
  if (!code) return failed(code.error());
  const auto engine = native::Engine::make({.interruptible = true, .fuel = request.fuel.has_value()});
  if (!engine) return failed(engine.error());
  const native::WasiProgram program = program_of(request);
  std::fflush(nullptr);
  SignalWatch signals([&] { (*engine)->interrupt(); });
  const auto end = native::run_wasi(code->data, program, **engine);
  if (end) return *end;
  signals.end_if_signalled();
  if (end.error().status != WEFT_TRAP) return failed(end.error());
  print_error("weft: " + end.error().message + "\n");
  return kEngineFailed;
}

}  // namespace weft::cli

// Programs of WASI on Wasmtime.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "native/engine.hpp"

namespace weft::native {

/// A function that the program may import beside WASI: i32 in, one i32 out. `memory` is the program's whole
/// exported memory as it is now.
struct HostFunction {
  std::string module, name;
  uint32_t parameters = 0;
  std::function<uint32_t(std::span<const uint32_t> arguments, std::span<uint8_t> memory)> call;
};

struct WasiFolder {
  std::string host, guest;
};

/// A program and all that it may touch: nothing else of the system is there for it but clocks, randomness and
/// the three streams.
struct WasiProgram {
  std::string name;                    ///< for messages
  std::vector<std::string> arguments;  ///< the first is the program's name
  std::vector<std::pair<std::string, std::string>> environment;
  std::vector<WasiFolder> folders;       ///< with what is below them
  std::optional<uint64_t> fuel;          ///< about one a wasm instruction
  std::optional<uint64_t> memory_bytes;  ///< the most that its memory may have
  std::vector<HostFunction> functions = {};
};

/// Components begin as modules do, with another version and layer.
bool is_component(std::span<const uint8_t> code);

/// Runs the program: `_start` of a module of WASI preview 1, wasi:cli/run of a component, which gets preview
/// 2 and none of the functions. The engine counts fuel where the program has some; it is interruptible, or
/// the program ends when it ends. Returns its exit code. Errors: WEFT_BAD_BUNDLE (no module),
/// WEFT_UNSUPPORTED (an unknown import, nothing to run), WEFT_INVALID_ARGUMENT (a folder or argument),
/// WEFT_TRAP (with out of fuel), WEFT_INTERRUPTED.
Outcome<int> run_wasi(std::span<const uint8_t> code, const WasiProgram& program, const Engine& engine);

}  // namespace weft::native

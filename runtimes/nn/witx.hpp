// The witx (preview 1) interface: module `wasi_ephemeral_nn`, with WasmEdge's extensions. An embedder defines
// one host function for each row of functions(), which passes its i32 arguments and the guest's memory to
// Host::call and returns the code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "nn/backend.hpp"
#include "nn/limits.hpp"
#include "nn/registry.hpp"

namespace weft::nn {

inline constexpr std::string_view kWitxModule = "wasi_ephemeral_nn";

/// A function of the module: `parameters` i32 in, one i32 out, which is an Errno.
struct Function {
  std::string_view name;
  uint32_t parameters = 0;
};

std::span<const Function> functions();

/// The graphs and contexts of one guest. Freed with it.
class Host {
 public:
  /// `backend` and `registry` must outlive the host.
  Host(Backend& backend, Registry& registry, Limits limits = {}, Log log = {});
  ~Host();
  Host(Host&&) noexcept;
  Host& operator=(Host&&) noexcept;

  /// Calls functions()[function] with as many arguments as it has. `memory` is the guest's whole memory as it
  /// is now; nothing of it is kept after the call. Codes other than success and
  /// end_of_sequence leave one line in the log. A call
  /// from within a call is `busy`.
  Errno call(size_t function, std::span<const uint32_t> arguments, std::span<uint8_t> memory);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weft::nn

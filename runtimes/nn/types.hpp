// The words of wasi-nn that every part of the host shares: codes, enumerations, tensors, ports.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/dtype.hpp"

namespace weft::nn {

/// What a function returns: `nn_errno` of the witx interface, and WasmEdge's from 100 on.
enum class Errno : uint16_t {
  success = 0,
  invalid_argument = 1,
  invalid_encoding = 2,
  missing_memory = 3,
  busy = 4,
  runtime_error = 5,
  unsupported_operation = 6,
  too_large = 7,
  not_found = 8,
  end_of_sequence = 100,
  context_full = 101,
  prompt_too_long = 102,
  model_not_found = 103,
};

/// "invalid_argument", …
std::string_view to_string(Errno code);

struct Error {
  Errno code = Errno::runtime_error;
  std::string text;  ///< one sentence for the host's log and for interfaces that carry text; never empty
};

template <class T>
using Outcome = std::expected<T, Error>;

inline std::unexpected<Error> refuse(Errno code, std::string text) {
  return std::unexpected<Error>(Error{code, std::move(text)});
}

/// As numbered by witx. What hosts number differently (5 and 6) is decided by the bytes: `sniff.hpp`.
enum class Encoding : uint8_t {
  openvino = 0,
  onnx = 1,
  tensorflow = 2,
  pytorch = 3,
  tensorflowlite = 4,
  autodetect = 5,  ///< ggml in the WIT interface and in WAMR
  ggml = 6,        ///< WasmEdge's; autodetect in the WIT interface and in WAMR
};

enum class Target : uint8_t { cpu = 0, gpu = 1, tpu = 2 };

/// A row-major tensor whose bytes are somebody else's: valid during the call that it is passed to.
struct TensorView {
  DType dtype = DType::f32;
  std::span<const uint32_t> dims;
  std::span<const uint8_t> data;  ///< little-endian, as many bytes as dims and dtype say
};

/// The extents that one dimension takes: min, min + step, … up to max.
struct Range {
  uint32_t min = 1;
  uint32_t max = 1;
  uint32_t step = 1;

  bool holds(uint32_t extent) const {
    return extent >= min && extent <= max && (extent - min) % (step == 0 ? 1 : step) == 0;
  }
};

/// An input or output of a model.
struct Port {
  std::string name;
  DType dtype = DType::f32;
  std::vector<Range> dims;
};

/// Takes one message without a newline; may be empty (nothing is logged).
using Log = std::function<void(std::string_view)>;

}  // namespace weft::nn

// The manifest of a bundle (docs/bundle.md), read and checked: what it says never leads outside the model's
// memory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/dtype.hpp"
#include "machine/status.hpp"

namespace weft::machine {

inline constexpr uint64_t kPageBytes = 65536;
inline constexpr std::string_view kResetInput = "state.reset";

struct Dimension {
  std::string name;
  uint32_t min = 0, max = 0, step = 1;
};

struct Port {
  std::string name;
  DType dtype = DType::f32;
  std::vector<uint32_t> shape;                 ///< the greatest extents
  std::vector<std::string> dims;               ///< as expressions; empty: all are fixed
  std::vector<std::optional<size_t>> symbols;  ///< of an input's extents, the dimension that each is
  bool is_open() const { return !dims.empty(); }
};

struct Load {
  uint64_t offset = 0, address = 0, bytes = 0;
};

struct Entry {
  std::string name;
  uint32_t records = 0;
};

struct Variant {
  std::string name, file;
  uint64_t pages = 0, initial_pages = 0;
  uint32_t context = 0;
  std::vector<Entry> entries;
  std::vector<uint32_t> inputs, outputs;
  uint32_t symbols = 0;
  std::optional<uint32_t> answers, places;
  std::vector<Load> weights;
};

struct Manifest {
  std::string name;
  std::vector<Dimension> dimensions;
  std::vector<Port> inputs, outputs;
  std::vector<std::string> nodes;
  uint64_t weights_bytes = 0;
  uint64_t chunk_bytes = 0;               ///< of model.weights, in parts of this size:
  std::vector<std::string> chunk_hashes;  ///< SHA-256, in hexadecimal; empty where the manifest does not say
  std::vector<Variant> variants;
};

/// `where` names the file in messages. Errors: WEFT_BAD_BUNDLE; WEFT_UNSUPPORTED for another ABI and for
/// features that this runtime does not have, by name.
Outcome<Manifest> read_manifest(std::string_view json, const std::string& where);

}  // namespace weft::machine

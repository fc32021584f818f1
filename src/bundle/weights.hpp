// model.weights: safetensors (https://github.com/huggingface/safetensors#format) over the model's own bytes.
#pragma once

#include <map>
#include <vector>

#include "bundle/bundle.hpp"
#include "graph/graph.hpp"

namespace weft::bundle {

/// What a runtime checks, and keeps in caches, at once: small enough to hold, large enough for few hashes.
inline constexpr uint64_t kWeightsChunkBytes = 4 << 20;

/// A tensor's place in the data part of the file.
struct WeightRange {
  uint64_t offset = 0, bytes = 0;
  friend bool operator==(const WeightRange&, const WeightRange&) = default;
};

struct WeightsFile {
  BundleFile file;
  std::map<graph::ValueId, WeightRange> tensors;
  uint64_t data_bytes = 0;    ///< of the data part, which ends the file
  uint64_t header_bytes = 0;  ///< in front of the data part, a multiple of 64
};

/// The file of these constants of the graph, in this order: that in which `prepare` needs them (runtimes read
/// the file once, from its start to its end). Names are the values' names; shapes must be constant. Fails
/// with `limit` when the header passes the 100 MB that readers of the format allow, with `invalid_model` when
/// a constant's bytes do not fit its type.
Result<WeightsFile> write_weights(const graph::Graph& g, const std::vector<graph::ValueId>& constants);

}  // namespace weft::bundle

// ONNX bytes -> a graph whose shapes may depend on symbols, and what is known of it before any shape is.
#pragma once

#include <vector>

#include "base/result.hpp"
#include "graph/graph.hpp"

namespace weft::interpreter {

struct Prepared {
  graph::Graph g;
  Blobs blobs;  ///< the model's bytes, then what was computed from its constants
};

/// `model` is kept. Extents that the model leaves open become symbols of as wide a range as there is.
Result<Prepared> prepare(std::vector<uint8_t> model);

/// Whether every shape is known, and there is nothing to choose.
bool has_known_shapes(const graph::Graph& g);

/// Lets go of all bytes but those of small constants: after a plan of a graph whose shapes are known, which
/// has made everything that another plan of it reads.
void shed_bytes(Prepared& model);

/// The graph for one choice of its symbols, rewritten as only known shapes allow; what depends on constants
/// alone is a constant.
Result<Prepared> with_shapes(const Prepared& model, const graph::SymbolValues& symbols);

}  // namespace weft::interpreter

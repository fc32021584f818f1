// Integers that are known at import as expressions over the graph's symbols: shapes, and what a model
// computes from them.
#pragma once

#include <functional>
#include <optional>

#include "graph/graph.hpp"

namespace weft::onnx {

/// Tensors of more elements are not followed.
inline constexpr int64_t kMaxExtentElements = 256;

/// The elements of an operand, row-major; nothing when they are not known.
using KnownElements = std::function<std::optional<graph::Shape>(graph::ValueId)>;

/// The elements of a node's result when all its operands are known. Nothing for operators that shape
/// arithmetic does not use, for what is no integer, or may pass 32 bits (24 in floats).
std::optional<graph::Shape> fold_extents(const graph::Graph& g, const graph::Node& node,
                                         const KnownElements& known);

}  // namespace weft::onnx

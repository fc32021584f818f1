// Graph -> Graph, one free function a file. compile/pipeline.cpp lists them in order.
#pragma once

#include "graph/graph.hpp"

namespace weft::passes {

/// Drops nodes, constants and values that no output depends on.
graph::Graph remove_dead(graph::Graph g);

/// Replaces nodes whose operands are all constants by constants, when the result is small (<= limit_bytes)
/// and its operands are too. Larger constant expressions stay: `prepare` computes them at load, so compile
/// time does not grow with the weights.
Result<graph::Graph> fold_constants(graph::Graph g, const Blobs& blobs, uint64_t limit_bytes = 65536);

/// conv/conv_transpose/matmul followed by multiplication and addition with per-channel constants (a
/// decomposed BatchNormalization) becomes the contraction with scaled weights and another bias.
graph::Graph fold_scales(graph::Graph g);

/// Algebraic rewritings that hold bit for bit: x + 0 (integers), x * 1, reshape of reshape, transpose of
/// transpose, identity reshape, transpose, expand, slice, cast; select of constants.
graph::Graph simplify(graph::Graph g);

/// resize -> gathers and weighted sums along each axis, with index and weight tables computed here (ONNX
/// Resize semantics).
graph::Graph expand_resize(graph::Graph g);

/// Gives every node a group: an anchor (contraction, reduction, pad, gather, concat) with the elementwise
/// nodes that can be computed along with it. Each group has one value that leaves it.
graph::Graph fuse_groups(graph::Graph g);

}  // namespace weft::passes

// Graph -> Graph, one free function a file. compile/pipeline.cpp lists them in order.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.hpp"

namespace weft::passes {

/// The input that picture_input makes.
inline constexpr std::string_view kPictureInput = "image";
enum class PictureChannels : uint8_t { rgb, bgr, grey };
enum class PixelLayout : uint8_t { by_shape, nchw, nhwc };
/// How the pixels of pictures become numbers: (x * scale - mean) / std, x in 0 … 255.
struct PictureInput {
  std::string input;  ///< the model's input that pictures are for; empty: its only one
  PictureChannels channels = PictureChannels::rgb;
  PixelLayout layout = PixelLayout::by_shape;
  double scale = 1.0 / 255;
  std::vector<double> mean, std;  ///< one for each channel
};

/// An input f32[1, C, H, W] or f32[1, H, W, C] (also without the first axis, also of other types) -> the
/// input "image": u8[1, H, W, 4], RGBA, and nodes that normalise it; alpha is not read. C is 3, or 1 for
/// grey. Fails (invalid_argument) where the model has no such input.
Result<graph::Graph> picture_input(graph::Graph g, const PictureInput& spec);

/// An output that is an input of the next run. With one `*` each: all that begin and end so.
struct State {
  std::string output, input;
};
struct KeptStates {
  graph::Graph graph;
  std::vector<State> states;  ///< of the graph: also those that count extents
};
/// States stay in the module between runs: the module copies the output to the input's place when a run ends,
/// and the caller sees neither. `reset` names a new input, boolean[]: states are zeros of their least extents
/// then. An extent of a state that is a symbol is defined by a further state, a count that begins at 0; where
/// it has left the symbol's range, the next run fails. Fails (invalid_argument) where a pair does not fit, or
/// another input has such a symbol too.
Result<KeptStates> keep_states(graph::Graph g, const std::vector<State>& wanted, std::string reset);

/// Drops nodes, constants and values that no output depends on.
graph::Graph remove_dead(graph::Graph g);

/// Replaces nodes whose operands are all constants by constants, when the result is small (<= limit_bytes)
/// and its operands are too. Larger constant expressions stay: `prepare` computes them at load, so compile
/// time does not grow with the weights.
Result<graph::Graph> fold_constants(graph::Graph g, const Blobs& blobs, uint64_t limit_bytes = 65536);

/// conv, conv_transpose (without groups) and matmul, with constant weights, followed by products, quotients,
/// sums and differences with constants that vary along the channels only (a decomposed BatchNormalization),
/// become the contraction with scaled weights and another bias; a matmul has none, so its sums stay. The new
/// weights are nodes over constants: fold_constants folds the small ones, `prepare` computes the others. Only
/// where nothing else reads the contraction's result.
graph::Graph fold_scales(graph::Graph g);

/// Rewritings that hold bit for bit: neutral operands (x + 0 of integers, x - 0, x * 1, …), unary operations
/// twice, casts behind exact casts, select of a constant condition or of equals, movements that move nothing
/// or follow one of their kind, transposes and expands that are reshapes. Leaves dead nodes behind.
graph::Graph simplify(graph::Graph g);

/// resize -> gathers and weighted sums along each axis, with index and weight tables of
/// graph/resize_taps.hpp. Whole factors and steps of nearest become reshape - expand - reshape and slice.
/// Interpolates narrow types in f32, integers of 32 bits and more in f64. A resize of symbolic extents, or
/// without elements, stays.
graph::Graph expand_resize(graph::Graph g);

/// conv_transpose without dilation -> a conv whose channels are the phases of the output, and index mappings
/// that interleave them. Weights and bias become expressions over the old ones. Extents must be known.
graph::Graph expand_conv_transpose(graph::Graph g);

/// conv of 3 x 3 windows, stride 1 and constant weights -> Winograd's minimal filtering, where a cost model
/// says that it is less work. Changes the rounding: see graph/winograd.hpp.
graph::Graph winograd(graph::Graph g);

/// How large f32 weights are stored. q8: 8-bit integers from -127 to 127, with one f32 scale for each slice
/// of the first or the last axis, whichever rounds less.
enum class WeightFormat : uint8_t { f32, f16, q8 };

/// f32 constants of two axes or more and `least_elements` -> narrower ones, and nodes that widen them, which
/// `prepare` runs at load. Constants that are not finite, or too large for f16, stay. The results change by
/// the rounding. The last pass that looks at constants: fold_constants would undo it.
Result<graph::Graph> narrow_weights(graph::Graph g, const Blobs& blobs, WeightFormat format,
                                    int64_t least_elements = 1024);

/// Drops dead nodes and gives every node a group: an anchor (contraction, reduction, pad, gather, concat)
/// with the elementwise nodes behind it that have its shape; or elementwise and index-mapping nodes together,
/// which a reduction that is their only reader takes in. One value leaves each group (so groups cannot depend
/// on each other in a circle); verify_groups has the whole list.
graph::Graph fuse_groups(graph::Graph g);

}  // namespace weft::passes

// conv 3 x 3 -> winograd_input, matmul, winograd_output (graph/winograd.hpp), where that is less work.
#include "graph/winograd.hpp"

#include <algorithm>

#include "passes/passes.hpp"
#include "passes/rewrite.hpp"

namespace weft::passes {

using graph::Graph;
using graph::Ints;
using graph::Node;
using graph::Op;
using graph::ValueId;

namespace {

/// Of one convolution with known extents.
struct Extents {
  int64_t batch, in, out, height, width;  ///< channels in and out, outputs
};

// In units of one multiply-add in the register tile; measured (docs/performance.md).
/// A weight's way from memory, paid once per run.
constexpr double kWeight = 14;
/// A place of a tile through the transforms, per channel.
constexpr double kPlace = 16;
/// The transforms' memory traffic makes small gains none.
constexpr double kWorthwhile = 0.75;

double direct_cost(const Extents& e) {
  const double weights = 9.0 * static_cast<double>(e.in * e.out);
  return weights * (static_cast<double>(e.batch * e.height * e.width) + kWeight);
}

double winograd_cost(const Extents& e, int64_t tile) {
  const double places = static_cast<double>((tile + 2) * (tile + 2));
  const auto tiles = static_cast<double>(e.batch * graph::winograd_tiles(e.height, tile) *
                                         graph::winograd_tiles(e.width, tile));
  const double weights = places * static_cast<double>(e.in * e.out);
  return weights * (tiles + kWeight) + tiles * places * kPlace * static_cast<double>(e.in + e.out);
}

/// Whether no row of outputs is left over by tiles. Where the extent is known, such rows are tiles of their
/// own; else each would look for its row of the matrix.
bool fits(const expr::Expr& extent, int64_t tile) {
  return extent.as_constant() || expr::mod(extent, tile).is_constant(0);
}

/// The tile to compute with, 0 for the plain sum. `y`: the outputs.
int64_t choose_tile(const Extents& e, const graph::Shape& y) {
  double least = kWorthwhile * direct_cost(e);
  int64_t best = 0;
  for (const int64_t tile : {4, 2}) {
    const double cost = winograd_cost(e, tile);
    if (!fits(y[2], tile) || !fits(y[3], tile) || cost > least || (best != 0 && cost == least)) continue;
    least = cost;
    best = tile;
  }
  return best;
}

int64_t tile_for(const Graph& g, const Node& node) {
  if (node.op != Op::conv || g.values[node.output].type.dtype != DType::f32) return 0;
  const auto& a = std::get<graph::ConvAttributes>(node.attributes);
  const graph::Shape& y = g.values[node.output].type.shape;
  const auto w = graph::constant_shape(g.values[node.inputs[1]].type.shape);
  const Ints ones = {1, 1};
  if (!w || w->size() != 4 || a.groups != 1 || a.strides != ones || a.dilations != ones) return 0;
  if ((*w)[2] != 3 || (*w)[3] != 3 || !expr::always(expr::less(0, graph::element_count(y)))) return 0;
  const auto most = [&](size_t axis) { return expr::bounds(y[axis]).max; };
  if (!most(0) || !most(2) || !most(3)) return 0;
  return choose_tile({*most(0), (*w)[1], (*w)[0], *most(2), *most(3)}, y);
}

void rewrite(Graph& g, const Node& node, int64_t tile) {
  Replacement out(g, node);
  const auto& a = std::get<graph::ConvAttributes>(node.attributes);
  graph::WinogradAttributes input, weights, output;
  input.tile = weights.tile = output.tile = tile;
  input.pads_begin = a.pads_begin;
  input.pads_end = a.pads_end;
  output.shape = g.values[node.output].type.shape;
  const ValueId v = out.add(Op::winograd_input, {node.inputs[0]}, std::move(input));
  const ValueId u = out.add(Op::winograd_weights, {node.inputs[1]}, std::move(weights));
  const ValueId m = out.add(Op::matmul, {v, u});
  if (node.inputs.size() < 3) return out.finish(Op::winograd_output, {m}, std::move(output));
  const ValueId y = out.add(Op::winograd_output, {m}, std::move(output));
  const graph::Shape per_channel = {g.values[node.output].type.shape[1], 1, 1};
  const ValueId bias = out.add(Op::reshape, {node.inputs[2]}, graph::ReshapeAttributes{per_channel});
  out.finish(Op::add, {y, bias});
}

}  // namespace

Graph winograd(Graph g) {
  const std::vector<Node> nodes = std::exchange(g.nodes, {});
  std::vector<bool> constant(g.values.size(), false);  // known before a run: weights are transformed once
  for (const Node& node : nodes) {
    const auto known = [&](ValueId value) { return g.is_constant(value) || constant[value]; };
    constant[node.output] = std::ranges::all_of(node.inputs, known);
    const int64_t tile = node.op == Op::conv && known(node.inputs[1]) ? tile_for(g, node) : 0;
    if (tile > 0) rewrite(g, node, tile);
    else g.nodes.push_back(node);
  }
  return g;
}

}  // namespace weft::passes

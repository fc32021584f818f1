// winograd_input, winograd_weights, winograd_output: products with small constant matrices on both sides. A
// place of the result picks its rows of the matrices by `select` over constants, which fold away once the
// loops over the places are written out; what the places have in common is computed once.
#include "graph/winograd.hpp"

#include <functional>

#include "base/check.hpp"
#include "lower/builder.hpp"

namespace weft::lower {

using graph::Node;
using graph::SmallMatrix;
using loops::ValueOp;

namespace {

using Element = std::function<Value(int64_t)>;

/// sum of row[k] * element(k), without what is zero.
Value combination(std::span<const double> row, const std::vector<Value>& elements) {
  Value sum;
  for (size_t k = 0; k < row.size(); ++k) {
    if (row[k] == 0) continue;
    const Value& x = elements[k];
    const Value factor = loops::constant(x->type, row[k]);
    if (!sum) sum = row[k] == 1 ? x : loops::binary(ValueOp::mul, x, factor);
    else if (row[k] == 1) sum = loops::binary(ValueOp::add, sum, x);
    else if (row[k] == -1) sum = loops::binary(ValueOp::sub, sum, x);
    else sum = loops::muladd(x, factor, sum);
  }
  return sum;
}

/// The combination by the matrix' row `index`.
Value product(const SmallMatrix& matrix, const Expr& index, const Element& element) {
  std::vector<Value> elements;
  for (int64_t k = 0; k < matrix.columns; ++k) elements.push_back(element(k));
  Value chosen = combination(matrix.row(matrix.rows() - 1), elements);
  for (int64_t i = matrix.rows() - 2; i >= 0; --i) {
    const Value otherwise = chosen;
    const Value here = combination(matrix.row(i), elements);
    chosen = loops::select(condition_value(expr::equal(index, i)), here, otherwise);
  }
  return chosen;
}

/// Element (i, j) of matrix * x * matrix^T.
Value both_sides(const SmallMatrix& matrix, const Expr& i, const Expr& j,
                 const std::function<Value(int64_t, int64_t)>& element) {
  return product(matrix, i, [&](int64_t row) {
    return product(matrix, j, [&](int64_t column) { return element(row, column); });
  });
}

}  // namespace

AnchorResult lower_winograd_input(StageBuilder& builder, const Node& node) {
  const auto& a = std::get<graph::WinogradAttributes>(node.attributes);
  const graph::Shape& x = builder.type(node.inputs[0]).shape;
  const int64_t m = a.tile, p = m + 2;
  Indices tiles, counts;
  for (size_t i = 0; i < 2; ++i)
    counts.push_back(graph::winograd_tiles(x[i + 2] + (a.pads_begin[i] + a.pads_end[i] - 2), m));
  const Expr row = builder.spatial("p", p), column = builder.spatial("q", p);
  const Expr batch = builder.spatial("n", x[0]);
  for (size_t i = 0; i < 2; ++i) tiles.push_back(builder.spatial("t" + std::to_string(i), counts[i]));
  const Expr channel = builder.spatial("c", x[1]);
  const Value value = both_sides(graph::winograd_matrices(m).input, row, column, [&](int64_t i, int64_t j) {
    const Indices at = {batch, channel, tiles[0] * m + i - a.pads_begin[0],
                        tiles[1] * m + j - a.pads_begin[1]};
    Reading inside;
    for (size_t axis = 2; axis < 4; ++axis) {
      inside.condition = expr::logical_and(inside.condition, expr::less_equal(0, at[axis]));
      inside.condition = expr::logical_and(inside.condition, expr::less(at[axis], x[axis]));
    }
    return builder.value_at(node.inputs[0], at, inside);
  });
  return {{row * p + column, (batch * counts[0] + tiles[0]) * counts[1] + tiles[1], channel}, value};
}

AnchorResult lower_winograd_weights(StageBuilder& builder, const Node& node) {
  const int64_t m = std::get<graph::WinogradAttributes>(node.attributes).tile, p = m + 2;
  const graph::Shape& w = builder.type(node.inputs[0]).shape;
  const Expr row = builder.spatial("p", p), column = builder.spatial("q", p);
  const Expr channel = builder.spatial("c", w[1]), output = builder.spatial("k", w[0]);
  const Value value = both_sides(graph::winograd_matrices(m).weights, row, column, [&](int64_t i, int64_t j) {
    return builder.value_at(node.inputs[0], {output, channel, i, j});
  });
  return {{row * p + column, channel, output}, value};
}

AnchorResult lower_winograd_output(StageBuilder& builder, const Node& node) {
  const int64_t m = std::get<graph::WinogradAttributes>(node.attributes).tile, p = m + 2;
  const graph::Shape& y = builder.type(node.output).shape;
  const Expr batch = builder.spatial("n", y[0]), channel = builder.spatial("c", y[1]);
  const Expr row = builder.spatial("o0", y[2]), column = builder.spatial("o1", y[3]);
  const Expr tile =
      (batch * graph::winograd_tiles(y[2], m) + expr::floor_div(row, m)) * graph::winograd_tiles(y[3], m) +
      expr::floor_div(column, m);
  const Value value = both_sides(
      graph::winograd_matrices(m).output, expr::mod(row, m), expr::mod(column, m),
      [&](int64_t i, int64_t j) { return builder.value_at(node.inputs[0], {i * p + j, tile, channel}); });
  return {{batch, channel, row, column}, value};
}

}  // namespace weft::lower

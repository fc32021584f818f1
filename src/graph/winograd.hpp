// Winograd's minimal filtering F(m x m, 3 x 3) for convolutions with stride 1 (Lavin and Gray, "Fast
// algorithms for convolutional neural networks", 2016): of each tile of m x m outputs, with p = m + 2,
//   Y = A^T [(G g G^T) . (B^T d B)] A
// for the p x p inputs d and the 3 x 3 weights g; the product in the middle is, for each of the p * p places,
// a matmul over channels. m * m * 9 multiplications become p * p. Points of interpolation: 0, 1, -1, 2, -2
// and infinity. The rounding error is some ten times that of the plain sum for m = 4, about its own for m
// = 2.
//
//   winograd_input   x [N, C, H, W]            -> [p * p, N * Ty * Tx, C]     V = B^T d B
//   winograd_weights w [K, C, 3, 3]            -> [p * p, C, K]               U = G g G^T
//   matmul           V, U                      -> [p * p, N * Ty * Tx, K]
//   winograd_output  [p * p, N * Ty * Tx, K]   -> [N, K, Ho, Wo]              Y = A^T M A
// with Ty = ceil(Ho / m) and Tx = ceil(Wo / m).
#pragma once

#include <cstdint>
#include <span>

#include "expr/expr.hpp"

namespace weft::graph {

/// A matrix by rows.
struct SmallMatrix {
  int64_t columns;
  std::span<const double> elements;
  int64_t rows() const { return static_cast<int64_t>(elements.size()) / columns; }
  std::span<const double> row(int64_t i) const {
    return elements.subspan(static_cast<size_t>(i * columns), static_cast<size_t>(columns));
  }
};

struct WinogradMatrices {
  SmallMatrix input;    ///< B^T, p x p
  SmallMatrix weights;  ///< G, p x 3
  SmallMatrix output;   ///< A^T, m x p
};

/// For tiles of 2 or 4 outputs.
const WinogradMatrices& winograd_matrices(int64_t tile);

/// Tiles along an axis of so many outputs.
inline int64_t winograd_tiles(int64_t outputs, int64_t tile) { return (outputs + tile - 1) / tile; }
inline expr::Expr winograd_tiles(const expr::Expr& outputs, int64_t tile) {
  return expr::ceil_div(outputs, tile);
}

}  // namespace weft::graph

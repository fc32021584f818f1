#include "graph/winograd.hpp"

#include <vector>

#include "graph/evaluators.hpp"
#include "graph/ops.hpp"

namespace weft::graph {
namespace {

constexpr double kInput2[] = {1, 0, -1, 0, 0, 1, 1, 0, 0, -1, 1, 0, 0, 1, 0, -1};
constexpr double kWeights2[] = {1, 0, 0, 0.5, 0.5, 0.5, 0.5, -0.5, 0.5, 0, 0, 1};
constexpr double kOutput2[] = {1, 1, 1, 0, 0, 1, -1, -1};

constexpr double kInput4[] = {4, 0,  -5, 0, 1, 0, 0, -4, -4, 1,  1, 0, 0, 4, -4, -1, 1, 0,
                              0, -2, -1, 2, 1, 0, 0, 2,  -1, -2, 1, 0, 0, 4, 0,  -5, 0, 1};
constexpr double kWeights4[] = {1.0 / 4,  0,         0,        -1.0 / 6, -1.0 / 6, -1.0 / 6,
                                -1.0 / 6, 1.0 / 6,   -1.0 / 6, 1.0 / 24, 1.0 / 12, 1.0 / 6,
                                1.0 / 24, -1.0 / 12, 1.0 / 6,  0,        0,        1};
constexpr double kOutput4[] = {1, 1, 1, 1, 1, 0, 0, 1, -1, 2, -2, 0, 0, 1, 1, 4, 4, 0, 0, 1, -1, 8, -8, 1};

const WinogradMatrices kMatrices2 = {{4, kInput2}, {3, kWeights2}, {4, kOutput2}};
const WinogradMatrices kMatrices4 = {{6, kInput4}, {3, kWeights4}, {6, kOutput4}};

}  // namespace

const WinogradMatrices& winograd_matrices(int64_t tile) { return tile == 2 ? kMatrices2 : kMatrices4; }

namespace shape_rules {
namespace {

std::string tile_fault(const RuleInput& in, size_t rank) {
  const int64_t tile = in.get<WinogradAttributes>().tile;
  if (tile != 2 && tile != 4) return "the tile is neither 2 nor 4";
  if (!is_float(in[0].dtype)) return "takes floats";
  return in[0].shape.size() == rank ? "" : "the operand's rank is another";
}

}  // namespace

Result<Type> winograd_input(const RuleInput& in) {
  const auto& a = in.get<WinogradAttributes>();
  if (const std::string fault = tile_fault(in, 4); !fault.empty()) return in.error(fault);
  if (a.pads_begin.size() != 2 || a.pads_end.size() != 2) return in.error("needs pads of two axes");
  expr::Expr tiles = in[0].shape[0];
  for (size_t i = 0; i < 2; ++i) {
    const expr::Expr outputs = in[0].shape[i + 2] + (a.pads_begin[i] + a.pads_end[i] - 2);
    if (!expr::always(expr::less(0, outputs)) || a.pads_begin[i] < 0 || a.pads_end[i] < 0)
      return in.error("has no outputs");
    tiles = tiles * winograd_tiles(outputs, a.tile);
  }
  return Type{in[0].dtype, {(a.tile + 2) * (a.tile + 2), tiles, in[0].shape[1]}};
}

Result<Type> winograd_weights(const RuleInput& in) {
  const int64_t tile = in.get<WinogradAttributes>().tile;
  if (const std::string fault = tile_fault(in, 4); !fault.empty()) return in.error(fault);
  const Shape& w = in[0].shape;
  if (!w[2].is_constant(3) || !w[3].is_constant(3)) return in.error("needs windows of 3 x 3");
  return Type{in[0].dtype, {(tile + 2) * (tile + 2), w[1], w[0]}};
}

Result<Type> winograd_output(const RuleInput& in) {
  const auto& a = in.get<WinogradAttributes>();
  if (const std::string fault = tile_fault(in, 3); !fault.empty()) return in.error(fault);
  const Shape& x = in[0].shape;
  const Shape& y = a.shape;
  if (y.size() != 4) return in.error("needs a result of rank 4");
  const expr::Expr tiles = y[0] * winograd_tiles(y[2], a.tile) * winograd_tiles(y[3], a.tile);
  if (!x[0].is_constant((a.tile + 2) * (a.tile + 2)) || !(x[1] == tiles) || !(x[2] == y[1]))
    return in.error("the operand does not hold the tiles of the result");
  return Type{in[0].dtype, a.shape};
}

}  // namespace shape_rules

namespace evaluators {
namespace {

/// left * x * left^T for a square x; what a zero of the matrix meets is not read, be it NaN.
template <class T>
std::vector<T> both_sides(const SmallMatrix& left, const std::vector<T>& x) {
  const int64_t n = left.columns, m = left.rows();
  std::vector<T> half(static_cast<size_t>(m * n)), whole(static_cast<size_t>(m * m));
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; ++j) {
      T sum = 0;
      for (int64_t k = 0; k < n; ++k)
        if (const double factor = left.row(i)[static_cast<size_t>(k)]; factor != 0)
          sum += static_cast<T>(factor) * x[static_cast<size_t>(k * n + j)];
      half[static_cast<size_t>(i * n + j)] = sum;
    }
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < m; ++j) {
      T sum = 0;
      for (int64_t k = 0; k < n; ++k)
        if (const double factor = left.row(j)[static_cast<size_t>(k)]; factor != 0)
          sum += half[static_cast<size_t>(i * n + k)] * static_cast<T>(factor);
      whole[static_cast<size_t>(i * m + j)] = sum;
    }
  return whole;
}

template <class Then>
void with_float(DType dtype, Then then) {
  if (dtype == DType::f64) then(double{});
  else then(float{});
}

/// Batch, rows and columns of tiles, channels.
struct Tiles {
  int64_t batch, rows, columns, channels;
  template <class Body>
  void each(Body body) const {
    int64_t tile = 0;
    for (int64_t n = 0; n < batch; ++n)
      for (int64_t ty = 0; ty < rows; ++ty)
        for (int64_t tx = 0; tx < columns; ++tx, ++tile)
          for (int64_t c = 0; c < channels; ++c) body(n, ty, tx, tile, c);
  }
  int64_t count() const { return batch * rows * columns; }
};

}  // namespace

Result<void> winograd_input(const Call& call) {
  const auto& a = call.attributes<WinogradAttributes>();
  const std::vector<int64_t>& x = call.x[0]->shape;
  const int64_t m = a.tile, p = m + 2, height = x[2], width = x[3];
  const Tiles tiles{x[0], winograd_tiles(height + a.pads_begin[0] + a.pads_end[0] - 2, m),
                    winograd_tiles(width + a.pads_begin[1] + a.pads_end[1] - 2, m), x[1]};
  with_float(call.y.dtype, [&]<class T>(T) {
    const T* from = data<T>(*call.x[0]);
    T* to = data<T>(call.y);
    tiles.each([&](int64_t n, int64_t ty, int64_t tx, int64_t tile, int64_t c) {
      std::vector<T> d(static_cast<size_t>(p * p), 0);
      for (int64_t i = 0; i < p; ++i)
        for (int64_t j = 0; j < p; ++j) {
          const int64_t row = ty * m + i - a.pads_begin[0], column = tx * m + j - a.pads_begin[1];
          if (row < 0 || row >= height || column < 0 || column >= width) continue;
          d[static_cast<size_t>(i * p + j)] = from[((n * x[1] + c) * height + row) * width + column];
        }
      const std::vector<T> v = both_sides(winograd_matrices(m).input, d);
      for (int64_t k = 0; k < p * p; ++k)
        to[(k * tiles.count() + tile) * tiles.channels + c] = v[static_cast<size_t>(k)];
    });
  });
  return {};
}

Result<void> winograd_weights(const Call& call) {
  const int64_t m = call.attributes<WinogradAttributes>().tile;
  const std::vector<int64_t>& w = call.x[0]->shape;
  with_float(call.y.dtype, [&]<class T>(T) {
    const T* from = data<T>(*call.x[0]);
    T* to = data<T>(call.y);
    for (int64_t k = 0; k < w[0]; ++k)
      for (int64_t c = 0; c < w[1]; ++c) {
        const T* g = from + (k * w[1] + c) * 9;
        const std::vector<T> u = both_sides(winograd_matrices(m).weights, std::vector<T>(g, g + 9));
        for (int64_t i = 0; i < (m + 2) * (m + 2); ++i)
          to[(i * w[1] + c) * w[0] + k] = u[static_cast<size_t>(i)];
      }
  });
  return {};
}

Result<void> winograd_output(const Call& call) {
  const int64_t m = call.attributes<WinogradAttributes>().tile, p = m + 2;
  const std::vector<int64_t>& y = call.y.shape;
  const Tiles tiles{y[0], winograd_tiles(y[2], m), winograd_tiles(y[3], m), y[1]};
  with_float(call.y.dtype, [&]<class T>(T) {
    const T* from = data<T>(*call.x[0]);
    T* to = data<T>(call.y);
    tiles.each([&](int64_t n, int64_t ty, int64_t tx, int64_t tile, int64_t c) {
      std::vector<T> v(static_cast<size_t>(p * p));
      for (int64_t k = 0; k < p * p; ++k)
        v[static_cast<size_t>(k)] = from[(k * tiles.count() + tile) * tiles.channels + c];
      const std::vector<T> out = both_sides(winograd_matrices(m).output, v);
      for (int64_t i = 0; i < m && ty * m + i < y[2]; ++i)
        for (int64_t j = 0; j < m && tx * m + j < y[3]; ++j)
          to[((n * y[1] + c) * y[2] + ty * m + i) * y[3] + tx * m + j] = out[static_cast<size_t>(i * m + j)];
    });
  });
  return {};
}

}  // namespace evaluators
}  // namespace weft::graph

// conv, conv_transpose and matmul by one small blocked product: panels of kColumns columns are packed, four
// rows at a time are multiplied with each. Every sum runs over k in increasing order, in the element type
// (f64 in double precision).
#include <algorithm>

#include "graph/evaluators.hpp"

namespace weft::graph::evaluators {
namespace {

/// 16 bytes of T: both compilers, and wasm's simd128, have vectors of that size.
template <class T>
struct Lanes {
  typedef T type __attribute__((vector_size(16)));
  static constexpr int64_t count = 16 / sizeof(T);
};
template <class T>
constexpr int64_t kColumns = 2 * Lanes<T>::count;
constexpr int64_t kTile = 64;  ///< columns packed at once

/// Integers are summed modulo 2^64: cut to any width, that is wrapping arithmetic of that width.
template <class T>
using Accumulator = std::conditional_t<std::is_floating_point_v<T>, T, uint64_t>;

/// A panel holds kColumns columns of B, k by k.
template <class A>
A& packed(std::vector<A>& panels, int64_t depth, int64_t k, int64_t column) {
  constexpr int64_t kWidth = kColumns<A>;
  return panels[static_cast<size_t>((column / kWidth * depth + k) * kWidth + column % kWidth)];
}

/// out[r][c] = sum over k of a[r * depth + k] * panel[k][c], for `rows` rows.
template <int rows, class T, class A>
void multiply_panel(const T* a, const A* panel, int64_t depth, A (&out)[4][kColumns<A>]) {
  using V = typename Lanes<A>::type;
  constexpr int64_t kLanes = Lanes<A>::count;
  V sums[rows][2] = {};
  for (int64_t k = 0; k < depth; ++k) {
    V b[2];
    __builtin_memcpy(b, panel + k * kColumns<A>, sizeof(b));
    for (int r = 0; r < rows; ++r) {
      const auto factor = static_cast<A>(a[r * depth + k]);
      const V all = V{} + factor;
      sums[r][0] += all * b[0];
      sums[r][1] += all * b[1];
    }
  }
  for (int r = 0; r < rows; ++r)
    for (int64_t c = 0; c < kColumns<A>; ++c) out[r][c] = sums[r][c / kLanes][c % kLanes];
}

template <class T>
struct Product {
  const T* a;  ///< [rows, depth]
  int64_t rows, depth;
  const T* bias;  ///< [rows], or null
  T* y;           ///< [rows, columns of all tiles]
  int64_t y_stride;
};

/// Multiplies with the packed columns [first, first + count).
template <class T, class A>
void multiply_tile(const Product<T>& p, const std::vector<A>& panels, int64_t first, int64_t count) {
  A out[4][kColumns<A>];
  for (int64_t row = 0; row < p.rows; row += 4) {
    const int64_t rows = std::min<int64_t>(4, p.rows - row);
    for (int64_t column = 0; column < count; column += kColumns<A>) {
      const A* panel = panels.data() + column * p.depth;
      const T* a = p.a + row * p.depth;
      if (rows == 4) multiply_panel<4>(a, panel, p.depth, out);
      else if (rows == 3) multiply_panel<3>(a, panel, p.depth, out);
      else if (rows == 2) multiply_panel<2>(a, panel, p.depth, out);
      else multiply_panel<1>(a, panel, p.depth, out);
      const int64_t columns = std::min(kColumns<A>, count - column);
      for (int64_t r = 0; r < rows; ++r) {
        const A bias = p.bias ? static_cast<A>(p.bias[row + r]) : A{0};
        T* y = p.y + (row + r) * p.y_stride + first + column;
        for (int64_t c = 0; c < columns; ++c) y[c] = static_cast<T>(p.bias ? out[r][c] + bias : out[r][c]);
      }
    }
  }
}

/// The spatial side of a convolution, in either direction: which input position an output position reads at a
/// kernel position.
struct Spatial {
  Ints in, out, kernel, strides, dilations, pads_begin;
  bool transposed = false;

  /// The position on one axis, or -1 for padding (and, transposed, for positions between the input's).
  int64_t source(size_t axis, int64_t at, int64_t k) const {
    if (!transposed) {
      const int64_t i = at * strides[axis] - pads_begin[axis] + k * dilations[axis];
      return i < in[axis] ? i : -1;
    }
    const int64_t i = at + pads_begin[axis] - k * dilations[axis];
    return i >= 0 && i % strides[axis] == 0 && i / strides[axis] < in[axis] ? i / strides[axis] : -1;
  }
};

/// Offsets into an input plane of `count` output positions at one kernel position; negative where nothing is
/// read.
void tile_offsets(const Spatial& s, std::span<const Ints> positions, const Ints& k,
                  std::span<int64_t> offsets) {
  for (size_t p = 0; p < positions.size(); ++p) {
    int64_t offset = 0;
    for (size_t axis = 0; axis < k.size() && offset >= 0; ++axis) {
      const int64_t i = s.source(axis, positions[p][axis], k[axis]);
      offset = i < 0 ? -1 : offset * s.in[axis] + i;
    }
    offsets[p] = offset;
  }
}

/// Packs the columns of the given output positions: depth index = channel * kernel positions + kernel
/// position.
template <class T, class A>
void pack_tile(const Spatial& s, const T* x, int64_t channels, std::span<const Ints> positions,
               std::vector<A>& panels) {
  const int64_t plane = element_count(s.in);
  const int64_t taps = element_count(s.kernel);
  const int64_t depth = channels * taps;
  int64_t offsets[kTile];
  Ints k(s.kernel.size(), 0);
  for (int64_t tap = 0; tap < taps; ++tap) {
    tile_offsets(s, positions, k, offsets);
    for (int64_t c = 0; c < channels; ++c) {
      const T* from = x + c * plane;
      for (size_t p = 0; p < positions.size(); ++p)
        packed(panels, depth, c * taps + tap, static_cast<int64_t>(p)) =
            offsets[p] < 0 ? A{0} : static_cast<A>(from[offsets[p]]);
    }
    next_index(k, s.kernel);
  }
}

/// One group of one batch: all output positions, tile by tile.
template <class T>
void convolve(const Spatial& s, const T* x, int64_t channels, const Product<T>& product) {
  using A = Accumulator<T>;
  std::vector<A> panels(static_cast<size_t>(kTile * product.depth), A{0});
  const int64_t total = element_count(s.out);
  Ints position(s.out.size(), 0);
  std::vector<Ints> positions;
  for (int64_t first = 0; first < total; first += kTile) {
    positions.clear();
    for (int64_t i = first; i < std::min(first + kTile, total); ++i) {
      positions.push_back(position);
      next_index(position, s.out);
    }
    pack_tile(s, x, channels, std::span<const Ints>(positions), panels);
    multiply_tile(product, panels, first, static_cast<int64_t>(positions.size()));
  }
}

Ints spatial_extents(const Tensor& t) { return Ints(t.shape.begin() + 2, t.shape.end()); }

/// w: [groups][out channels of a group][channels of a group * kernel].
template <class T>
void convolve_groups(const Call& call, const Spatial& s, const T* w, int64_t groups) {
  const Tensor& x = *call.x[0];
  const int64_t channels = x.shape[1] / groups;
  const int64_t rows = call.y.shape[1] / groups;
  const int64_t depth = channels * element_count(s.kernel);
  const int64_t in_plane = element_count(s.in);
  const int64_t out_plane = element_count(s.out);
  const T* bias = call.x.size() > 2 ? data<T>(*call.x[2]) : nullptr;
  for (int64_t n = 0; n < x.shape[0]; ++n) {
    for (int64_t g = 0; g < groups; ++g) {
      const int64_t block = n * groups + g;
      const Product<T> product{w + g * rows * depth,
                               rows,
                               depth,
                               bias ? bias + g * rows : nullptr,
                               data<T>(call.y) + block * rows * out_plane,
                               out_plane};
      convolve(s, data<T>(x) + block * channels * in_plane, channels, product);
    }
  }
}

/// w[C, O/groups, kernel] as [groups][O/groups][C/groups * kernel].
template <class T>
std::vector<T> transpose_weights(const Tensor& w, int64_t groups) {
  const int64_t channels = w.shape[0] / groups;
  const int64_t rows = w.shape[1];
  const int64_t taps = element_count(std::span(w.shape).subspan(2));
  const T* from = data<T>(w);
  std::vector<T> to;
  to.reserve(w.bytes.size() / sizeof(T));
  for (int64_t g = 0; g < groups; ++g)
    for (int64_t o = 0; o < rows; ++o)
      for (int64_t c = 0; c < channels; ++c)
        for (int64_t t = 0; t < taps; ++t) to.push_back(from[((g * channels + c) * rows + o) * taps + t]);
  return to;
}

template <class T>
void matmul_matrices(const T* a, const T* b, int64_t rows, int64_t depth, int64_t columns, T* y) {
  using A = Accumulator<T>;
  std::vector<A> panels(static_cast<size_t>(kTile * depth), A{0});
  const Product<T> product{a, rows, depth, nullptr, y, columns};
  for (int64_t first = 0; first < columns; first += kTile) {
    const int64_t count = std::min(kTile, columns - first);
    for (int64_t k = 0; k < depth; ++k)
      for (int64_t c = 0; c < count; ++c)
        packed(panels, depth, k, c) = static_cast<A>(b[k * columns + first + c]);
    multiply_tile(product, panels, first, count);
  }
}

/// The offset, in matrices, of a batch index of the result into an operand that broadcasts.
int64_t batch_offset(const Ints& index, const Ints& shape) {
  const size_t axes = shape.size() - 2;
  const size_t missing = index.size() - axes;
  int64_t offset = 0;
  for (size_t i = 0; i < axes; ++i) offset = offset * shape[i] + (shape[i] == 1 ? 0 : index[i + missing]);
  return offset;
}

template <class T>
void matmul_as(const Tensor& a, const Tensor& b, Tensor& y) {
  const int64_t rows = a.shape[a.shape.size() - 2];
  const int64_t depth = a.shape.back();
  const int64_t columns = b.shape.back();
  const Ints batch(y.shape.begin(), y.shape.end() - 2);
  if (element_count(y.shape) == 0) return;
  Ints index(batch.size(), 0);
  T* to = data<T>(y);
  do {
    const T* pa = data<T>(a) + batch_offset(index, a.shape) * rows * depth;
    const T* pb = data<T>(b) + batch_offset(index, b.shape) * depth * columns;
    matmul_matrices(pa, pb, rows, depth, columns, to);
    to += rows * columns;
  } while (next_index(index, batch));
}

}  // namespace

Result<void> conv(const Call& call) {
  const auto& a = call.attributes<ConvAttributes>();
  const Spatial s{spatial_extents(*call.x[0]),
                  spatial_extents(call.y),
                  spatial_extents(*call.x[1]),
                  a.strides,
                  a.dilations,
                  a.pads_begin,
                  false};
  with_type(call.y.dtype, [&]<class T>(std::type_identity<T>) {
    convolve_groups<T>(call, s, data<T>(*call.x[1]), a.groups);
  });
  return {};
}

Result<void> conv_transpose(const Call& call) {
  const auto& a = call.attributes<ConvTransposeAttributes>();
  const Spatial s{spatial_extents(*call.x[0]),
                  spatial_extents(call.y),
                  spatial_extents(*call.x[1]),
                  a.strides,
                  a.dilations,
                  a.pads_begin,
                  true};
  with_type(call.y.dtype, [&]<class T>(std::type_identity<T>) {
    const std::vector<T> w = transpose_weights<T>(*call.x[1], a.groups);
    convolve_groups<T>(call, s, w.data(), a.groups);
  });
  return {};
}

Result<void> matmul(const Call& call) {
  with_type(call.y.dtype,
            [&]<class T>(std::type_identity<T>) { matmul_as<T>(*call.x[0], *call.x[1], call.y); });
  return {};
}

}  // namespace weft::graph::evaluators

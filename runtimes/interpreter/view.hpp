// Where the elements of a value lie: an address and a stride per axis. Transposes, slices, expansions and
// most reshapes are other views of the same memory.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "graph/attributes.hpp"

namespace weft::interpreter {

using graph::Ints;

/// An address that is known when a run begins: a place behind a base that may move until then.
struct Ref {
  uint8_t* const* base = nullptr;
  int64_t offset = 0;  ///< bytes

  uint8_t* get() const { return *base + offset; }
  float* floats() const { return reinterpret_cast<float*>(get()); }
};

struct View {
  Ref data;
  Ints strides;         ///< elements, one an axis; 0 for axes of extent 1
  int allocation = -1;  ///< the planner's buffer that it lies in; -1: what lives as long as the plan
};

/// Axes, the outermost first.
using Order = std::vector<uint32_t>;
Order row_major(size_t rank);
/// N, spatial axes, C.
Order channels_last(size_t rank);

int64_t count(const Ints& shape);
/// The strides of a dense tensor in this order.
Ints dense_strides(const Ints& shape, const Order& order);
/// Strides of axes of extent 1 as 0: they say nothing.
Ints canonical(const Ints& shape, Ints strides);
/// The order in which the axes lie, where they are dense and each element is there once.
std::optional<Order> dense_order(const Ints& shape, const Ints& strides);
/// The same elements under another shape, where strides can say so.
std::optional<Ints> reshaped(const Ints& shape, const Ints& strides, const Ints& to);
/// Of an operand that is broadcast to `shape`.
Ints broadcast_strides(const Ints& operand, const Ints& strides, const Ints& shape);

/// Loops over several tensors at once: neighbouring axes that every tensor walks as one are one. Extents are
/// the outermost first, sorted by the strides of the last tensor.
struct Loops {
  Ints extents;
  std::vector<Ints> strides;  ///< per tensor
};
Loops collapse(const Ints& shape, std::vector<Ints> strides);

/// to[i] = from[i] for all indices of `loops`, whose tensors are `from` and `to`; no overlap.
void copy_strided(const Loops& loops, const uint8_t* from, uint8_t* to, uint32_t element_bytes);

}  // namespace weft::interpreter

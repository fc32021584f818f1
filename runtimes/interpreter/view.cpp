#include "interpreter/view.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace weft::interpreter {

Order row_major(size_t rank) {
  Order order(rank);
  std::iota(order.begin(), order.end(), 0U);
  return order;
}

Order channels_last(size_t rank) {
  Order order{0};
  for (uint32_t axis = 2; axis < rank; ++axis) order.push_back(axis);
  order.push_back(1);
  return order;
}

int64_t count(const Ints& shape) {
  int64_t n = 1;
  for (const int64_t extent : shape) n *= extent;
  return n;
}

Ints canonical(const Ints& shape, Ints strides) {
  for (size_t i = 0; i < shape.size(); ++i)
    if (shape[i] == 1) strides[i] = 0;
  return strides;
}

Ints dense_strides(const Ints& shape, const Order& order) {
  Ints strides(shape.size(), 0);
  int64_t step = 1;
  for (size_t i = order.size(); i-- > 0;) {
    strides[order[i]] = step;
    step *= shape[order[i]];
  }
  return canonical(shape, std::move(strides));
}

std::optional<Order> dense_order(const Ints& shape, const Ints& strides) {
  Order order = row_major(shape.size());
  std::ranges::stable_sort(order, [&](uint32_t a, uint32_t b) {
    // Axes of extent 1 keep to the front: they lie anywhere.
    const int64_t x = shape[a] == 1 ? INT64_MAX : strides[a], y = shape[b] == 1 ? INT64_MAX : strides[b];
    return x > y;
  });
  if (dense_strides(shape, order) != canonical(shape, strides)) return std::nullopt;
  return order;
}

std::optional<Ints> reshaped(const Ints& shape, const Ints& strides, const Ints& to) {
  if (count(shape) == 0) return dense_strides(to, row_major(to.size()));
  Ints result(to.size(), 0);
  size_t i = 0, j = 0;
  while (i < shape.size() || j < to.size()) {
    // The smallest runs of axes with as many elements on both sides.
    const size_t i0 = i, j0 = j;
    int64_t a = i < shape.size() ? shape[i++] : 1, b = j < to.size() ? to[j++] : 1;
    while (a != b) {
      if (a < b) a *= shape[i++];
      else b *= to[j++];
    }
    int64_t step = 0, run = 0;
    bool first = true;
    for (size_t k = i; k-- > i0;) {  // one stride must walk the whole run
      if (shape[k] == 1) continue;
      if (first) step = strides[k];
      else if (strides[k] != run) return std::nullopt;
      run = strides[k] * shape[k];
      first = false;
    }
    for (size_t k = j; k-- > j0;) {
      result[k] = to[k] == 1 ? 0 : step;
      step *= to[k];
    }
  }
  return result;
}

Ints broadcast_strides(const Ints& operand, const Ints& strides, const Ints& shape) {
  Ints result(shape.size(), 0);
  const size_t skip = shape.size() - operand.size();
  for (size_t i = 0; i < operand.size(); ++i)
    if (operand[i] != 1) result[skip + i] = strides[i];
  return result;
}

Loops collapse(const Ints& shape, std::vector<Ints> strides) {
  Order order = row_major(shape.size());
  std::erase_if(order, [&](uint32_t axis) { return shape[axis] == 1; });
  const Ints& leading = strides.back();
  const auto magnitude = [](int64_t x) { return x < 0 ? -x : x; };
  std::ranges::stable_sort(
      order, [&](uint32_t a, uint32_t b) { return magnitude(leading[a]) > magnitude(leading[b]); });
  Loops loops;
  loops.strides.resize(strides.size());
  for (const uint32_t axis : order) {
    bool joins = !loops.extents.empty();
    for (size_t t = 0; t < strides.size() && joins; ++t)
      joins = loops.strides[t].back() == strides[t][axis] * shape[axis];
    if (joins) loops.extents.back() *= shape[axis];
    else loops.extents.push_back(shape[axis]);
    for (size_t t = 0; t < strides.size(); ++t) {
      if (joins) loops.strides[t].back() = strides[t][axis];
      else loops.strides[t].push_back(strides[t][axis]);
    }
  }
  if (loops.extents.empty()) {
    loops.extents.push_back(count(shape));  // 1, or a scalar's
    for (Ints& s : loops.strides) s.push_back(1);
  }
  return loops;
}

namespace {

template <class T>
void copy_line(int64_t n, const T* from, int64_t from_step, T* to, int64_t to_step) {
  for (int64_t i = 0; i < n; ++i) to[i * to_step] = from[i * from_step];
}

template <class T>
void copy_plane(int64_t rows, int64_t columns, const T* from, int64_t from_row, int64_t from_column, T* to,
                int64_t to_row) {
  // Tiles, so that lines of memory on the other side are used while they are near.
  constexpr int64_t kTile = 16;
  for (int64_t r0 = 0; r0 < rows; r0 += kTile)
    for (int64_t c0 = 0; c0 < columns; c0 += kTile)
      for (int64_t r = r0; r < std::min(rows, r0 + kTile); ++r)
        copy_line(std::min(columns - c0, kTile), from + r * from_row + c0 * from_column, from_column,
                  to + r * to_row + c0, 1);
}

template <class T>
void copy_from(const Loops& loops, size_t depth, const T* from, T* to) {
  const int64_t n = loops.extents[depth], a = loops.strides[0][depth], b = loops.strides[1][depth];
  const size_t left = loops.extents.size() - depth;
  if (left == 1) {
    if (a == 1 && b == 1) std::memcpy(to, from, static_cast<size_t>(n) * sizeof(T));
    else copy_line(n, from, a, to, b);
    return;
  }
  if (left == 2 && loops.strides[1][depth + 1] == 1 && loops.strides[0][depth + 1] != 1)
    return copy_plane(n, loops.extents[depth + 1], from, a, loops.strides[0][depth + 1], to, b);
  for (int64_t i = 0; i < n; ++i) copy_from(loops, depth + 1, from + i * a, to + i * b);
}

/// Elements of 8 bytes and more as they are; T has the element's size.
template <class T>
void copy_as(const Loops& loops, const uint8_t* from, uint8_t* to) {
  copy_from(loops, 0, reinterpret_cast<const T*>(from), reinterpret_cast<T*>(to));
}

}  // namespace

void copy_strided(const Loops& loops, const uint8_t* from, uint8_t* to, uint32_t element_bytes) {
  for (const int64_t extent : loops.extents)
    if (extent == 0) return;
  switch (element_bytes) {
    case 1: return copy_as<uint8_t>(loops, from, to);
    case 2: return copy_as<uint16_t>(loops, from, to);
    case 4: return copy_as<uint32_t>(loops, from, to);
    default: return copy_as<uint64_t>(loops, from, to);
  }
}

}  // namespace weft::interpreter

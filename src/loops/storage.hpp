// Storage: where the elements of a logical tensor lie. Permutation, blocking, padding, halo and views are all
// this one struct.
//
// element index = offset + sum over dims of ((index[axis] + halo_begin[axis]) / divisor % extent) * stride.
// A plain axis has one dim with divisor 1; an axis blocked by 8 has two: divisor 8 (outer) and divisor 1,
// extent 8 (inner).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/dtype.hpp"
#include "expr/expr.hpp"

namespace weft::loops {

struct StorageDim {
  uint32_t axis = 0;
  int64_t divisor = 1;
  expr::Expr extent;
  expr::Expr stride;
  friend bool operator==(const StorageDim&, const StorageDim&) = default;
};

struct Storage {
  DType dtype = DType::f32;
  expr::Expr offset;             ///< elements, from the start of its buffer
  std::vector<StorageDim> dims;  ///< outermost first
  /// Extra elements on each side of a logical axis, zero-filled before the producer runs: zero padding
  /// without tests.
  std::vector<int64_t> halo_begin, halo_end;
  expr::Expr elements;  ///< of the buffer that holds it (with halo and padding)
  friend bool operator==(const Storage&, const Storage&) = default;
};

/// Row-major over the axes in the order `order` (outermost first), with halos (empty: none).
Storage dense_storage(DType dtype, const std::vector<expr::Expr>& shape, const std::vector<uint32_t>& order,
                      std::vector<int64_t> halo_begin = {}, std::vector<int64_t> halo_end = {});
/// `order` with axis `block_axis` split by `block`: its outer part stays in place, its inner part becomes
/// innermost; padded up to a whole number of blocks.
Storage blocked_storage(DType dtype, const std::vector<expr::Expr>& shape, const std::vector<uint32_t>& order,
                        uint32_t block_axis, int64_t block);
/// The element index of logical indices.
expr::Expr element_index(const Storage& storage, const std::vector<expr::Expr>& indices);
bool has_halo(const Storage& storage);

// Views: storages in a part of another one's buffer, with its strides.
/// Points `start` to `start + extent` of one axis, which must be neither blocked nor read around: the slot of
/// an operand in its concat. The other axes keep their halos; this one has none.
Storage slot(const Storage& whole, uint32_t axis, const expr::Expr& start, const expr::Expr& extent);
/// A tensor of this shape whose element at the index variables `axes` (0 for an axis of extent 1) lies at
/// `index` in `elements` elements; nothing when that is not linear with positive strides. Axes with greater
/// strides come first.
std::optional<Storage> linear_storage(DType dtype, const std::vector<expr::Expr>& shape,
                                      const std::vector<expr::Expr>& axes, const expr::Expr& index,
                                      const expr::Expr& elements);
/// The same elements seen from the first one: offset 0, and no more elements than the last one needs. What a
/// kernel gets, together with the offset as an address: views that differ in their offset share code.
Storage rebased(const Storage& storage);

/// Index variables of a tensor of this shape, 0 for axes of extent 1.
std::vector<expr::Expr> index_variables(const std::vector<expr::Expr>& shape);
/// Whether every element of a tensor of this shape lies at the same place in both (halos aside).
bool same_places(const Storage& a, const Storage& b, const std::vector<expr::Expr>& shape);
/// Whether `have` walks memory in the order of `wanted`, with a halo that is at least as wide: what reads one
/// may read the other.
bool serves(const Storage& have, const Storage& wanted, const std::vector<expr::Expr>& shape);

std::string print(const Storage& storage);

}  // namespace weft::loops

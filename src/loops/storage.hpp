// Storage: where the elements of a logical tensor lie. Permutation, blocking, padding, halo and views are all
// this one struct.
//
// element index = offset + sum over dims of ((index[axis] + halo_begin[axis]) / divisor % extent) * stride.
// A plain axis has one dim with divisor 1; an axis blocked by 8 has two: divisor 8 (outer) and divisor 1,
// extent 8 (inner).
#pragma once

#include <cstdint>
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
std::string print(const Storage& storage);

}  // namespace weft::loops

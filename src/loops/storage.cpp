#include "loops/storage.hpp"

#include <fmt/format.h>

#include "base/check.hpp"

namespace weft::loops {
namespace {

using expr::Expr;

Expr with_halo(const Storage& storage, const std::vector<Expr>& shape, uint32_t axis) {
  return shape[axis] + Expr(storage.halo_begin[axis] + storage.halo_end[axis]);
}

Storage start(DType dtype, size_t rank, const std::vector<uint32_t>& order, std::vector<int64_t> halo_begin,
              std::vector<int64_t> halo_end) {
  Storage storage;
  storage.dtype = dtype;
  halo_begin.resize(rank, 0);
  halo_end.resize(rank, 0);
  storage.halo_begin = std::move(halo_begin);
  storage.halo_end = std::move(halo_end);
  std::vector<bool> seen(rank, false);
  WEFT_CHECK(order.size() == rank, "the order names each axis once");
  for (const uint32_t axis : order) {
    WEFT_CHECK(axis < rank && !seen[axis], "the order names each axis once");
    seen[axis] = true;
  }
  return storage;
}

// Strides from the innermost dim outwards; the buffer holds their product.
void set_strides(Storage& storage) {
  Expr stride = 1;
  for (size_t i = storage.dims.size(); i-- > 0;) {
    storage.dims[i].stride = stride;
    stride = stride * storage.dims[i].extent;
  }
  storage.elements = stride;
}

}  // namespace

Storage dense_storage(DType dtype, const std::vector<Expr>& shape, const std::vector<uint32_t>& order,
                      std::vector<int64_t> halo_begin, std::vector<int64_t> halo_end) {
  Storage storage = start(dtype, shape.size(), order, std::move(halo_begin), std::move(halo_end));
  for (const uint32_t axis : order) storage.dims.push_back({axis, 1, with_halo(storage, shape, axis), 0});
  set_strides(storage);
  return storage;
}

Storage blocked_storage(DType dtype, const std::vector<Expr>& shape, const std::vector<uint32_t>& order,
                        uint32_t block_axis, int64_t block) {
  WEFT_CHECK(block > 0 && block_axis < shape.size(), "a block of one of the axes");
  Storage storage = start(dtype, shape.size(), order, {}, {});
  for (const uint32_t axis : order) {
    if (axis == block_axis) storage.dims.push_back({axis, block, ceil_div(shape[axis], Expr(block)), 0});
    else storage.dims.push_back({axis, 1, shape[axis], 0});
  }
  storage.dims.push_back({block_axis, 1, Expr(block), 0});
  set_strides(storage);
  return storage;
}

Expr element_index(const Storage& storage, const std::vector<Expr>& indices) {
  Expr index = storage.offset;
  for (const StorageDim& dim : storage.dims) {
    WEFT_CHECK(dim.axis < indices.size(), "an index for each axis");
    const int64_t halo = dim.axis < storage.halo_begin.size() ? storage.halo_begin[dim.axis] : 0;
    Expr position = floor_div(indices[dim.axis] + Expr(halo), Expr(dim.divisor));
    // The outermost part of an axis never wraps: without the modulus the index stays linear.
    bool outermost = true;
    for (const StorageDim& other : storage.dims)
      outermost = outermost && (other.axis != dim.axis || other.divisor <= dim.divisor);
    if (!outermost) position = mod(position, dim.extent);
    index = index + position * dim.stride;
  }
  return index;
}

bool has_halo(const Storage& storage) {
  for (const int64_t n : storage.halo_begin)
    if (n != 0) return true;
  for (const int64_t n : storage.halo_end)
    if (n != 0) return true;
  return false;
}

std::string print(const Storage& storage) {
  std::string text = fmt::format("{}[{}] at {}", to_string(storage.dtype), expr::print(storage.elements),
                                 expr::print(storage.offset));
  for (const StorageDim& dim : storage.dims) {
    text += fmt::format(", axis {}", dim.axis);
    if (dim.divisor != 1) text += fmt::format(" / {}", dim.divisor);
    text += fmt::format(": {} by {}", expr::print(dim.extent), expr::print(dim.stride));
  }
  for (size_t axis = 0; axis < storage.halo_begin.size(); ++axis)
    if (storage.halo_begin[axis] != 0 || storage.halo_end[axis] != 0)
      text += fmt::format(", halo {}: {} + {}", axis, storage.halo_begin[axis], storage.halo_end[axis]);
  return text;
}

}  // namespace weft::loops

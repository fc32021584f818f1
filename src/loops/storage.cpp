#include "loops/storage.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.hpp"
#include "loops/loops.hpp"

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
  WEFT_CHECK(block > 1 && block_axis < shape.size(), "a block of one of the axes");
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

Storage slot(const Storage& whole, uint32_t axis, const Expr& start, const Expr& extent) {
  Storage part = whole;
  const auto dim = std::ranges::find(part.dims, axis, &StorageDim::axis);
  WEFT_CHECK(dim != part.dims.end() && dim->divisor == 1, "a slot along a plain axis");
  part.offset = part.offset + (start + whole.halo_begin[axis]) * dim->stride;
  dim->extent = extent;
  part.halo_begin[axis] = part.halo_end[axis] = 0;
  return part;
}

std::optional<Storage> linear_storage(DType dtype, const std::vector<Expr>& shape,
                                      const std::vector<Expr>& axes, const Expr& index,
                                      const Expr& elements) {
  Storage storage;
  storage.dtype = dtype;
  storage.elements = elements;
  storage.halo_begin.resize(shape.size(), 0);
  storage.halo_end.resize(shape.size(), 0);
  Expr rest = index;
  for (uint32_t axis = 0; axis < shape.size(); ++axis) {
    Expr stride = 1;
    if (!shape[axis].is_constant(1)) {
      const auto split = expr::split_linear(rest, axes[axis].node().variable.name);
      if (!split) return std::nullopt;
      stride = split->coefficient;
      const bool varies = std::ranges::any_of(axes, [&](const Expr& other) {
        return other.kind() == expr::Kind::variable && expr::uses(stride, other.node().variable.name);
      });
      if (varies || !expr::always(expr::less(0, stride))) return std::nullopt;
      rest = split->rest;
    }
    storage.dims.push_back({axis, 1, shape[axis], stride});
  }
  for (const Expr& axis : axes)
    if (axis.kind() == expr::Kind::variable && expr::uses(rest, axis.node().variable.name))
      return std::nullopt;
  storage.offset = rest;
  // Axes of one point go where they are in the shape: outside the next axis that has more.
  std::vector<Expr> rank(storage.dims.size());
  Expr inner = 0;
  for (size_t i = storage.dims.size(); i-- > 0;) {
    if (!shape[i].is_constant(1)) inner = storage.dims[i].stride;
    rank[i] = inner;
  }
  // Strides of which neither is known to be the greater have no order.
  const auto outside = [&](const StorageDim& a, const StorageDim& b) {
    const Expr &x = rank[a.axis], &y = rank[b.axis];
    return x == y ? a.axis < b.axis : expr::always(expr::less_equal(y, x));
  };
  for (size_t i = 0; i < storage.dims.size(); ++i)
    for (size_t j = i + 1; j < storage.dims.size(); ++j)
      if (outside(storage.dims[i], storage.dims[j]) == outside(storage.dims[j], storage.dims[i]))
        return std::nullopt;
  std::sort(storage.dims.begin(), storage.dims.end(), outside);
  return storage;
}

Storage rebased(const Storage& storage) {
  Storage local = storage;
  local.offset = 0;
  Expr last(0);
  for (const StorageDim& dim : storage.dims) {
    if (dim.extent.is_constant(0)) return local;
    last = last + (dim.extent - 1) * dim.stride;
  }
  local.elements = expr::min(last + 1, storage.elements - storage.offset);
  return local;
}

std::vector<Expr> index_variables(const std::vector<Expr>& shape) {
  std::vector<Expr> variables;
  for (size_t i = 0; i < shape.size(); ++i) {
    const auto extent = shape[i].as_constant();
    variables.push_back(extent == 1 ? Expr(0) : loop_variable(fmt::format("i{}", i), shape[i]));
  }
  return variables;
}

bool same_places(const Storage& a, const Storage& b, const std::vector<Expr>& shape) {
  if (a.dtype != b.dtype) return false;
  const std::vector<Expr> at = index_variables(shape);
  return element_index(a, at) == element_index(b, at);
}

bool serves(const Storage& have, const Storage& wanted, const std::vector<Expr>& shape) {
  if (have.dtype != wanted.dtype) return false;
  for (size_t axis = 0; axis < shape.size(); ++axis)
    if (have.halo_begin[axis] < wanted.halo_begin[axis] || have.halo_end[axis] < wanted.halo_end[axis])
      return false;
  // An axis of one point without halo is nowhere in the order.
  const auto walk = [&](const Storage& storage) {
    std::vector<std::pair<uint32_t, int64_t>> order;
    for (const StorageDim& dim : storage.dims)
      if (!shape[dim.axis].is_constant(1) || wanted.halo_begin[dim.axis] + wanted.halo_end[dim.axis] > 0)
        order.emplace_back(dim.axis, dim.divisor);
    return order;
  };
  return walk(have) == walk(wanted);
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

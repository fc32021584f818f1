// scatter: rows of the first operand replaced by or combined with updates.
#include <algorithm>

#include "graph/eval_movement.hpp"
#include "graph/eval_scalar.hpp"
#include "graph/evaluators.hpp"
#include "graph/half.hpp"

namespace weft::graph::evaluators {
namespace {

template <class T>
T combined(ScatterKind kind, T old, T update) {
  switch (kind) {
    case ScatterKind::replace: return update;
    case ScatterKind::sum: return scalar::add::of(old, update);
    case ScatterKind::product: return scalar::mul::of(old, update);
    case ScatterKind::max: return scalar::maximum::of(old, update);
    case ScatterKind::min: return scalar::minimum::of(old, update);
  }
  WEFT_UNREACHABLE("an unknown kind");
}

void scatter_rows(const Call& call, const Tensor& x, const Tensor& updates, Tensor& y) {
  const ScatterKind kind = call.attributes<ScatterAttributes>().kind;
  const Tensor indices = convert(*call.x[1], DType::i64);
  const int64_t rows = x.shape[0];
  const int64_t block = element_count(std::span(x.shape).subspan(1));
  y.bytes = x.bytes;
  with_type(x.dtype, [&]<class T>(std::type_identity<T>) {
    for (int64_t m = 0; m < indices.shape[0]; ++m) {
      int64_t row = data<int64_t>(indices)[m];
      row = std::clamp<int64_t>(row < 0 ? row + rows : row, 0, rows - 1);
      T* to = data<T>(y) + row * block;
      const T* from = data<T>(updates) + m * block;
      for (int64_t i = 0; i < block; ++i) to[i] = combined(kind, to[i], from[i]);
    }
  });
}

}  // namespace

Result<void> scatter(const Call& call) {
  if (call.y.dtype != DType::f16 && call.y.dtype != DType::bf16) {
    scatter_rows(call, *call.x[0], *call.x[2], call.y);
    return {};
  }
  // Each update is rounded, as it is in memory: a row may have several.
  const Tensor indices = convert(*call.x[1], DType::i64);
  Tensor all = *call.x[0];
  const Node node = call.node;
  const int64_t block = element_count(std::span(all.shape).subspan(1));
  for (int64_t m = 0; m < indices.shape[0]; ++m) {
    const auto part = [&](const Tensor& from, int64_t count) {
      Tensor t{from.dtype, from.shape, {}};
      t.shape[0] = 1;
      const auto bytes = static_cast<size_t>(count) * byte_size(from.dtype);
      const auto at = from.bytes.begin() + static_cast<std::ptrdiff_t>(static_cast<size_t>(m) * bytes);
      t.bytes.assign(at, at + static_cast<std::ptrdiff_t>(bytes));
      return t;
    };
    const Tensor index = part(indices, 1);
    const Tensor update = convert(part(*call.x[2], block), DType::f32), wide = convert(all, DType::f32);
    Tensor y{DType::f32, all.shape, {}};
    const Tensor* operands[] = {&wide, &index, &update};
    scatter_rows({node, operands, y}, wide, update, y);
    all = convert(y, call.y.dtype);
  }
  call.y.bytes = std::move(all.bytes);
  return {};
}

}  // namespace weft::graph::evaluators

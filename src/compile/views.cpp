#include "compile/views.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace weft::compile {

using expr::Expr;
using loops::Stage;
using loops::Storage;
using loops::StorageDim;
using loops::Value;
using loops::ValueOp;

namespace {

/// The access of a stage that only copies.
const loops::ValueNode* copied(const Stage& stage) {
  const Value& result = stage.result;
  const bool plain = stage.fold.empty() && stage.bindings.empty() && stage.tensors.size() == 2 &&
                     result->op == ValueOp::access && !result->predicate &&
                     stage.tensors[0].dtype == stage.tensors[1].dtype;
  return plain ? result.get() : nullptr;
}

bool whole_result(const Stage& stage) {
  if (stage.spatial.size() != stage.output_indices.size()) return false;
  for (size_t i = 0; i < stage.spatial.size(); ++i) {
    const bool one = stage.spatial[i].extent.is_constant(1);
    if (!(stage.spatial[i].extent == stage.tensors.back().shape[i])) return false;  // one part of a concat
    if (!(stage.output_indices[i] == (one ? Expr(0) : axis_variable(stage.spatial[i])))) return false;
  }
  return true;
}

/// Whether the points of the stage do not all have the same value of it.
bool varies(const Stage& stage, const Expr& e) {
  return std::ranges::any_of(stage.spatial, [&](const loops::Axis& a) { return expr::uses(e, a.name); }) ||
         std::ranges::any_of(stage.bindings, [&](const loops::IndexBinding& binding) {
           return expr::uses(e, binding.variable.name);
         });
}

/// Whether vectors can be read along the innermost axis.
bool unit_stride(const Storage& storage) {
  for (size_t i = storage.dims.size(); i-- > 0;)
    if (!storage.dims[i].extent.is_constant(1)) return storage.dims[i].stride.is_constant(1);
  return true;
}

}  // namespace

std::optional<Storage> as_view(const Stage& stage, const Storage& operand, const Storage& wanted) {
  const loops::ValueNode* access = copied(stage);
  if (access == nullptr || !whole_result(stage)) return std::nullopt;
  const std::vector<Expr>& shape = stage.tensors[1].shape;
  std::vector<Expr> axes;
  for (const loops::Axis& axis : stage.spatial) axes.push_back(axis_variable(axis));
  const auto view = loops::linear_storage(operand.dtype, shape, axes,
                                          loops::element_index(operand, access->indices), operand.elements);
  if (!view || !loops::serves(*view, wanted, shape) || !unit_stride(*view)) return std::nullopt;
  return view;
}

Stage narrowed(Stage stage, Storage& result) {
  std::vector<Expr>& shape = stage.tensors.back().shape;
  for (uint32_t axis = 0; axis < shape.size(); ++axis) {
    if (axis >= stage.spatial.size() || stage.spatial[axis].extent == shape[axis]) continue;
    const Expr& extent = stage.spatial[axis].extent;
    const Expr at = extent.is_constant(1) ? Expr(0) : axis_variable(stage.spatial[axis]);
    const Expr start = stage.output_indices[axis] - at;
    const bool plain = std::ranges::count(result.dims, axis, &StorageDim::axis) == 1;
    if (!plain || varies(stage, start)) continue;
    result = loops::slot(result, axis, start, extent);
    shape[axis] = extent;
    stage.output_indices[axis] = at;
  }
  return stage;
}

bool only_moves(const Stage& stage) {
  return stage.fold.empty() && stage.tensors.size() > 1 && stage.result->op == ValueOp::access;
}

bool moves_nothing(const Stage& stage, const Storage& operand, const Storage& result) {
  const loops::ValueNode* access = copied(stage);
  return access != nullptr &&
         loops::element_index(operand, access->indices) == loops::element_index(result, stage.output_indices);
}

namespace {

/// Counts the reads of a tensor: those at `place`, and all others.
struct Reads {
  int at_place = 0, elsewhere = 0;
};

void count_reads(const Value& value, uint32_t tensor, const Storage& storage, const Expr* place,
                 Reads& reads) {
  loops::rewrite(value, [&](const Value& v) {
    if (v->op != ValueOp::access || v->buffer != tensor) return v;
    const bool there =
        place != nullptr && !v->predicate && loops::element_index(storage, v->indices) == *place;
    ++(there ? reads.at_place : reads.elsewhere);
    return v;
  });
}

}  // namespace

bool may_overwrite(const Stage& stage, uint32_t operand, const Storage& storage) {
  const loops::TensorOperand &from = stage.tensors[operand], &to = stage.tensors.back();
  if (from.dtype != to.dtype || !std::ranges::equal(from.shape, to.shape)) return false;
  const Expr place = loops::element_index(storage, stage.output_indices);
  Reads reads;
  count_reads(stage.result, operand, storage, &place, reads);
  for (const loops::IndexBinding& binding : stage.bindings)
    count_reads(binding.value, operand, storage, nullptr, reads);
  for (const loops::FoldState& state : stage.fold) {
    count_reads(state.init, operand, storage, nullptr, reads);
    count_reads(state.update, operand, storage, nullptr, reads);
  }
  return reads.at_place > 0 && reads.elsewhere == 0;
}

namespace {

/// Below this, one fill costs no more than the calls.
constexpr int64_t kSmall = 65536;  // bytes

ZeroBox zero_box(const Storage& storage, std::vector<Expr> extents, const Expr& offset) {
  ZeroBox box;
  box.storage.dtype = storage.dtype;
  box.storage.elements = storage.elements;
  box.storage.offset = offset;
  box.storage.halo_begin.resize(extents.size(), 0);
  box.storage.halo_end.resize(extents.size(), 0);
  box.stage.name = "zero";
  for (uint32_t i = 0; i < extents.size(); ++i) {
    box.storage.dims.push_back({i, 1, extents[i], storage.dims[i].stride});
    box.stage.spatial.push_back({fmt::format("i{}", i), extents[i]});
    const bool one = extents[i].is_constant(1);
    box.stage.output_indices.push_back(one ? Expr(0) : axis_variable(box.stage.spatial[i]));
  }
  box.stage.result = loops::constant_bits({storage.dtype}, 0);
  box.stage.tensors.push_back({"out", storage.dtype, std::move(extents)});
  return box;
}

}  // namespace

std::vector<ZeroBox> halo_boxes(const Storage& storage) {
  const bool blocked =
      std::ranges::any_of(storage.dims, [](const StorageDim& dim) { return dim.divisor != 1; });
  const int64_t size = static_cast<int64_t>(byte_size(storage.dtype));
  const int64_t elements = storage.elements.as_constant().value_or(0);
  if (blocked || elements * size <= kSmall) return {};  // nor where the size depends on symbols
  std::vector<ZeroBox> boxes;
  int64_t zeros = 0;
  // Outside one dim's interior, inside the interiors of all dims around it, and everywhere in the inner ones.
  std::vector<Expr> extents;
  for (const StorageDim& dim : storage.dims) extents.push_back(dim.extent);
  Expr offset = storage.offset;
  for (size_t i = 0; i < storage.dims.size(); ++i) {
    const StorageDim& dim = storage.dims[i];
    const int64_t begin = storage.halo_begin[dim.axis], end = storage.halo_end[dim.axis];
    const Expr inner = dim.extent - Expr(begin + end);
    for (const auto& [at, extent] : {std::pair{Expr(0), begin}, std::pair{inner + begin, end}}) {
      if (extent == 0) continue;
      extents[i] = extent;
      boxes.push_back(zero_box(storage, extents, offset + at * dim.stride));
      zeros += expr::product(extents).as_constant().value_or(0);
    }
    extents[i] = inner;
    offset = offset + Expr(begin) * dim.stride;
  }
  if (zeros * 3 > elements) return {};
  return boxes;
}

}  // namespace weft::compile

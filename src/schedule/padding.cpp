#include "schedule/padding.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "schedule/analysis.hpp"

namespace weft::schedule {
namespace {

using expr::Expr;
using loops::Storage;
using Bindings = std::map<std::string, Expr, std::less<>>;

std::unexpected<Error> bad(const std::string& message) {
  return fail(ErrorKind::invalid_argument, "schedule: " + message);
}

bool is_pad(const Step& step) { return step.kind == StepKind::split && step.tail == Tail::pad; }

/// The greatest value that the loops give an axis, surplus points included.
int64_t greatest(const Nest& nest, const std::string& axis) {
  const int64_t extent = *constant_extent(nest, axis);
  for (const Step& step : nest.derivations) {
    if (std::ranges::find(step.axes, axis) == step.axes.end()) continue;
    if (step.kind == StepKind::fuse) {
      const int64_t fused = greatest(nest, step.results[0]),
                    inner = std::max<int64_t>(1, *constant_extent(nest, step.axes[1]));
      return axis == step.axes[0] ? fused / inner : std::min(fused, inner - 1);
    }
    const int64_t inner = greatest(nest, step.results[1]);
    if (step.tail == Tail::overlap) return extent - step.factor + inner;
    const int64_t last = greatest(nest, step.results[0]) * step.factor + inner;
    return step.tail == Tail::pad || step.tail == Tail::exact ? last : std::min(last, extent - 1);
  }
  return extent - 1;
}

/// The elements along an axis that a storage has room for.
int64_t room(const Storage& storage, uint32_t axis) {
  int64_t elements = 0;
  for (const loops::StorageDim& dim : storage.dims)
    if (dim.axis == axis) elements = std::max(elements, dim.divisor * dim.extent.as_constant().value_or(0));
  return elements;
}

int64_t halo(const std::vector<int64_t>& sizes, size_t axis) { return axis < sizes.size() ? sizes[axis] : 0; }

class Checker {
 public:
  Checker(const loops::Stage& stage, const Nest& nest, const std::vector<Storage>& storages)
      : stage_(stage), nest_(nest), storages_(storages) {
    for (const std::vector<loops::Axis>* axes : {&stage.spatial, &stage.reduction})
      for (const loops::Axis& axis : *axes)
        wide_.emplace(axis.name,
                      expr::variable(axis.name, {0, std::max<int64_t>(0, greatest(nest, axis.name))}));
  }

  Result<void> run() const {
    for (const Step& step : nest_.derivations)
      if (is_pad(step) && nest_.is_reduction.at(step.axes[0])) WEFT_TRY(check_reduction(step.axes[0]));
    for (const loops::IndexBinding& binding : stage_.bindings) WEFT_TRY(check_value(binding.value));
    for (const loops::FoldState& state : stage_.fold) {
      WEFT_TRY(check_value(state.init));
      WEFT_TRY(check_value(state.update));
    }
    WEFT_TRY(check_value(stage_.result));
    const auto output = static_cast<uint32_t>(stage_.tensors.size() - 1);
    WEFT_TRY(check_indices(output, stage_.output_indices));
    return check_stores(output);
  }

 private:
  /// Surplus points add zero.
  Result<void> check_reduction(const std::string& axis) const {
    const bool own = std::ranges::any_of(stage_.reduction, [&](const auto& a) { return a.name == axis; });
    if (!own) return bad("pad of " + axis + ", which is derived from a reduction axis");
    const std::optional<Product> product = sum_of_products(stage_);
    const auto zero_outside = [&](const loops::Value& factor) {
      if (factor->op != loops::ValueOp::access || factor->predicate) return false;
      const auto at = axis_position(factor, axis);
      if (!at || !(factor->indices[*at] == expr::variable(axis, {0, *constant_extent(nest_, axis) - 1})))
        return false;
      return stage_.tensors[factor->buffer].shape[*at].is_constant(*constant_extent(nest_, axis));
    };
    if (!product || !stage_.bindings.empty() || !zero_outside(product->a) || !zero_outside(product->b))
      return bad("pad of " + axis + " would sum points that do not exist");
    return {};
  }

  Result<void> check_value(const loops::Value& value) const {
    for (const loops::Value& access : accesses(value))
      WEFT_TRY(check_indices(access->buffer, access->indices));
    return {};
  }

  /// No index leaves its storage through padding. One that leaves the tensor without it has a predicate.
  Result<void> check_indices(uint32_t tensor, const std::vector<Expr>& indices) const {
    const Storage& storage = storages_[tensor];
    for (size_t axis = 0; axis < indices.size(); ++axis) {
      const expr::Interval plain = expr::bounds(indices[axis]),
                           wide = expr::bounds(expr::substitute(indices[axis], wide_));
      const int64_t begin = halo(storage.halo_begin, axis);
      const int64_t shape = stage_.tensors[tensor].shape[axis].as_constant().value_or(0);
      const int64_t end = room(storage, static_cast<uint32_t>(axis)) - begin;
      const bool low = wide.min == plain.min || plain.min < 0 || wide.min >= -begin;
      const bool high = wide.max == plain.max || plain.max >= shape || (wide.max && *wide.max < end);
      if (!low || !high) return bad("padding leaves the storage of " + stage_.tensors[tensor].name);
    }
    return {};
  }

  /// A surplus point stores outside the tensor, not where another point or stage does.
  Result<void> check_stores(uint32_t output) const {
    for (size_t axis = 0; axis < stage_.output_indices.size(); ++axis) {
      const Expr& index = stage_.output_indices[axis];
      const expr::Interval plain = expr::bounds(index);
      if (expr::bounds(expr::substitute(index, wide_)) == plain) continue;
      const std::set<std::string> names = expr::variables(index);
      const auto linear = names.size() == 1 ? expr::split_linear(index, *names.begin()) : std::nullopt;
      const bool rising = linear && linear->coefficient.as_constant().value_or(0) > 0;
      if (!rising || !stage_.tensors[output].shape[axis].is_constant(*plain.max + 1))
        return bad("padding would store to points of " + stage_.tensors[output].name);
    }
    return {};
  }

  const loops::Stage& stage_;
  const Nest& nest_;
  const std::vector<Storage>& storages_;
  Bindings wide_;  ///< the stage's axes with their surplus
};

}  // namespace

Result<void> check_padding(const loops::Stage& stage, const Nest& nest,
                           const std::vector<Storage>& storages) {
  if (std::ranges::none_of(nest.derivations, is_pad)) return {};
  for (const auto& [axis, extent] : nest.extents)
    if (!extent.as_constant()) return bad("pad asks for constant extents; " + axis + " is symbolic");
  return Checker(stage, nest, storages).run();
}

}  // namespace weft::schedule

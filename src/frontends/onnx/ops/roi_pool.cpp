// MaxRoiPool: the largest element of each bin of a region (Girshick, "Fast R-CNN", section 2.1).
#include <limits>

#include "frontends/onnx/ops/converters.hpp"
#include "frontends/onnx/ops/term.hpp"

namespace weft::onnx {
namespace {

constexpr double kLeast = -std::numeric_limits<double>::infinity();

/// Half away from zero.
Term rounded(const Term& x) { return select(less(x, 0.0), ceil(x - 0.5), floor(x + 0.5)); }

/// Along one axis: which places of `extent` lie in which of `bins` bins of the regions from `first` to
/// `last` (included), boolean [R, bins, extent].
Term bins_of(Call& c, const Term& first, const Term& last, int64_t bins, const expr::Expr& extent) {
  const Term bin = maximum(last - first + 1.0, 1.0) / static_cast<double>(bins);
  const Term index = convert(iota({1, bins, 1}, 1), DType::f32);
  const Term place = convert(iota({1, 1, extent}, 2), DType::f32);
  const Term from = floor(index * bin) + first, to = ceil((index + 1.0) * bin) + first;
  return Term(emit(c, less_equal(from, place) && less(place, to)));
}

}  // namespace

void convert_max_roi_pool(Call& c) {
  const ValueId x = c.in(0);
  const ValueId rois = cast(c, c.in(1), DType::f32);
  const Ints pooled = c.integers("pooled_shape");
  const double scale = c.number("spatial_scale", 1);
  if (!c.ok()) return;
  const Dims shape = c.dims(x);
  if (shape.size() != 4 || c.rank(rois) != 2 || pooled.size() != 2)
    return c.invalid("the input is not [N, C, H, W], the regions are not [R, 5], or pooled_shape is not two");
  if (pooled[0] < 1 || pooled[1] < 1 || pooled[0] > (1 << 20) || pooled[1] > (1 << 20))
    return c.invalid("its sizes are out of range");
  const expr::Expr regions = c.dims(rois)[0];
  if (!require_shape(c, rois, {regions, 5}, "the regions")) return;
  const auto column = [&](int64_t at) {
    return reshape(c, slice(c, rois, {0, at}, {1, 1}, {regions, 1}), {regions, 1, 1});
  };
  const auto bins = [&](int64_t at, int64_t count, const expr::Expr& extent) {
    const ValueId first = emit(c, rounded(Term(column(at)) * scale));
    const ValueId last = emit(c, rounded(Term(column(at + 2)) * scale));
    return emit(c, bins_of(c, first, last, count, extent));
  };
  const ValueId rows = bins(2, pooled[0], shape[2]), columns = bins(1, pooled[1], shape[3]);
  const ValueId batches = reshape(c, cast(c, column(0), DType::i32), {regions});
  c.check_indices(batches, shape[0]);
  const ValueId planes = emit(c, gather(x, batches));
  // One axis after the other: [R, C, H, bins, W], then [R, C, bins, bins, H].
  const ValueId wide = reshape(c, planes, {regions, shape[1], shape[2], 1, shape[3]});
  const ValueId in_columns = reshape(c, columns, {regions, 1, 1, pooled[1], shape[3]});
  const ValueId best = reduce(c, emit(c, select(in_columns, wide, kLeast)), ReduceKind::max, {4}, false);
  const ValueId turned =
      reshape(c, transpose(c, best, {0, 1, 3, 2}), {regions, shape[1], 1, pooled[1], shape[2]});
  const ValueId in_rows = reshape(c, rows, {regions, 1, pooled[0], 1, shape[2]});
  const ValueId y = reduce(c, emit(c, select(in_rows, turned, kLeast)), ReduceKind::max, {4}, false);
  // A bin of no elements is 0.
  const auto any = [&](ValueId mask, const Dims& as) {
    return reshape(c, reduce(c, cast(c, mask, DType::i32), ReduceKind::max, {2}, false), as);
  };
  const ValueId some_rows = any(rows, {regions, 1, pooled[0], 1}),
                some_columns = any(columns, {regions, 1, 1, pooled[1]});
  c.out(0, emit(c, select(less(0, Term(some_rows) * some_columns), y, 0.0)));
}

}  // namespace weft::onnx

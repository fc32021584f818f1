// Reduce*, ArgMax, ArgMin.
#include "frontends/onnx/ops/converters.hpp"

namespace weft::onnx {
namespace {

struct Reduction {
  ValueId x;
  Ints axes;
  bool keep;
  bool is_identity;  ///< noop_with_empty_axes applies
};

/// `axes` is an attribute before opset `input_since`, an optional operand from there on. Empty means all
/// axes.
Reduction read_reduction(Call& c, int64_t input_since) {
  Reduction r{c.in(0), {}, c.integer("keepdims", 1) != 0, false};
  Ints axes;
  if (c.version() < input_since) axes = c.integers("axes");
  else if (c.has(1)) axes = c.known_integers(c.in(1), "axes");
  const int64_t rank = c.rank(r.x);
  r.is_identity = axes.empty() && c.version() >= input_since && c.integer("noop_with_empty_axes", 0) != 0;
  r.axes = axes.empty() ? axis_range(0, rank) : c.axes(axes, rank);
  return r;
}

void convert_plain(Call& c, ReduceKind kind, int64_t input_since) {
  const Reduction r = read_reduction(c, input_since);
  if (r.is_identity) return c.out(0, r.x);
  c.out(0, reduce(c, r.x, kind, r.axes, r.keep));
}

ValueId absolute(Call& c, ValueId x) { return c.emit(Op::abs, {x}); }
ValueId square(Call& c, ValueId x) { return mul(c, x, x); }
ValueId same(Call&, ValueId x) { return x; }
ValueId root(Call& c, ValueId x) { return c.emit(Op::sqrt, {x}); }
ValueId logarithm(Call& c, ValueId x) { return c.emit(Op::log, {x}); }

/// after(sum(before(x)))
void convert_sum_of(Call& c, ValueId (*before)(Call&, ValueId), ValueId (*after)(Call&, ValueId)) {
  const Reduction r = read_reduction(c, 18);
  const ValueId terms = before(c, r.x);
  const ValueId sum = r.is_identity ? terms : reduce(c, terms, ReduceKind::sum, r.axes, r.keep);
  c.out(0, after(c, sum));
}

void convert_arg(Call& c, ReduceKind kind) {
  const ValueId x = c.in(0);
  const int64_t axis = c.axis(c.integer("axis", 0), c.rank(x));
  const bool last = c.version() >= 12 && c.integer("select_last_index", 0) != 0;
  if (!c.ok()) return;
  Dims shape = c.dims(x);
  const ValueId index = c.emit(Op::arg_reduce, {x}, graph::ArgReduceAttributes{kind, axis, last});
  if (c.integer("keepdims", 1) == 0) return c.out(0, index);
  shape[static_cast<size_t>(axis)] = 1;
  c.out(0, reshape(c, index, shape));
}

}  // namespace

void convert_reduce_sum(Call& c) { convert_plain(c, ReduceKind::sum, 13); }
void convert_reduce_mean(Call& c) { convert_plain(c, ReduceKind::mean, 18); }
void convert_reduce_max(Call& c) { convert_plain(c, ReduceKind::max, 18); }
void convert_reduce_min(Call& c) { convert_plain(c, ReduceKind::min, 18); }
void convert_reduce_prod(Call& c) { convert_plain(c, ReduceKind::product, 18); }
void convert_reduce_l1(Call& c) { convert_sum_of(c, absolute, same); }
void convert_reduce_l2(Call& c) { convert_sum_of(c, square, root); }
void convert_reduce_log_sum(Call& c) { convert_sum_of(c, same, logarithm); }
void convert_reduce_sum_square(Call& c) { convert_sum_of(c, square, same); }

/// max + log(sum(exp(x - max)))
void convert_reduce_log_sum_exp(Call& c) {
  const Reduction r = read_reduction(c, 18);
  if (!c.ok()) return;
  if (r.is_identity) return c.out(0, r.x);
  const ValueId largest = reduce(c, r.x, ReduceKind::max, r.axes, true);
  const ValueId shifted = sub(c, r.x, largest);
  const ValueId powers = c.emit(Op::exp, {shifted});
  const ValueId sum = reduce(c, powers, ReduceKind::sum, r.axes, true);
  const ValueId log = c.emit(Op::log, {sum});
  const ValueId result = add(c, largest, log);
  if (r.keep || !c.ok()) return c.out(0, result);
  Dims shape;
  const Dims kept = c.dims(result);
  size_t next = 0;
  for (size_t i = 0; i < kept.size(); ++i) {
    if (next < r.axes.size() && r.axes[next] == static_cast<int64_t>(i)) ++next;
    else shape.push_back(kept[i]);
  }
  c.out(0, reshape(c, result, shape));
}

void convert_arg_max(Call& c) { convert_arg(c, ReduceKind::max); }
void convert_arg_min(Call& c) { convert_arg(c, ReduceKind::min); }

}  // namespace weft::onnx

// resize, one axis after the other: gathers by index tables, weighted and summed. Tables that an index
// mapping can express become one (slice, or reshape - expand - reshape): those cost nothing where the value
// is read.
#include <algorithm>
#include <numeric>

#include "graph/resize_taps.hpp"
#include "passes/passes.hpp"
#include "passes/rewrite.hpp"

namespace weft::passes {

using graph::Graph;
using graph::Ints;
using graph::Node;
using graph::Op;
using graph::Shape;
using graph::ValueId;

namespace {

/// One tap at every position of an axis: y[i] takes weights[i] * x[indices[i]].
struct TapTable {
  Ints indices;
  std::vector<double> weights;
};

/// The tables of an axis; positions with fewer taps than others get taps of weight zero, tables of zeros are
/// left out.
std::vector<TapTable> tap_tables(const graph::ResizeAttributes& attributes, size_t axis, int64_t in,
                                 int64_t out) {
  const std::vector<graph::ResizeTaps> taps = graph::resize_taps(attributes, axis, in, out);
  size_t count = 0;
  for (const graph::ResizeTaps& at : taps) count = std::max(count, at.size());
  std::vector<TapTable> tables(count);
  for (const graph::ResizeTaps& at : taps) {
    for (size_t t = 0; t < count; ++t) {
      const bool present = t < at.size();
      tables[t].indices.push_back(present ? at[t].index : at.back().index);
      tables[t].weights.push_back(present ? at[t].weight : 0);
    }
  }
  std::erase_if(tables, [](const TapTable& t) {
    return std::ranges::all_of(t.weights, [](double w) { return w == 0; });
  });
  return tables;
}

bool all_are(const std::vector<double>& weights, double value) {
  return std::ranges::all_of(weights, [&](double w) { return w == value; });
}

/// s when indices[i] == i / s and all of the axis is read, else 0.
int64_t repeats(const Ints& indices, int64_t in) {
  const auto out = static_cast<int64_t>(indices.size());
  if (out % in != 0) return 0;
  const int64_t s = out / in;
  for (int64_t i = 0; i < out; ++i)
    if (indices[static_cast<size_t>(i)] != i / s) return 0;
  return s;
}

/// The step when indices[i] == indices[0] + i * step with step > 0, else 0.
int64_t affine_step(const Ints& indices) {
  const int64_t step = indices.size() < 2 ? 1 : indices[1] - indices[0];
  for (size_t i = 1; i < indices.size(); ++i)
    if (indices[i] - indices[i - 1] != step) return 0;
  return std::max<int64_t>(step, 0);
}

class Expansion {
 public:
  Expansion(Graph& g, const Node& node)
      : g_(g), node_(node), out_(g, node), attributes_(std::get<graph::ResizeAttributes>(node.attributes)) {}

  void run() {
    const DType dtype = g_.values[node_.output].type.dtype;
    const Ints from = *graph::constant_shape(g_.values[node_.inputs[0]].type.shape);
    const Ints to = *graph::constant_shape(attributes_.shape);
    const bool weighted = attributes_.mode != graph::ResizeMode::nearest;
    compute_ = weighted ? compute_type(dtype) : dtype;
    ValueId x = cast(node_.inputs[0], compute_);
    factors_.assign(from.size(), 1);
    for (const size_t axis : order(from, to)) x = along(x, axis, from[axis], to[axis]);
    x = repeat(x, factors_);
    if (compute_ == dtype)
      out_.finish(Op::reshape, {x}, graph::ReshapeAttributes{attributes_.shape});  // simplify drops it
    else out_.finish(Op::cast, {x}, graph::CastAttributes{dtype});
  }

 private:
  /// Interpolation rounds once per weighted sum, so narrow types are widened first.
  static DType compute_type(DType dtype) {
    const bool wide = byte_size(dtype) == 8 || (is_integer(dtype) && byte_size(dtype) == 4);
    return wide ? DType::f64 : DType::f32;
  }

  /// Axes that shrink most come first: less is left for the others.
  static std::vector<size_t> order(const Ints& from, const Ints& to) {
    std::vector<size_t> axes(from.size());
    std::iota(axes.begin(), axes.end(), size_t{0});
    const auto growth = [&](size_t a) { return static_cast<double>(to[a]) / static_cast<double>(from[a]); };
    std::ranges::sort(
        axes, [&](size_t a, size_t b) { return growth(a) != growth(b) ? growth(a) < growth(b) : a < b; });
    return axes;
  }

  const Shape& shape(ValueId value) const { return g_.values[value].type.shape; }

  ValueId cast(ValueId x, DType to) {
    return g_.values[x].type.dtype == to ? x : out_.add(Op::cast, {x}, graph::CastAttributes{to});
  }

  ValueId along(ValueId x, size_t axis, int64_t in, int64_t out) {
    const std::vector<TapTable> tables = tap_tables(attributes_, axis, in, out);
    if (tables.size() == 1 && all_are(tables[0].weights, 1)) {
      // All axes that only repeat do so at once, in the end.
      factors_[axis] = std::max<int64_t>(repeats(tables[0].indices, in), 1);
      if (factors_[axis] > 1) return x;
    }
    ValueId sum = graph::kNoValue;
    for (const TapTable& table : tables) {
      const ValueId taken = take(x, axis, in, table.indices);
      const ValueId term = scale(taken, axis, table.weights);
      sum = sum == graph::kNoValue ? term : out_.add(Op::add, {sum, term});
    }
    return sum;
  }

  ValueId take(ValueId x, size_t axis, int64_t in, const Ints& indices) {
    if (repeats(indices, in) == 1) return x;
    if (const int64_t step = affine_step(indices); step > 0) return stride(x, axis, indices, step);
    const graph::Type type{in <= INT32_MAX ? DType::i32 : DType::i64,
                           {expr::Expr(static_cast<int64_t>(indices.size()))}};
    const ValueId table = type.dtype == DType::i64
                              ? out_.constant(type, indices)
                              : out_.constant(type, std::vector<int32_t>(indices.begin(), indices.end()));
    return out_.add(Op::gather, {x, table}, graph::AxisAttributes{static_cast<int64_t>(axis)});
  }

  /// Each element factors[axis] times in a row.
  ValueId repeat(ValueId x, const Ints& factors) {
    if (std::ranges::all_of(factors, [](int64_t s) { return s == 1; })) return x;
    Shape split, repeated, joined;
    for (size_t i = 0; i < factors.size(); ++i) {
      const expr::Expr extent = shape(x)[i];
      split.push_back(extent);
      repeated.push_back(extent);
      joined.push_back(extent * factors[i]);
      if (factors[i] == 1) continue;
      split.emplace_back(1);
      repeated.emplace_back(factors[i]);
    }
    const ValueId apart = out_.add(Op::reshape, {x}, graph::ReshapeAttributes{split});
    const ValueId more = out_.add(Op::expand, {apart}, graph::ReshapeAttributes{repeated});
    return out_.add(Op::reshape, {more}, graph::ReshapeAttributes{joined});
  }

  ValueId stride(ValueId x, size_t axis, const Ints& indices, int64_t step) {
    graph::SliceAttributes slice;
    slice.sizes = shape(x);
    slice.starts.assign(slice.sizes.size(), expr::Expr(0));
    slice.steps.assign(slice.sizes.size(), 1);
    slice.starts[axis] = expr::Expr(indices[0]);
    slice.steps[axis] = step;
    slice.sizes[axis] = expr::Expr(static_cast<int64_t>(indices.size()));
    return out_.add(Op::slice, {x}, std::move(slice));
  }

  ValueId scale(ValueId x, size_t axis, const std::vector<double>& weights) {
    if (all_are(weights, 1)) return x;
    graph::Type type{compute_, {}};
    std::vector<double> elements = weights;
    if (all_are(weights, weights[0])) {
      elements.resize(1);
    } else {
      // Broadcasting aligns trailing axes.
      type.shape.assign(shape(x).size() - axis, expr::Expr(1));
      type.shape[0] = expr::Expr(static_cast<int64_t>(weights.size()));
    }
    const ValueId factors =
        compute_ == DType::f64
            ? out_.constant(std::move(type), elements)
            : out_.constant(std::move(type), std::vector<float>(elements.begin(), elements.end()));
    return out_.add(Op::mul, {x, factors});
  }

  Graph& g_;
  const Node& node_;
  Replacement out_;
  const graph::ResizeAttributes& attributes_;
  DType compute_ = DType::f32;
  Ints factors_;  ///< per axis, how often each element is repeated in the end
};

bool expands(const Graph& g, const Node& node) {
  if (node.op != Op::resize) return false;
  const auto from = graph::constant_shape(g.values[node.inputs[0]].type.shape);
  const auto to = graph::constant_shape(std::get<graph::ResizeAttributes>(node.attributes).shape);
  if (!from || !to) return false;
  const auto is_zero = [](int64_t extent) { return extent == 0; };
  return std::ranges::none_of(*from, is_zero) && std::ranges::none_of(*to, is_zero);
}

}  // namespace

Graph expand_resize(Graph g) {
  const std::vector<Node> nodes = std::exchange(g.nodes, {});
  for (const Node& node : nodes) {
    if (expands(g, node)) Expansion(g, node).run();
    else g.nodes.push_back(node);
  }
  return g;
}

}  // namespace weft::passes

// Pooling, and reductions as pooling with one window, on f32.
#include <algorithm>

#include "interpreter/planner.hpp"
#include "interpreter/windows.hpp"
#include "kernels.hpp"

namespace weft::interpreter {
namespace {

using graph::Op;
using graph::ReduceKind;

/// What the sum of each point is divided by: 1, or how many elements count.
std::vector<float> divisors(const graph::WindowAttributes& a, const WindowShape& s) {
  std::vector<float> counts(static_cast<size_t>(s.out_y * s.out_x), 1.0F);
  if (a.kind != ReduceKind::mean) return counts;
  const size_t last = a.window.size() - 1;
  const auto counted = [&](size_t axis, int64_t at, int64_t extent, int64_t stride, int64_t window,
                           int64_t dilation, int64_t pad) {
    int64_t n = 0;
    const int64_t least = axis < a.counted_begin.size() ? -a.counted_begin[axis] : 0;
    const int64_t most = extent + (axis < a.counted_end.size() ? a.counted_end[axis] : 0);
    for (int64_t k = 0; k < window; ++k) {
      const int64_t x = at * stride - pad + k * dilation;
      n += x >= least && x < most ? 1 : 0;
    }
    return n;
  };
  for (int64_t y = 0; y < s.out_y; ++y)
    for (int64_t x = 0; x < s.out_x; ++x) {
      const int64_t ny = last == 0 ? 1 : counted(0, y, s.in_y, s.stride_y, s.window_y, s.dilation_y, s.pad_y);
      const int64_t nx = counted(last, x, s.in_x, s.stride_x, s.window_x, s.dilation_x, s.pad_x);
      counts[static_cast<size_t>(y * s.out_x + x)] = static_cast<float>(ny * nx);
    }
  return counts;
}

void plan_pool(Planner& planner, const Windows& windows, bool is_max, std::vector<float> counts) {
  planner.step([windows, is_max, counts = std::move(counts)]() -> Result<void> {
    if (is_max) run_pool_max(windows);
    else run_pool_sum(windows, counts.data());
    return {};
  });
}

/// A reduction as one window a line: lines x window x channels.
struct Reduction {
  int64_t lines = 1, line = 0;  ///< and the elements between lines
  int64_t channels = 1;
  Loops window;  ///< of at most two axes
  std::vector<float> divisors;
  Ref x, out;
};

template <class Whole, class Single, class Set>
void run_reduction(const Reduction& r, Set&& set) {
  const int64_t whole = r.channels / 4 * 4;
  const auto call = [&](auto kernel, int64_t first, int64_t c) {
    const bool two = r.window.extents.size() == 2;
    kernel.a = r.x.floats() + first;
    kernel.out = r.out.floats() + first;
    kernel.y = static_cast<int32_t>(r.lines);
    kernel.x = 1;
    kernel.c = static_cast<int32_t>(c);
    kernel.in_y = static_cast<int32_t>(r.line);
    kernel.window_y = static_cast<int32_t>(two ? r.window.extents[0] : 1);
    kernel.window_x = static_cast<int32_t>(r.window.extents.back());
    kernel.tap_y = static_cast<int32_t>(two ? r.window.strides[0][0] : 0);
    kernel.tap_x = static_cast<int32_t>(r.window.strides[0].back());
    kernel.channels = kernel.out_y = static_cast<int32_t>(r.channels);
    set(kernel);
    if (c > 0) kernel();
  };
  call(Whole{}, 0, whole / 4);
  call(Single{}, whole, r.channels - whole);
}

}  // namespace

Planned plan_window(Planner& planner, const Node& node) {
  if (node.op != Op::reduce_window || !planner.is_float(node.output)) return false;
  const auto& a = std::get<graph::WindowAttributes>(node.attributes);
  const Ints &x = planner.shape(node.inputs[0]), &y = planner.shape(node.output);
  const bool known = a.kind == ReduceKind::max || a.kind == ReduceKind::sum || a.kind == ReduceKind::mean;
  if (!known || y.size() < 3 || y.size() > 4 || count(y) == 0) return false;
  const WindowShape shape = window_shape(x, y, a.window, a.strides, a.dilations, a.pads_begin);
  WEFT_ASSIGN(from, planner.dense(node.inputs[0], channels_last(x.size())));
  const bool is_max = a.kind == ReduceKind::max;
  Windows windows = padded_windows(planner, from.data, shape, y[1], is_max ? -kNoClip.hi : 0.0F);
  windows.out = planner.define(node.output, channels_last(y.size())).data;
  plan_pool(planner, windows, is_max, is_max ? std::vector<float>() : divisors(a, shape));
  return true;
}

/// The axes that stay, with the innermost one across lanes where it is dense, and those that go, must each
/// walk memory in few enough strides.
Planned plan_reduce(Planner& planner, const Node& node) {
  if (node.op != Op::reduce || !planner.is_float(node.output) || count(planner.shape(node.inputs[0])) == 0)
    return false;
  const auto& a = std::get<graph::ReduceAttributes>(node.attributes);
  if (a.kind != ReduceKind::max && a.kind != ReduceKind::sum && a.kind != ReduceKind::mean) return false;
  const Ints& shape = planner.shape(node.inputs[0]);
  WEFT_ASSIGN(view, planner.view(node.inputs[0]));
  if (!dense_order(shape, view.strides)) {
    WEFT_ASSIGN(dense, planner.dense(node.inputs[0], row_major(shape.size())));
    view = dense;
  }
  Ints kept, kept_strides, gone, gone_strides;
  for (size_t i = 0; i < shape.size(); ++i) {
    const bool goes = std::ranges::find(a.axes, static_cast<int64_t>(i)) != a.axes.end();
    (goes ? gone : kept).push_back(shape[i]);
    (goes ? gone_strides : kept_strides).push_back(view.strides[i]);
  }
  const Loops stay = collapse(kept, {kept_strides, dense_strides(kept, row_major(kept.size()))});
  const Loops go = collapse(gone, {gone_strides, gone_strides});
  const bool across = count(kept) > 1 && stay.strides[0].back() == 1;
  const size_t outer = stay.extents.size() - (across ? 1 : 0);
  if (go.extents.size() > 2 || outer > 1) return false;
  Reduction r{.window = go, .divisors = {}, .x = view.data, .out = {}};
  if (across) r.channels = stay.extents.back();
  if (outer == 1) r.lines = stay.extents[0], r.line = stay.strides[0][0];
  r.divisors.assign(static_cast<size_t>(r.lines),
                    a.kind == ReduceKind::mean ? static_cast<float>(count(gone)) : 1.0F);
  r.out = planner.define(node.output, row_major(kept.size())).data;
  planner.step([r, is_max = a.kind == ReduceKind::max]() -> Result<void> {
    if (is_max) run_reduction<kernels::pool_max_c4, kernels::pool_max_c1>(r, [](auto&) {});
    else
      run_reduction<kernels::pool_sum_c4, kernels::pool_sum_c1>(
          r, [&](auto& kernel) { kernel.count = r.divisors.data(); });
    return {};
  });
  return true;
}

}  // namespace weft::interpreter

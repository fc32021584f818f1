// Reductions over axes, extremes with their index, pooling.
#include <limits>

#include "graph/eval_scalar.hpp"
#include "graph/evaluators.hpp"

namespace weft::graph::evaluators {
namespace {

/// Sums of f32 are kept in double, so that the reference's error does not grow with the extent; integers wrap
/// in T.
template <class T>
using Sum = std::conditional_t<std::is_floating_point_v<T>, double, T>;

template <class T>
T lowest() {
  return std::is_floating_point_v<T> ? -std::numeric_limits<T>::infinity() : std::numeric_limits<T>::min();
}
template <class T>
T highest() {
  return std::is_floating_point_v<T> ? std::numeric_limits<T>::infinity() : std::numeric_limits<T>::max();
}

/// init, step and finish of one kind of reduction: `step` folds an element in, `finish` sees the element
/// count.
template <class T>
struct SumFold {
  using State = Sum<T>;
  static State init() { return 0; }
  static void step(State& s, T x) { s = scalar::add::of(s, static_cast<State>(x)); }
  static T finish(State s, int64_t) { return static_cast<T>(s); }
};
template <class T>
struct MeanFold : SumFold<T> {
  static T finish(Sum<T> s, int64_t count) {
    return static_cast<T>(scalar::div::of(s, static_cast<Sum<T>>(count)));
  }
};
template <class T>
struct MaxFold {
  using State = T;
  static State init() { return lowest<T>(); }
  static void step(State& s, T x) { s = scalar::maximum::of(s, x); }
  static T finish(State s, int64_t) { return s; }
};
template <class T>
struct MinFold {
  using State = T;
  static State init() { return highest<T>(); }
  static void step(State& s, T x) { s = scalar::minimum::of(s, x); }
  static T finish(State s, int64_t) { return s; }
};
template <class T>
struct ProductFold {
  using State = T;
  static State init() { return 1; }
  static void step(State& s, T x) { s = scalar::mul::of(s, x); }
  static T finish(State s, int64_t) { return s; }
};

/// Calls f with the std::type_identity of the fold.
template <class T, class F>
void with_fold(ReduceKind kind, F&& f) {
  switch (kind) {
    case ReduceKind::sum: return f(std::type_identity<SumFold<T>>{});
    case ReduceKind::mean: return f(std::type_identity<MeanFold<T>>{});
    case ReduceKind::max: return f(std::type_identity<MaxFold<T>>{});
    case ReduceKind::min: return f(std::type_identity<MinFold<T>>{});
    case ReduceKind::product: return f(std::type_identity<ProductFold<T>>{});
  }
}

/// Strides into the result for each axis of x: 0 for the reduced ones.
Ints result_strides(const Ints& shape, const Ints& axes) {
  Ints strides(shape.size(), 1);
  for (const int64_t axis : axes) strides[static_cast<size_t>(axis)] = 0;
  int64_t stride = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    if (strides[i] == 0) continue;
    strides[i] = stride;
    stride *= shape[i];
  }
  return strides;
}

/// Folds x in row-major order; every result element has its own state.
template <class T, class Fold>
void reduce_as(const Tensor& x, const Ints& axes, Tensor& y) {
  const int64_t results = element_count(y.shape);
  const int64_t total = element_count(x.shape);
  std::vector<typename Fold::State> states(static_cast<size_t>(results), Fold::init());
  Ints shape = x.shape;
  Ints strides = result_strides(shape, axes);
  const int64_t count = shape.empty() ? 1 : shape.back();
  const int64_t step = shape.empty() ? 0 : strides.back();
  if (!shape.empty()) shape.pop_back(), strides.pop_back();
  const T* from = data<T>(x);
  Ints index(shape.size(), 0);
  for (int64_t at = 0; at < total; at += count) {
    int64_t result = 0;
    for (size_t i = 0; i < index.size(); ++i) result += index[i] * strides[i];
    for (int64_t i = 0; i < count; ++i)
      Fold::step(states[static_cast<size_t>(result + i * step)], from[at + i]);
    next_index(index, shape);
  }
  const int64_t each = results == 0 ? 0 : total / results;
  for (int64_t i = 0; i < results; ++i) data<T>(y)[i] = Fold::finish(states[static_cast<size_t>(i)], each);
}

template <class T>
void arg_reduce_as(const Tensor& x, const ArgReduceAttributes& a, Tensor& y) {
  const auto axis = static_cast<size_t>(a.axis);
  const int64_t outer = element_count(std::span(x.shape).first(axis));
  const int64_t inner = element_count(std::span(x.shape).subspan(axis + 1));
  const int64_t extent = x.shape[axis];
  const auto better = [&](T candidate, T best) {
    if (best != best) return a.last && candidate != candidate;  // the first (last) NaN wins, as in numpy
    if (candidate != candidate) return true;
    if (candidate == best) return a.last;
    return a.kind == ReduceKind::max ? best < candidate : candidate < best;
  };
  for (int64_t o = 0; o < outer; ++o) {
    for (int64_t i = 0; i < inner; ++i) {
      const T* from = data<T>(x) + o * extent * inner + i;
      int64_t best = 0;
      for (int64_t k = 1; k < extent; ++k)
        if (better(from[k * inner], from[best * inner])) best = k;
      data<int64_t>(y)[o * inner + i] = best;
    }
  }
}

/// The part of a window that lies inside the input on one axis, and what a mean divides by there.
struct Taps {
  std::vector<int64_t> offsets;  ///< of the input positions
  int64_t counted = 0;
};
Taps taps_at(const WindowAttributes& w, size_t axis, int64_t extent, int64_t out) {
  Taps taps;
  for (int64_t k = 0; k < w.window[axis]; ++k) {
    const int64_t at = out * w.strides[axis] - w.pads_begin[axis] + k * w.dilations[axis];
    if (at >= 0 && at < extent) taps.offsets.push_back(at);
    if (at >= -w.counted_begin[axis] && at < extent + w.counted_end[axis]) ++taps.counted;
  }
  return taps;
}

/// The taps of every output position of every spatial axis; offsets in elements.
std::vector<std::vector<Taps>> window_taps(const WindowAttributes& w, const Ints& in, const Ints& out) {
  const Ints strides = strides_of(in);
  std::vector<std::vector<Taps>> all(in.size() - 2);
  for (size_t axis = 0; axis < all.size(); ++axis) {
    for (int64_t o = 0; o < out[axis + 2]; ++o) {
      Taps taps = taps_at(w, axis, in[axis + 2], o);
      for (int64_t& offset : taps.offsets) offset *= strides[axis + 2];
      all[axis].push_back(std::move(taps));
    }
  }
  return all;
}

template <class T, class Fold>
T fold_window(const T* plane, std::span<const Taps* const> taps) {
  auto state = Fold::init();
  Ints shape;
  int64_t counted = 1;
  for (const Taps* t : taps) {
    shape.push_back(static_cast<int64_t>(t->offsets.size()));
    counted *= t->counted;
  }
  if (element_count(shape) == 0) return Fold::finish(state, counted);
  const std::vector<int64_t>& last = taps.back()->offsets;
  shape.pop_back();
  Ints index(shape.size(), 0);
  do {
    int64_t offset = 0;
    for (size_t i = 0; i < index.size(); ++i) offset += taps[i]->offsets[static_cast<size_t>(index[i])];
    for (const int64_t l : last) Fold::step(state, plane[offset + l]);
  } while (next_index(index, shape));
  return Fold::finish(state, counted);
}

template <class T, class Fold>
void reduce_window_as(const Tensor& x, const WindowAttributes& w, Tensor& y) {
  if (element_count(y.shape) == 0) return;
  const auto all = window_taps(w, x.shape, y.shape);
  const std::span<const int64_t> out = std::span(y.shape).subspan(2);
  const int64_t in_plane = element_count(std::span(x.shape).subspan(2));
  T* to = data<T>(y);
  std::vector<const Taps*> taps(all.size());
  for (int64_t plane = 0; plane < y.shape[0] * y.shape[1]; ++plane) {
    Ints index(all.size(), 0);
    do {
      for (size_t i = 0; i < all.size(); ++i) taps[i] = &all[i][static_cast<size_t>(index[i])];
      *to++ = fold_window<T, Fold>(data<T>(x) + plane * in_plane, taps);
    } while (next_index(index, out));
  }
}

}  // namespace

Result<void> reduce(const Call& call) {
  const auto& a = call.attributes<ReduceAttributes>();
  with_type(call.y.dtype, [&]<class T>(std::type_identity<T>) {
    with_fold<T>(a.kind, [&]<class Fold>(std::type_identity<Fold>) {
      reduce_as<T, Fold>(*call.x[0], a.axes, call.y);
    });
  });
  return {};
}

Result<void> arg_reduce(const Call& call) {
  with_type(call.x[0]->dtype, [&]<class T>(std::type_identity<T>) {
    arg_reduce_as<T>(*call.x[0], call.attributes<ArgReduceAttributes>(), call.y);
  });
  return {};
}

Result<void> reduce_window(const Call& call) {
  const auto& a = call.attributes<WindowAttributes>();
  with_type(call.y.dtype, [&]<class T>(std::type_identity<T>) {
    with_fold<T>(a.kind, [&]<class Fold>(std::type_identity<Fold>) {
      reduce_window_as<T, Fold>(*call.x[0], a, call.y);
    });
  });
  return {};
}

}  // namespace weft::graph::evaluators

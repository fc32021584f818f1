// Seeded graphs that give the passes something to do: constants of constants, scales behind contractions,
// movements in a row, neutral operands, resizes, dead nodes.
#pragma once

#include <string>
#include <vector>

#include "base/check.hpp"
#include "graph/graph.hpp"
#include "support/random_tensor.hpp"

namespace weft::passes {

class RandomGraph {
 public:
  /// smooth: no operation that jumps, so that results stay close when operands are.
  RandomGraph(uint64_t seed, bool smooth) : random_(seed), smooth_(smooth) {
    g_.name = "random " + std::to_string(seed);
  }

  graph::Graph make() {
    const int64_t inputs = 1 + random_.below(2);
    for (int64_t i = 0; i < inputs; ++i)
      pool_.push_back(
          graph::add_input(g_, "x" + std::to_string(i), {DType::f32, graph::make_shape(shape())}));
    pool_.push_back(constant(shape()));
    const int64_t nodes = 4 + random_.below(24);
    while (static_cast<int64_t>(g_.nodes.size()) < nodes) step();
    const int64_t outputs = 1 + random_.below(3);
    for (int64_t i = 0; i < outputs; ++i) {
      // Mostly late ones; sometimes an input, a constant, or the same twice.
      const auto last = static_cast<int64_t>(pool_.size());
      const int64_t back =
          random_.chance(80) ? random_.below(std::min<int64_t>(last, 4)) : random_.below(last);
      g_.outputs.push_back({"y" + std::to_string(i), pool_[static_cast<size_t>(last - 1 - back)]});
    }
    return std::move(g_);
  }

 private:
  using Ints = graph::Ints;
  using Op = graph::Op;
  using ValueId = graph::ValueId;
  static constexpr int64_t kMaxElements = 600;

  static int64_t count(const Ints& s) {
    int64_t n = 1;
    for (const int64_t extent : s) n *= extent;
    return n;
  }
  Ints shape() {
    Ints s(static_cast<size_t>(random_.below(5)));
    for (int64_t& extent : s) extent = random_.chance(25) ? 1 : 1 + random_.below(6);
    while (count(s) > kMaxElements) s.pop_back();
    return s;
  }
  Ints shape_of(ValueId v) const { return *graph::constant_shape(g_.values[v].type.shape); }
  ValueId pick() {
    if (chained_ != graph::kNoValue) return chained_;
    const auto n = static_cast<int64_t>(pool_.size());
    return pool_[static_cast<size_t>(random_.chance(50) ? n - 1 - random_.below(std::min<int64_t>(n, 3))
                                                        : random_.below(n))];
  }
  ValueId constant(const Ints& s) {
    const graph::Type type{DType::f32, graph::make_shape(s)};
    graph::Tensor t = testing::random_tensor(type, random_.next(), {.low = -1.5, .high = 1.5});
    constexpr float kNeutral[] = {0.0f, -0.0f, 1.0f, -1.0f};
    if (random_.chance(40)) {
      const float value = kNeutral[random_.below(4)];
      for (size_t at = 0; at < t.bytes.size(); at += 4) std::memcpy(t.bytes.data() + at, &value, 4);
    }
    return graph::add_constant(g_, "c", type, t.bytes);
  }

  ValueId add(Op op, std::vector<ValueId> inputs, graph::Attributes attributes = {}) {
    auto result =
        graph::add_node(g_, op, std::move(inputs), std::move(attributes), std::string(info(op).name), "");
    WEFT_CHECK(result.has_value(), result.error().message);
    return *result;
  }

  /// A shape that broadcasts into s.
  Ints broadcastable(const Ints& s) {
    const auto skip = random_.chance(30) ? random_.below(static_cast<int64_t>(s.size()) + 1) : 0;
    Ints result(s.begin() + skip, s.end());
    for (int64_t& extent : result)
      if (random_.chance(50)) extent = 1;
    return result;
  }

  /// Along the channel axis (1 from the front, or the last) only.
  ValueId factor(const Ints& s, size_t axis) {
    Ints result(s.size(), 1);
    if (random_.chance(80)) result[axis] = s[axis];
    const size_t skip = random_.chance(50) ? axis : 0;
    return constant(Ints(result.begin() + static_cast<std::ptrdiff_t>(skip), result.end()));
  }

  void step() {
    static constexpr void (RandomGraph::* kSteps[])() = {
        &RandomGraph::unary,          &RandomGraph::unary,     &RandomGraph::binary, &RandomGraph::binary,
        &RandomGraph::binary,         &RandomGraph::repeat,    &RandomGraph::chain,  &RandomGraph::chain,
        &RandomGraph::reshape,        &RandomGraph::transpose, &RandomGraph::expand, &RandomGraph::slice,
        &RandomGraph::concat,         &RandomGraph::pad,       &RandomGraph::reduce, &RandomGraph::conv,
        &RandomGraph::conv_transpose, &RandomGraph::matmul,    &RandomGraph::resize, &RandomGraph::cast,
        &RandomGraph::select,         &RandomGraph::gather,
    };
    (this->*kSteps[random_.below(std::size(kSteps))])();
  }

  void push(ValueId v) { pool_.push_back(v); }

  void unary() {
    static constexpr Op kOps[] = {Op::neg,   Op::abs,  Op::tanh,  Op::sigmoid, Op::neg,
                                  Op::floor, Op::ceil, Op::round, Op::sign};
    push(add(kOps[random_.below(smooth_ ? 5 : 9)], {pick()}));
  }
  /// The same unary operation twice.
  void repeat() {
    const Op op = smooth_ || random_.chance(50) ? Op::neg : Op::floor;
    const ValueId once = add(op, {pick()});
    push(add(op, {once}));
  }
  /// Two movements of one kind in a row.
  void chain() {
    static constexpr void (RandomGraph::* kMovements[])() = {&RandomGraph::reshape, &RandomGraph::transpose,
                                                             &RandomGraph::expand, &RandomGraph::slice};
    const auto movement = kMovements[random_.below(4)];
    (this->*movement)();
    chained_ = pool_.back();
    (this->*movement)();
    chained_ = graph::kNoValue;
  }
  void binary() {
    static constexpr Op kOps[] = {Op::add, Op::sub, Op::mul, Op::minimum, Op::maximum, Op::div};
    const ValueId a = pick();
    const Op op = kOps[random_.below(smooth_ ? 5 : 6)];
    ValueId b = random_.chance(60) ? constant(broadcastable(shape_of(a))) : a;
    for (int tries = 0; b == a && tries < 6; ++tries)
      if (const ValueId other = pick(); shape_of(other) == shape_of(a)) b = other;
    if (random_.chance(20)) {  // the constant makes the result larger
      Ints more = shape_of(a);
      more.insert(more.begin(), 2);
      if (count(more) <= kMaxElements) b = constant(more);
    }
    push(random_.chance(50) ? add(op, {a, b}) : add(op, {b, a}));
  }
  void cast() {
    static constexpr DType kTypes[] = {DType::f64, DType::i32,     DType::f16,
                                       DType::i8,  DType::boolean, DType::i64};
    const ValueId there =
        add(Op::cast, {pick()}, graph::CastAttributes{kTypes[random_.below(smooth_ ? 1 : 6)]});
    ValueId back = there;
    if (!smooth_ && random_.chance(40))
      back = add(Op::cast, {there}, graph::CastAttributes{kTypes[random_.below(6)]});
    push(add(Op::cast, {back}, graph::CastAttributes{DType::f32}));
  }
  void select() {
    const ValueId a = pick();
    if (smooth_) return;
    const ValueId b = random_.chance(20) ? a : constant(broadcastable(shape_of(a)));
    const ValueId zero = constant({});
    const ValueId condition = random_.chance(50)
                                  ? add(Op::less, {a, zero})
                                  : add(Op::less, {constant(broadcastable(shape_of(a))), zero});
    push(add(Op::select, {condition, a, b}));
  }
  void reshape() {
    const ValueId x = pick();
    Ints to;
    int64_t left = count(shape_of(x));
    for (int64_t d = 2; left > 1 && to.size() < 4;) {
      if (left % d != 0) {
        ++d;
        continue;
      }
      int64_t extent = d;
      left /= d;
      while (left % d == 0 && random_.chance(50)) {
        extent *= d;
        left /= d;
      }
      to.push_back(extent);
    }
    if (left > 1 || random_.chance(30)) to.push_back(left);
    push(add(Op::reshape, {x}, graph::ReshapeAttributes{graph::make_shape(to)}));
  }
  void transpose() {
    const ValueId x = pick();
    Ints p(shape_of(x).size());
    for (size_t i = 0; i < p.size(); ++i) p[i] = static_cast<int64_t>(i);
    for (size_t i = p.size(); i > 1; --i)
      std::swap(p[i - 1], p[static_cast<size_t>(random_.below(static_cast<int64_t>(i)))]);
    push(add(Op::transpose, {x}, graph::TransposeAttributes{p}));
  }
  void expand() {
    const ValueId x = pick();
    Ints to = shape_of(x);
    for (int64_t& extent : to)
      if (extent == 1 && random_.chance(70)) extent = 1 + random_.below(3);
    if (to.size() < 5 && random_.chance(40)) to.insert(to.begin(), 1 + random_.below(2));
    if (count(to) <= kMaxElements)
      push(add(Op::expand, {x}, graph::ReshapeAttributes{graph::make_shape(to)}));
  }
  void slice() {
    const ValueId x = pick();
    graph::SliceAttributes a;
    for (const int64_t extent : shape_of(x)) {
      if (random_.chance(40)) {
        a.starts.emplace_back(0);
        a.steps.push_back(1);
        a.sizes.emplace_back(extent);
        continue;
      }
      const int64_t start = random_.below(extent);
      const int64_t step = (1 + random_.below(2)) * (random_.chance(30) ? -1 : 1);
      const int64_t most = step > 0 ? (extent - 1 - start) / step + 1 : start / -step + 1;
      a.starts.emplace_back(start);
      a.steps.push_back(step);
      a.sizes.emplace_back(1 + random_.below(most));
    }
    push(add(Op::slice, {x}, std::move(a)));
  }
  void concat() {
    const ValueId x = pick();
    const Ints s = shape_of(x);
    if (s.empty() || 2 * count(s) > kMaxElements) return;
    std::vector<ValueId> operands = {x};
    if (random_.chance(80)) operands.push_back(random_.chance(50) ? x : constant(s));
    push(add(Op::concat, std::move(operands),
             graph::ConcatAttributes{random_.below(static_cast<int64_t>(s.size()))}));
  }
  void pad() {
    const ValueId x = pick();
    graph::PadAttributes a;
    Ints s = shape_of(x);
    for (int64_t& extent : s) {
      a.begin.push_back(random_.chance(70) ? 0 : 1);
      a.end.push_back(random_.chance(70) ? 0 : 1);
      extent += a.begin.back() + a.end.back();
    }
    if (count(s) <= kMaxElements) push(add(Op::pad, {x}, std::move(a)));
  }
  void reduce() {
    const ValueId x = pick();
    graph::ReduceAttributes a{graph::ReduceKind::max, {}};
    for (size_t i = 0; i < shape_of(x).size(); ++i)
      if (random_.chance(40)) a.axes.push_back(static_cast<int64_t>(i));
    if (random_.chance(60)) a.kind = graph::ReduceKind::mean;
    push(add(Op::reduce, {x}, std::move(a)));
  }
  void gather() {
    const ValueId x = pick();
    const Ints s = shape_of(x);
    if (s.empty()) return;
    const int64_t axis = random_.below(static_cast<int64_t>(s.size()));
    const graph::Type type{DType::i64,
                           graph::make_shape(random_.chance(50) ? Ints{} : Ints{1 + random_.below(4)})};
    const graph::Tensor t =
        testing::random_tensor(type, random_.next(), {.indices = s[static_cast<size_t>(axis)]});
    push(add(Op::gather, {x, graph::add_constant(g_, "i", type, t.bytes)}, graph::AxisAttributes{axis}));
  }

  /// The value as [1, channels, extent].
  ValueId rank3(ValueId x, int64_t multiple) {
    const int64_t n = count(shape_of(x));
    int64_t channels = 1;
    for (int64_t c = 2; c <= 8; ++c)
      if (n % c == 0 && random_.chance(50)) channels = c;
    if (channels % multiple != 0) channels = 1;
    return add(Op::reshape, {x}, graph::ReshapeAttributes{graph::make_shape({1, channels, n / channels})});
  }
  /// Up to three operations by constants along the channels.
  void scaled(ValueId y, size_t axis) {
    static constexpr Op kOps[] = {Op::mul, Op::add, Op::sub, Op::mul};
    for (int64_t i = random_.below(4); i > 0; --i) {
      ValueId f = factor(shape_of(y), axis);
      if (random_.chance(30)) f = add(Op::neg, {f});
      const Op op = kOps[random_.below(4)];
      if (random_.chance(10)) push(y);
      y = random_.chance(60) ? add(op, {y, f}) : add(op, {f, y});
    }
    push(y);
  }
  void conv() {
    const ValueId x = rank3(pick(), 1);
    const Ints s = shape_of(x);
    const bool depthwise = random_.chance(30);
    const int64_t groups = depthwise ? s[1] : 1;
    const int64_t channels = depthwise ? s[1] : 1 + random_.below(3);
    const int64_t window = std::min<int64_t>(s[2], 1 + random_.below(3));
    if (channels * s[2] > kMaxElements) return;
    std::vector<ValueId> operands = {x, constant({channels, s[1] / groups, window})};
    if (random_.chance(40)) operands.push_back(constant({channels}));
    scaled(add(Op::conv, std::move(operands), graph::ConvAttributes{{1}, {1}, {0}, {1}, groups}), 1);
  }
  void conv_transpose() {
    const ValueId x = rank3(pick(), 1);
    const Ints s = shape_of(x);
    const int64_t groups = random_.chance(20) ? s[1] : 1;
    if (2 * s[2] * 2 * groups > kMaxElements) return;
    std::vector<ValueId> operands = {x, constant({s[1], 2, 2})};
    if (random_.chance(40)) operands.push_back(constant({2 * groups}));
    scaled(add(Op::conv_transpose, std::move(operands),
               graph::ConvTransposeAttributes{{2}, {1}, {0}, {0}, {0}, groups}),
           1);
  }
  void matmul() {
    const ValueId x = pick();
    const Ints s = shape_of(x);
    if (s.size() < 2) return;
    const int64_t columns = 1 + random_.below(4);
    if (count(s) / s.back() * columns > kMaxElements) return;
    scaled(add(Op::matmul, {x, constant({s.back(), columns})}), s.size() - 1);
  }
  void resize() {
    const ValueId x = pick();
    Ints to = shape_of(x);
    graph::ResizeAttributes a;
    constexpr double kScales[] = {2, 0.5, 1.5, 3, 1.25};
    for (int64_t& extent : to) {
      double scale = random_.chance(50) ? 1 : kScales[random_.below(5)];
      if (std::floor(static_cast<double>(extent) * scale) < 1) scale = 1;
      extent = static_cast<int64_t>(std::floor(static_cast<double>(extent) * scale));
      a.scales.push_back(scale);
    }
    if (count(to) > kMaxElements) return;
    a.shape = graph::make_shape(to);
    a.mode = static_cast<graph::ResizeMode>(random_.below(3));
    a.coordinates = static_cast<graph::CoordinateMode>(random_.below(4));
    a.nearest = static_cast<graph::NearestMode>(random_.below(4));
    push(add(Op::resize, {x}, std::move(a)));
  }

  graph::Graph g_;
  testing::Random random_;
  bool smooth_;
  ValueId chained_ = graph::kNoValue;  ///< when set, what the next node reads
  std::vector<ValueId> pool_;          ///< f32 values
};

}  // namespace weft::passes

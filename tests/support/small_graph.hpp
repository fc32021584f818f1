// Seeded graphs of one layer each, with awkward extents: what stages for schedules are lowered from.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/check.hpp"
#include "graph/eval.hpp"
#include "graph/graph.hpp"
#include "support/random_tensor.hpp"

namespace weft::testing {

struct SmallGraph {
  std::string kind;
  graph::Graph g;
  std::vector<graph::Tensor> inputs;
  bool exact = false;  ///< sums are of small whole numbers: the same in any order
};

class SmallGraphs {
 public:
  static constexpr int64_t kKinds = 19;

  /// Kinds take turns with the seed.
  static SmallGraph make(uint64_t seed) { return SmallGraphs(seed).run(static_cast<int64_t>(seed % kKinds)); }

 private:
  using Op = graph::Op;
  using Id = graph::ValueId;
  using Ints = graph::Ints;
  static constexpr int64_t kExtents[] = {1, 2, 3, 5, 7, 8, 11, 12, 13, 16, 17, 23};
  static constexpr int64_t kMostWork = 24000;  ///< points of the largest iteration space

  explicit SmallGraphs(uint64_t seed) : random_(seed ^ 0x5eed), whole_(random_.chance(60)) {}

  SmallGraph run(int64_t kind) {
    using Maker = Id (SmallGraphs::*)();
    struct Kind {
      const char* name;
      Maker make;
      bool exact;  ///< when the operands are whole
    };
    static constexpr Kind kTable[kKinds] = {
        {"conv", &SmallGraphs::conv, true},
        {"grouped conv", &SmallGraphs::grouped_conv, true},
        {"depthwise conv", &SmallGraphs::depthwise_conv, true},
        {"conv1d", &SmallGraphs::conv1d, true},
        {"conv_transpose", &SmallGraphs::conv_transpose, true},
        {"gemm", &SmallGraphs::gemm, true},
        {"batched matmul", &SmallGraphs::batched_matmul, true},
        {"reduce", &SmallGraphs::reduce, true},
        {"softmax", &SmallGraphs::softmax, false},
        {"layer_norm", &SmallGraphs::layer_norm, false},
        {"pool", &SmallGraphs::pool, true},
        {"resize", &SmallGraphs::resize, false},
        {"transpose", &SmallGraphs::transpose, true},
        {"gather", &SmallGraphs::gather, true},
        {"concat", &SmallGraphs::concat, true},
        {"elementwise", &SmallGraphs::elementwise, true},
        {"slice", &SmallGraphs::slice, true},
        {"pad", &SmallGraphs::pad, true},
        {"arg_reduce", &SmallGraphs::arg_reduce, true},
    };
    const Kind& row = kTable[kind];
    SmallGraph result{.kind = row.name, .g = {}, .inputs = {}, .exact = row.exact && whole_};
    out_ = &result;
    result.g.name = row.name;
    const Id y = (this->*row.make)();
    result.g.outputs.push_back({result.g.values[y].name, y});
    return result;
  }

  // Parts
  int64_t extent(int64_t most = 23) {
    for (;;) {
      const int64_t e = kExtents[random_.below(std::size(kExtents))];
      if (e <= most) return e;
    }
  }
  int64_t between(int64_t low, int64_t high) { return low + random_.below(high - low + 1); }

  static graph::Shape shape_of(const Ints& extents) { return {extents.begin(), extents.end()}; }
  const graph::Type& type(Id id) const { return out_->g.values[id].type; }
  Ints extents(Id id) const { return *graph::constant_shape(type(id).shape); }

  graph::Tensor tensor(DType dtype, const Ints& shape, int64_t indices = 0) {
    const graph::Type t{dtype, shape_of(shape)};
    graph::Tensor values =
        random_tensor(t, random_.next(), {.low = -2, .high = 2, .special = false, .indices = indices});
    if (dtype == DType::f32 && whole_)
      for (size_t i = 0; i < values.bytes.size(); i += 4) {
        const float value = static_cast<float>(between(-3, 3));
        std::memcpy(values.bytes.data() + i, &value, 4);
      }
    return values;
  }
  Id input(const Ints& shape, DType dtype = DType::f32, int64_t indices = 0) {
    out_->inputs.push_back(tensor(dtype, shape, indices));
    return graph::add_input(out_->g, "x" + std::to_string(out_->inputs.size()), {dtype, shape_of(shape)});
  }
  Id constant(const Ints& shape) {
    return graph::add_constant(out_->g, "c", {DType::f32, shape_of(shape)}, tensor(DType::f32, shape).bytes);
  }
  Id weight(const Ints& shape) { return random_.chance(70) ? constant(shape) : input(shape); }
  Id node(Op op, std::vector<Id> operands, graph::Attributes attributes = graph::NoAttributes{}) {
    const std::string name = "v" + std::to_string(out_->g.nodes.size());
    const auto y = graph::add_node(out_->g, op, std::move(operands), std::move(attributes), name, name);
    WEFT_CHECK(y.has_value(), y.error().message);
    return *y;
  }
  Id reshape(Id x, const Ints& shape) {
    return node(Op::reshape, {x}, graph::ReshapeAttributes{shape_of(shape)});
  }
  /// Sometimes an activation, a residual, a scale behind.
  Id epilogue(Id x) {
    if (random_.chance(40)) x = node(Op::maximum, {x, constant({})});
    if (random_.chance(20)) x = node(Op::add, {x, input(extents(x))});
    if (random_.chance(15)) x = node(Op::mul, {x, constant({})});
    return x;
  }
  /// A dtype for what only moves values.
  DType moved() {
    constexpr DType kTypes[] = {DType::f32, DType::f32, DType::f32, DType::f32,    DType::i32,
                                DType::i64, DType::u8,  DType::f16, DType::boolean};
    return kTypes[random_.below(std::size(kTypes))];
  }
  Ints any_shape(int64_t least_rank, int64_t most_rank) {
    for (;;) {
      Ints shape;
      int64_t count = 1;
      for (int64_t i = between(least_rank, most_rank); i > 0; --i) {
        shape.push_back(extent());
        count *= shape.back();
      }
      if (count <= kMostWork / 4) return shape;
    }
  }

  // Kinds
  Id windowed(size_t rank, int64_t groups, int64_t in, int64_t out) {
    for (;;) {
      graph::ConvAttributes a;
      a.groups = groups;
      Ints x = {between(1, 2), groups * in}, w = {groups * out, in};
      int64_t points = x[0] * groups * out * in;
      bool fits = true;
      for (size_t i = 0; i < rank; ++i) {
        x.push_back(extent(rank == 1 ? 23 : 13));
        w.push_back(std::max<int64_t>(1, between(0, 3) + random_.below(3)));
        a.strides.push_back(between(1, 3));
        a.dilations.push_back(between(1, 2));
        a.pads_begin.push_back(between(0, 2));
        a.pads_end.push_back(between(0, 2));
        const int64_t rest =
            x.back() + a.pads_begin.back() + a.pads_end.back() - (w.back() - 1) * a.dilations.back() - 1;
        fits = fits && rest >= 0;
        points *= w.back() * (rest / a.strides.back() + 1);
      }
      if (!fits || points > kMostWork) {
        in = std::max<int64_t>(1, in / 2);
        continue;
      }
      std::vector<Id> operands = {input(x), weight(w)};
      if (random_.chance(60)) operands.push_back(constant({w[0]}));
      return epilogue(node(Op::conv, operands, a));
    }
  }
  Id conv() { return windowed(2, 1, extent(16), extent(17)); }
  Id grouped_conv() { return windowed(2, between(2, 4), extent(5), extent(8)); }
  Id depthwise_conv() { return windowed(2, extent(17), 1, random_.chance(80) ? 1 : 2); }
  Id conv1d() { return windowed(1, random_.chance(70) ? 1 : 3, extent(13), extent(17)); }

  Id conv_transpose() {
    graph::ConvTransposeAttributes a;
    a.groups = random_.chance(70) ? 1 : 2;
    Ints x = {1, a.groups * extent(5)}, w = {x[1], extent(7)};
    for (size_t i = 0; i < 2; ++i) {
      x.push_back(extent(7));
      w.push_back(between(2, 4));
      a.strides.push_back(between(1, 2));
      a.dilations.push_back(1);
      a.pads_begin.push_back(between(0, 1));
      a.pads_end.push_back(between(0, 1));
      a.output_padding.push_back(a.strides.back() == 2 ? between(0, 1) : 0);
    }
    std::vector<Id> operands = {input(x), weight(w)};
    if (random_.chance(60)) operands.push_back(constant({a.groups * w[1]}));
    return epilogue(node(Op::conv_transpose, operands, a));
  }

  Id gemm() {
    const int64_t m = extent(), k = extent(), n = extent();
    Id y = node(Op::matmul, {input({m, k}), weight({k, n})});
    if (random_.chance(60)) y = node(Op::add, {y, constant({n})});
    return epilogue(y);
  }
  Id batched_matmul() {
    const int64_t batch = between(2, 3), m = extent(13), k = extent(13), n = extent(17);
    const Ints a = random_.chance(70) ? Ints{batch, m, k} : Ints{1, m, k};
    const Ints b = random_.chance(60) ? Ints{batch, k, n} : Ints{k, n};
    return epilogue(node(Op::matmul, {input(a), weight(b)}));
  }

  Ints some_axes(size_t rank) {
    Ints axes;
    for (size_t i = 0; i < rank; ++i)
      if (random_.chance(50)) axes.push_back(static_cast<int64_t>(i));
    if (axes.empty()) axes.push_back(random_.below(static_cast<int64_t>(rank)));
    return axes;
  }
  graph::ReduceKind reduce_kind() {
    constexpr graph::ReduceKind kKindsOfReduce[] = {graph::ReduceKind::sum, graph::ReduceKind::mean,
                                                    graph::ReduceKind::max, graph::ReduceKind::min};
    return kKindsOfReduce[random_.below(4)];
  }
  Id reduce() {
    Id x = input(any_shape(1, 4));
    if (random_.chance(30)) x = node(Op::mul, {x, x});
    return epilogue(
        node(Op::reduce, {x}, graph::ReduceAttributes{reduce_kind(), some_axes(type(x).shape.size())}));
  }

  Id reduced_like(Id x, graph::ReduceKind kind, int64_t axis) {
    Ints kept = extents(x);
    kept[static_cast<size_t>(axis)] = 1;
    return reshape(node(Op::reduce, {x}, graph::ReduceAttributes{kind, {axis}}), kept);
  }
  Id softmax() {
    const Id x = input(any_shape(1, 3));
    const int64_t axis = random_.below(static_cast<int64_t>(type(x).shape.size()));
    const Id e = node(Op::exp, {node(Op::sub, {x, reduced_like(x, graph::ReduceKind::max, axis)})});
    return node(Op::div, {e, reduced_like(e, graph::ReduceKind::sum, axis)});
  }
  Id layer_norm() {
    const Id x = input(any_shape(2, 3));
    const int64_t axis = static_cast<int64_t>(type(x).shape.size()) - 1;
    const Id centred = node(Op::sub, {x, reduced_like(x, graph::ReduceKind::mean, axis)});
    const Id variance = reduced_like(node(Op::mul, {centred, centred}), graph::ReduceKind::mean, axis);
    const Id deviation = node(Op::sqrt, {node(Op::add, {variance, node(Op::abs, {input({1})})})});
    const Id scaled = node(Op::mul, {node(Op::div, {centred, node(Op::add, {deviation, one()})}),
                                     constant({extents(x).back()})});
    return node(Op::add, {scaled, constant({extents(x).back()})});
  }
  Id one() {
    const float value = 1;
    std::vector<uint8_t> bytes(4);
    std::memcpy(bytes.data(), &value, 4);
    return graph::add_constant(out_->g, "one", {DType::f32, {}}, bytes);
  }

  Id pool() {
    graph::WindowAttributes a;
    constexpr graph::ReduceKind kPools[] = {graph::ReduceKind::max, graph::ReduceKind::mean,
                                            graph::ReduceKind::sum};
    a.kind = kPools[random_.below(3)];
    Ints x = {between(1, 2), extent(17)};
    for (size_t i = 0; i < 2; ++i) {
      a.window.push_back(between(1, 3));
      a.strides.push_back(between(1, 2));
      a.dilations.push_back(random_.chance(80) ? 1 : 2);
      a.pads_begin.push_back(between(0, a.window.back() - 1));
      a.pads_end.push_back(between(0, a.window.back() - 1));
      const bool counted = random_.chance(50);
      a.counted_begin.push_back(counted ? a.pads_begin.back() : 0);
      a.counted_end.push_back(counted ? a.pads_end.back() : 0);
      const int64_t span = (a.window.back() - 1) * a.dilations.back() + 1;
      int64_t e = extent(13);
      while (e < span) e = extent(13);
      x.push_back(e);
    }
    return epilogue(node(Op::reduce_window, {input(x)}, a));
  }

  Id resize() {
    graph::ResizeAttributes a;
    const Ints x = {1, extent(8), extent(11), extent(11)};
    Ints y = x;
    a.scales.assign(4, 1.0);
    for (size_t i = 2; i < 4; ++i) {
      y[i] = random_.chance(50) ? x[i] * between(1, 3) : extent(17);
      a.scales[i] = static_cast<double>(y[i]) / static_cast<double>(x[i]);
    }
    a.shape = shape_of(y);
    constexpr graph::ResizeMode kModes[] = {graph::ResizeMode::nearest, graph::ResizeMode::linear,
                                            graph::ResizeMode::cubic};
    constexpr graph::CoordinateMode kCoordinates[] = {graph::CoordinateMode::half_pixel,
                                                      graph::CoordinateMode::align_corners,
                                                      graph::CoordinateMode::asymmetric};
    a.mode = kModes[random_.below(3)];
    a.coordinates = kCoordinates[random_.below(3)];
    return node(Op::resize, {input(x)}, a);
  }

  Id transpose() {
    const Id x = input(any_shape(2, 4), moved());
    Ints order;
    for (size_t i = 0; i < type(x).shape.size(); ++i) order.push_back(static_cast<int64_t>(i));
    for (size_t i = order.size(); i > 1; --i)
      std::swap(order[i - 1], order[static_cast<size_t>(random_.below(static_cast<int64_t>(i)))]);
    return node(Op::transpose, {x}, graph::TransposeAttributes{order});
  }
  Id gather() {
    const Id x = input(any_shape(1, 3), moved());
    const int64_t axis = random_.below(static_cast<int64_t>(type(x).shape.size()));
    const int64_t count = extents(x)[static_cast<size_t>(axis)];
    const Ints indices = random_.chance(70) ? Ints{extent(13)} : Ints{extent(3), extent(5)};
    return node(Op::gather, {x, input(indices, random_.chance(50) ? DType::i64 : DType::i32, count)},
                graph::AxisAttributes{axis});
  }
  Id concat() {
    const DType dtype = moved();
    Ints shape = any_shape(1, 3);
    const size_t axis = static_cast<size_t>(random_.below(static_cast<int64_t>(shape.size())));
    std::vector<Id> parts;
    for (int64_t i = between(2, 3); i > 0; --i) {
      shape[axis] = extent(13);
      parts.push_back(input(shape, dtype));
    }
    return node(Op::concat, parts, graph::ConcatAttributes{static_cast<int64_t>(axis)});
  }
  Id elementwise() {
    const Ints shape = any_shape(1, 4);
    const DType dtype = random_.chance(80) ? DType::f32 : random_.chance(50) ? DType::i32 : DType::f16;
    Id y = input(shape, dtype);
    constexpr Op kBinary[] = {Op::add, Op::sub, Op::mul, Op::maximum, Op::minimum};
    for (int64_t i = between(1, 4); i > 0; --i) {
      Ints other(shape.begin() + random_.below(static_cast<int64_t>(shape.size())), shape.end());
      for (int64_t& e : other)
        if (random_.chance(25)) e = 1;
      if (random_.chance(25) && is_float(dtype)) y = node(random_.chance(50) ? Op::abs : Op::sigmoid, {y});
      else if (random_.chance(20))
        y = node(Op::select, {node(Op::less, {y, input(other, dtype)}), y, input(other, dtype)});
      else y = node(kBinary[random_.below(5)], {y, input(other, dtype)});
    }
    return y;
  }
  Id slice() {
    const Id x = input(any_shape(1, 3), moved());
    graph::SliceAttributes a;
    for (const int64_t e : extents(x)) {
      const int64_t step = random_.chance(60) ? 1 : random_.chance(50) ? 2 : -1;
      const int64_t start = step < 0 ? e - 1 - random_.below(e) : random_.below(e);
      const int64_t most = step < 0 ? start + 1 : (e - start + step - 1) / step;
      a.starts.emplace_back(start);
      a.steps.push_back(step);
      a.sizes.emplace_back(between(1, most));
    }
    return node(Op::slice, {x}, a);
  }
  Id pad() {
    const Id x = input(any_shape(1, 3), moved());
    graph::PadAttributes a;
    constexpr graph::PadMode kModes[] = {graph::PadMode::constant, graph::PadMode::edge,
                                         graph::PadMode::reflect};
    a.mode = kModes[random_.below(3)];
    a.value = 1;
    for (const int64_t e : extents(x)) {
      const int64_t most = a.mode == graph::PadMode::reflect ? std::min<int64_t>(3, e - 1) : 3;
      a.begin.push_back(between(0, most));
      a.end.push_back(between(0, most));
    }
    return node(Op::pad, {x}, a);
  }
  Id arg_reduce() {
    const Id x = input(any_shape(1, 3), random_.chance(70) ? DType::f32 : DType::u8);
    const auto kind = random_.chance(50) ? graph::ReduceKind::max : graph::ReduceKind::min;
    return node(Op::arg_reduce, {x},
                graph::ArgReduceAttributes{kind, random_.below(static_cast<int64_t>(type(x).shape.size())),
                                           random_.chance(50)});
  }

  Random random_;
  bool whole_;
  SmallGraph* out_ = nullptr;
};

}  // namespace weft::testing

// Seeded random networks: what storage assignment looks for. Convolutions with and without padding, pooling,
// elementwise chains and residuals, concats of each other's results (nested, repeated, along several axes),
// slices, shuffles, reshapes, and outputs anywhere.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "base/check.hpp"
#include "graph/graph.hpp"
#include "support/random_tensor.hpp"

namespace weft::testing {

class RandomNet {
 public:
  explicit RandomNet(uint64_t seed) : random_(seed) {}

  graph::Graph make(int nodes) {
    using graph::ValueId;
    g_.name = "net";
    for (int64_t i = 0; i <= random_.below(2); ++i) {
      const std::string name = "x" + std::to_string(i);
      const ValueId value = graph::add_value(g_, name, {DType::f32, {1, 2 + 2 * random_.below(4), 5, 6}});
      g_.inputs.push_back({name, value});
      images_.push_back(value);
    }
    while (static_cast<int>(g_.nodes.size()) < nodes) step();
    finish();
    return std::move(g_);
  }

 private:
  using ValueId = graph::ValueId;
  using Op = graph::Op;

  int64_t extent(ValueId v, size_t axis) const { return *g_.values[v].type.shape[axis].as_constant(); }
  ValueId node(Op op, std::vector<ValueId> inputs, graph::Attributes attributes = graph::NoAttributes{}) {
    const auto made = graph::add_node(g_, op, std::move(inputs), std::move(attributes), "v", "");
    WEFT_CHECK(made.has_value());
    return *made;
  }
  ValueId recent() {
    const auto count = static_cast<int64_t>(images_.size());
    return images_[static_cast<size_t>(count - 1 - random_.below(std::min<int64_t>(count, 5)))];
  }
  ValueId constant(std::vector<int64_t> extents) {
    graph::Type type{DType::f32, {}};
    for (const int64_t e : extents) type.shape.emplace_back(e);
    const graph::Tensor tensor = random_tensor(type, random_.next(), {.low = -0.5, .high = 0.5});
    return graph::add_constant(g_, "w", type, tensor.bytes);
  }

  void step() {
    switch (random_.below(12)) {
      case 0:
      case 1: return convolution(1);
      case 2:
      case 3: return convolution(3);
      case 4: return depthwise();
      case 5: return elementwise();
      case 6: return residual();
      case 7:
      case 8:
      case 9: return concat();
      case 10: return random_.chance(50) ? slice() : pool();
      default: return random_.chance(50) ? shuffle() : squeeze();
    }
  }

  static graph::ConvAttributes window(int64_t size, int64_t groups) {
    const int64_t pad = size / 2;
    return {.strides = {1, 1},
            .dilations = {1, 1},
            .pads_begin = {pad, pad},
            .pads_end = {pad, pad},
            .groups = groups};
  }
  void convolution(int64_t size) {
    const ValueId x = recent();
    const ValueId w = constant({1 + random_.below(9), extent(x, 1), size, size});
    images_.push_back(node(Op::conv, {x, w}, window(size, 1)));
  }
  void depthwise() {
    const ValueId x = recent();
    images_.push_back(node(Op::conv, {x, constant({extent(x, 1), 1, 3, 3})}, window(3, extent(x, 1))));
  }
  void elementwise() {
    const ValueId x = recent();
    if (random_.chance(40)) images_.push_back(node(Op::mul, {x, constant({extent(x, 1), 1, 1})}));
    else images_.push_back(node(random_.chance(50) ? Op::tanh : Op::abs, {x}));
  }
  void residual() {
    const ValueId a = recent(), b = recent();
    if (g_.values[a].type.shape == g_.values[b].type.shape) images_.push_back(node(Op::add, {a, b}));
    else concat();
  }
  void concat() {
    const ValueId first = recent();
    const int64_t axis = random_.chance(80) ? 1 : 2 + random_.below(2);
    std::vector<ValueId> parts = {first};
    for (int64_t i = 0; i <= random_.below(3); ++i) {
      const ValueId other = recent();
      bool fits = extent(first, static_cast<size_t>(axis)) + extent(other, static_cast<size_t>(axis)) < 60;
      for (size_t a = 0; a < 4; ++a)
        fits = fits && (static_cast<int64_t>(a) == axis || extent(first, a) == extent(other, a));
      if (fits) parts.push_back(other);
    }
    if (random_.chance(10)) parts.push_back(first);
    images_.push_back(node(Op::concat, parts, graph::ConcatAttributes{axis}));
  }
  void slice() {
    const ValueId x = recent();
    const auto axis = static_cast<size_t>(1 + random_.below(3));
    graph::SliceAttributes a{.starts = {0, 0, 0, 0}, .steps = {1, 1, 1, 1}, .sizes = {}};
    const int64_t size = 1 + random_.below(extent(x, axis));
    for (size_t i = 0; i < 4; ++i) a.sizes.push_back(i == axis ? size : extent(x, i));
    a.starts[axis] = random_.below(extent(x, axis) - size + 1);
    images_.push_back(node(Op::slice, {x}, a));
  }
  void pool() {
    graph::WindowAttributes a;
    a.kind = random_.chance(50) ? graph::ReduceKind::max : graph::ReduceKind::mean;
    a.window = {3, 3};
    a.strides = a.dilations = a.pads_begin = a.pads_end = {1, 1};
    a.counted_begin = a.counted_end = {0, 0};
    images_.push_back(node(Op::reduce_window, {recent()}, a));
  }
  void shuffle() {
    const ValueId x = recent();
    const int64_t c = extent(x, 1), h = extent(x, 2), w = extent(x, 3);
    if (c % 2 != 0) return;
    const ValueId split = node(Op::reshape, {x}, graph::ReshapeAttributes{{1, 2, c / 2, h, w}});
    const ValueId turned = node(Op::transpose, {split}, graph::TransposeAttributes{{0, 2, 1, 3, 4}});
    images_.push_back(node(Op::reshape, {turned}, graph::ReshapeAttributes{{1, c, h, w}}));
  }
  void squeeze() {
    const ValueId x = recent();
    const ValueId mean = node(Op::reduce, {x}, graph::ReduceAttributes{graph::ReduceKind::mean, {2, 3}});
    const ValueId back = node(Op::reshape, {mean}, graph::ReshapeAttributes{{1, extent(x, 1), 1, 1}});
    const ValueId w = constant({extent(x, 1), extent(x, 1), 1, 1});
    images_.push_back(node(Op::mul, {x, node(Op::conv, {back, w}, window(1, 1))}));
  }

  void finish() {
    std::vector<bool> used(g_.values.size(), false);
    for (const graph::Node& n : g_.nodes)
      for (const ValueId id : n.inputs) used[id] = true;
    for (const graph::Node& n : g_.nodes)
      if (!used[n.output] || random_.chance(5))
        g_.outputs.push_back({"y" + std::to_string(n.output), n.output});
  }

  Random random_;
  graph::Graph g_;
  std::vector<ValueId> images_;  ///< of rank 4
};

}  // namespace weft::testing

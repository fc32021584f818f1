// f32 constants -> f16 or q8 constants and the nodes that widen them again.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "graph/eval.hpp"
#include "graph/half.hpp"
#include "passes/passes.hpp"
#include "passes/rewrite.hpp"

namespace weft::passes {

using graph::Graph;
using graph::Ints;
using graph::Node;
using graph::Op;
using graph::ValueId;

namespace {

constexpr size_t kLeastRank = 2;  // biases and scales have one axis: they save nothing and matter more
constexpr float kLargestHalf = 65504;
/// q8 is symmetric: -128 is not used.
constexpr float kLargestQ8 = 127;

/// A constant's elements, seen as [outer, slices, inner]: one scale for each slice of an axis.
struct Slices {
  int64_t outer = 1, count = 1, inner = 1;

  Slices(const Ints& shape, size_t axis) : count(shape[axis]) {
    for (size_t i = 0; i < axis; ++i) outer *= shape[i];
    for (size_t i = axis + 1; i < shape.size(); ++i) inner *= shape[i];
  }
  template <class F>
  void for_each(F&& f) const {  // f(element, slice)
    size_t element = 0;
    for (int64_t o = 0; o < outer; ++o)
      for (int64_t s = 0; s < count; ++s)
        for (int64_t i = 0; i < inner; ++i) f(element++, static_cast<size_t>(s));
  }
};

struct Quantized {
  size_t axis = 0;
  std::vector<int8_t> elements;
  std::vector<float> scales;
  double squared_error = 0;
};

Quantized quantize_along(const std::vector<float>& x, const Ints& shape, size_t axis) {
  const Slices slices(shape, axis);
  Quantized q{axis, std::vector<int8_t>(x.size()), std::vector<float>(static_cast<size_t>(slices.count)), 0};
  slices.for_each([&](size_t i, size_t s) { q.scales[s] = std::max(q.scales[s], std::fabs(x[i])); });
  for (float& scale : q.scales) {
    scale /= kLargestQ8;
    if (scale == 0) scale = 1;  // all zeros, or too small for a scale
  }
  slices.for_each([&](size_t i, size_t s) {
    const float steps = std::rint(x[i] / q.scales[s]);
    q.elements[i] = static_cast<int8_t>(std::clamp(steps, -kLargestQ8, kLargestQ8));
    const double error =
        static_cast<double>(x[i]) - static_cast<double>(steps) * static_cast<double>(q.scales[s]);
    q.squared_error += error * error;
  });
  return q;
}

/// Outputs are the first axis of a convolution's weights and the last of a matrix's: whichever is closer.
Quantized quantize(const std::vector<float>& x, const Ints& shape) {
  Quantized first = quantize_along(x, shape, 0), last = quantize_along(x, shape, shape.size() - 1);
  return last.squared_error < first.squared_error ? std::move(last) : std::move(first);
}

class Narrower {
 public:
  Narrower(Graph g, const Blobs& blobs, WeightFormat format, int64_t least_elements)
      : g_(std::move(g)), blobs_(blobs), format_(format), least_(least_elements) {}

  Result<Graph> run() {
    const std::vector<Node> nodes = std::exchange(g_.nodes, {});
    for (const ValueId value : candidates(nodes)) {
      WEFT_ASSIGN(tensor, graph::load_constant(g_, value, blobs_));
      std::vector<float> x(tensor.bytes.size() / sizeof(float));
      std::memcpy(x.data(), tensor.bytes.data(), tensor.bytes.size());
      const float limit = format_ == WeightFormat::f16 ? kLargestHalf : std::numeric_limits<float>::max();
      if (std::ranges::all_of(x, [&](float v) { return std::fabs(v) <= limit; }))
        narrow(value, x, tensor.shape);
    }
    g_.nodes.insert(g_.nodes.end(), nodes.begin(), nodes.end());
    return std::move(g_);
  }

 private:
  std::vector<ValueId> candidates(const std::vector<Node>& nodes) const {
    std::set<ValueId> read;
    for (const Node& node : nodes) read.insert(node.inputs.begin(), node.inputs.end());
    std::vector<ValueId> found;
    for (const auto& [value, data] : g_.constants) {
      const graph::Type& type = g_.values[value].type;
      const auto shape = graph::constant_shape(type.shape);
      const auto count = graph::element_count(type.shape).as_constant();
      if (type.dtype == DType::f32 && shape && shape->size() >= kLeastRank && *count >= least_ &&
          read.contains(value))
        found.push_back(value);
    }
    return found;
  }

  /// `value` becomes what nodes make of narrower constants; the first of these takes its name.
  void narrow(ValueId value, const std::vector<float>& x, const Ints& shape) {
    g_.constants.erase(value);
    const std::string name = g_.values[value].name;
    std::string wide = name + ".f32";
    while (g_.names.contains(wide)) wide += "_";
    g_.names.erase(name);
    g_.names.insert(wide);
    g_.values[value].name = wide;
    const Node widened{Op::cast, {}, {}, value, name};
    Replacement out(g_, widened);
    const graph::Shape logical = graph::make_shape(shape);
    if (format_ == WeightFormat::f16) {
      std::vector<uint16_t> halves(x.size());
      std::ranges::transform(x, halves.begin(), [](float v) { return graph::round_to_half(DType::f16, v); });
      out.finish(Op::cast, {constant(name, {DType::f16, logical}, halves)},
                 graph::CastAttributes{DType::f32});
      return;
    }
    const Quantized q = quantize(x, shape);
    Ints per_slice(shape.size(), 1);
    per_slice[q.axis] = shape[q.axis];
    const ValueId narrow = constant(name, {DType::i8, logical}, q.elements);
    const ValueId scales = constant(name + ".scale", {DType::f32, graph::make_shape(per_slice)}, q.scales);
    out.finish(Op::mul, {out.add(Op::cast, {narrow}, graph::CastAttributes{DType::f32}), scales});
  }

  template <class T>
  ValueId constant(std::string name, graph::Type type, const std::vector<T>& elements) {
    std::vector<uint8_t> bytes(elements.size() * sizeof(T));
    std::memcpy(bytes.data(), elements.data(), bytes.size());
    return graph::add_constant(g_, std::move(name), std::move(type), std::move(bytes));
  }

  Graph g_;
  const Blobs& blobs_;
  WeightFormat format_;
  int64_t least_;
};

}  // namespace

Result<Graph> narrow_weights(Graph g, const Blobs& blobs, WeightFormat format, int64_t least_elements) {
  if (format == WeightFormat::f32) return g;
  return Narrower(std::move(g), blobs, format, least_elements).run();
}

}  // namespace weft::passes

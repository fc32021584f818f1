#include "frontends/onnx/extents.hpp"

#include <numeric>

#include "graph/eval.hpp"

namespace weft::onnx {
namespace {

using expr::Expr;
using graph::Ints;
using graph::Node;
using graph::Op;
using graph::Shape;
using graph::ValueId;

int64_t count(const Ints& shape) {
  return std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
}

/// A tensor whose elements are places in a list.
graph::Tensor places(const Ints& shape, int64_t first) {
  graph::Tensor tensor{DType::i64, shape, std::vector<uint8_t>(static_cast<size_t>(count(shape)) * 8)};
  for (size_t i = 0; i < tensor.bytes.size(); i += 8)
    for (size_t byte = 0; byte < 8; ++byte)
      tensor.bytes[i + byte] =
          static_cast<uint8_t>(static_cast<uint64_t>(first + static_cast<int64_t>(i / 8)) >> (8 * byte));
  return tensor;
}

std::vector<int64_t> integers(const graph::Tensor& tensor) {
  std::vector<int64_t> values;
  for (size_t i = 0; i < tensor.bytes.size(); i += 8) {
    uint64_t bits = 0;
    for (size_t byte = 0; byte < 8; ++byte)
      bits |= static_cast<uint64_t>(tensor.bytes[i + byte]) << (8 * byte);
    values.push_back(static_cast<int64_t>(bits));
  }
  return values;
}

bool not_negative(const Expr& e) { return expr::always(expr::less_equal(0, e)); }

/// Toward zero for integers; what is no integer is not known.
std::optional<Expr> divide(const Expr& a, const Expr& b, DType dtype) {
  if (!expr::always(expr::less(0, b))) return std::nullopt;
  if (is_float(dtype) && !expr::always(expr::equal(expr::mod(a, b), 0))) return std::nullopt;
  if (not_negative(a)) return expr::floor_div(a, b);
  if (not_negative(-a)) return -expr::floor_div(-a, b);
  return std::nullopt;
}

std::optional<Expr> element(const Node& node, DType dtype, const std::vector<Expr>& x) {
  switch (node.op) {
    case Op::add: return x[0] + x[1];
    case Op::sub: return x[0] - x[1];
    case Op::mul: return x[0] * x[1];
    case Op::div: return divide(x[0], x[1], dtype);
    case Op::mod:
      if (!not_negative(x[0]) || !expr::always(expr::less(0, x[1]))) return std::nullopt;
      return expr::mod(x[0], x[1]);
    case Op::minimum: return expr::min(x[0], x[1]);
    case Op::maximum: return expr::max(x[0], x[1]);
    case Op::neg: return -x[0];
    case Op::abs: return expr::max(x[0], -x[0]);
    case Op::floor:
    case Op::ceil:
    case Op::round: return x[0];
    case Op::cast:
      if (std::get<graph::CastAttributes>(node.attributes).to != DType::boolean) return x[0];
      return expr::logical_not(expr::equal(x[0], 0));
    case Op::equal: return expr::equal(x[0], x[1]);
    case Op::less: return expr::less(x[0], x[1]);
    case Op::less_equal: return expr::less_equal(x[0], x[1]);
    case Op::logical_and: return expr::logical_and(x[0], x[1]);
    case Op::logical_or: return expr::logical_or(x[0], x[1]);
    case Op::logical_not: return expr::logical_not(x[0]);
    case Op::select: return expr::select(x[0], x[1], x[2]);
    default: return std::nullopt;
  }
}

class Folder {
 public:
  Folder(const graph::Graph& g, const Node& node, const KnownElements& known)
      : g_(g), node_(node), known_(known), type_(g.values[node.output].type) {}

  std::optional<Shape> run() {
    const auto shape = graph::constant_shape(type_.shape);
    if (!shape || count(*shape) > kMaxExtentElements || node_.inputs.empty()) return std::nullopt;
    if (!read_operands()) return std::nullopt;
    auto result = graph::info(node_.op).op_class == graph::OpClass::elementwise ? elementwise(*shape)
                  : node_.op == Op::reduce                                      ? reduced()
                                                                                : moved();
    if (!result) return std::nullopt;
    for (const Expr& e : *result)
      if (!fits(e)) return std::nullopt;
    return result;
  }

 private:
  bool read_operands() {
    for (const ValueId input : node_.inputs) {
      const auto shape = graph::constant_shape(g_.values[input].type.shape);
      if (!shape || count(*shape) > kMaxExtentElements) return false;
      auto elements = known_(input);
      if (!elements) return false;
      shapes_.push_back(*shape);
      operands_.push_back(std::move(*elements));
    }
    return true;
  }

  bool fits(const Expr& e) const {
    const int64_t limit =
        is_float(type_.dtype) ? int64_t{1} << (type_.dtype == DType::f32 ? 24 : 11) : INT32_MAX;
    const expr::Interval bounds = expr::bounds(e);
    return bounds.min && *bounds.min >= -limit && bounds.max && *bounds.max <= limit;
  }

  std::optional<Shape> elementwise(const Ints& shape) const {
    std::vector<std::vector<int64_t>> from;
    for (const Ints& operand : shapes_) {
      const Node expand{Op::expand, graph::ReshapeAttributes{graph::make_shape(shape)}, {0}, 0, {}, -1};
      const graph::Tensor all = places(operand, 0);
      const graph::Tensor* const given[] = {&all};
      const auto wide = graph::evaluate_node(g_, expand, given);
      if (!wide) return std::nullopt;
      from.push_back(integers(*wide));
    }
    Shape result;
    for (size_t i = 0; i < static_cast<size_t>(count(shape)); ++i) {
      std::vector<Expr> x;
      for (size_t k = 0; k < from.size(); ++k) x.push_back(operands_[k][static_cast<size_t>(from[k][i])]);
      const auto value = element(node_, type_.dtype, x);
      if (!value) return std::nullopt;
      result.push_back(*value);
    }
    return result;
  }

  /// Of all elements.
  std::optional<Shape> reduced() const {
    if (!type_.shape.empty() || operands_[0].empty()) return std::nullopt;
    Expr value = operands_[0][0];
    for (size_t i = 1; i < operands_[0].size(); ++i) {
      const Expr& next = operands_[0][i];
      switch (std::get<graph::ReduceAttributes>(node_.attributes).kind) {
        case graph::ReduceKind::sum: value = value + next; break;
        case graph::ReduceKind::product: value = value * next; break;
        case graph::ReduceKind::min: value = expr::min(value, next); break;
        case graph::ReduceKind::max: value = expr::max(value, next); break;
        case graph::ReduceKind::mean: return std::nullopt;
      }
    }
    return Shape{value};
  }

  std::optional<Shape> moved() const {
    const bool moves = graph::maps_indices(node_.op) || node_.op == Op::concat || node_.op == Op::gather;
    if (!moves) return std::nullopt;
    Shape all;
    std::vector<graph::Tensor> tensors;
    for (size_t k = 0; k < operands_.size(); ++k) {
      const bool is_index = node_.op == Op::gather && k == 1;
      tensors.push_back(places(shapes_[k], static_cast<int64_t>(all.size())));
      if (!is_index) all.insert(all.end(), operands_[k].begin(), operands_[k].end());
      if (is_index && !set_values(tensors.back(), operands_[k])) return std::nullopt;
    }
    std::vector<const graph::Tensor*> pointers;
    for (const graph::Tensor& tensor : tensors) pointers.push_back(&tensor);
    const auto result = graph::evaluate_node(g_, node_, pointers);
    if (!result) return std::nullopt;
    Shape values;
    for (const int64_t place : integers(*result)) values.push_back(all[static_cast<size_t>(place)]);
    return values;
  }

  static bool set_values(graph::Tensor& tensor, const Shape& values) {
    const auto constants = graph::constant_shape(values);
    for (size_t i = 0; constants && i < constants->size(); ++i)
      for (size_t byte = 0; byte < 8; ++byte)
        tensor.bytes[8 * i + byte] =
            static_cast<uint8_t>(static_cast<uint64_t>((*constants)[i]) >> (8 * byte));
    return constants.has_value();
  }

  const graph::Graph& g_;
  const Node& node_;
  const KnownElements& known_;
  const graph::Type& type_;
  std::vector<Ints> shapes_;
  std::vector<Shape> operands_;
};

}  // namespace

std::optional<Shape> fold_extents(const graph::Graph& g, const Node& node, const KnownElements& known) {
  return Folder(g, node, known).run();
}

}  // namespace weft::onnx

// Expressions of graph operations, for converters: `select(less(x, 0.0), x * alpha, x)`.
//
// Building a term emits nothing. `emit` makes its nodes, operands first and from left to right, each shared
// one once: so the graph does not depend on the order in which a C++ compiler evaluates operands. A number
// takes the element type of the terms beside it.
#pragma once

#include <concepts>
#include <memory>

#include "frontends/onnx/ops/emit.hpp"

namespace weft::onnx {

class Term {
 public:
  template <std::same_as<ValueId> T>
  Term(T value) : node_(std::make_shared<Node>()) {  // NOLINT: values are terms
    node_->value = value;
    node_->is_made = true;
  }
  template <class T>
    requires std::same_as<T, double> || std::same_as<T, int>
  Term(T number) : node_(std::make_shared<Node>()) {  // NOLINT: numbers are terms
    node_->number = static_cast<double>(number);
    node_->is_number = true;
  }
  Term(Op op, std::vector<Term> operands, Attributes attributes = graph::NoAttributes{})
      : node_(std::make_shared<Node>()) {
    node_->op = op;
    node_->operands = std::move(operands);
    node_->attributes = std::move(attributes);
  }

  /// The term's value; kNoValue once the call has failed.
  friend ValueId emit(Call& c, const Term& term);
  /// The number that the term is, if it is one.
  friend std::optional<double> number_of(const Term& term);

 private:
  struct Node {
    Op op = Op::add;
    Attributes attributes;
    std::vector<Term> operands;
    double number = 0;
    bool is_number = false, is_made = false;
    ValueId value = kNoValue;
  };
  std::shared_ptr<Node> node_;
};

ValueId emit(Call& c, const Term& term);

// Of two numbers, the number.
Term operator+(const Term& a, const Term& b);
Term operator-(const Term& a, const Term& b);
Term operator*(const Term& a, const Term& b);
Term operator/(const Term& a, const Term& b);
Term minimum(const Term& a, const Term& b);
Term maximum(const Term& a, const Term& b);
inline Term operator-(const Term& a) { return {Op::neg, {a}}; }
inline Term operator&&(const Term& a, const Term& b) { return {Op::logical_and, {a, b}}; }
inline Term operator||(const Term& a, const Term& b) { return {Op::logical_or, {a, b}}; }
inline Term operator!(const Term& a) { return {Op::logical_not, {a}}; }
inline Term less(const Term& a, const Term& b) { return {Op::less, {a, b}}; }
inline Term less_equal(const Term& a, const Term& b) { return {Op::less_equal, {a, b}}; }
inline Term equal(const Term& a, const Term& b) { return {Op::equal, {a, b}}; }
inline Term select(const Term& condition, const Term& a, const Term& b) {
  return {Op::select, {condition, a, b}};
}
/// The remainder with the sign of the divisor.
inline Term mod(const Term& a, const Term& b) { return {Op::mod, {a, b}, graph::ModAttributes{false}}; }
inline Term abs(const Term& x) { return {Op::abs, {x}}; }
inline Term floor(const Term& x) { return {Op::floor, {x}}; }
inline Term ceil(const Term& x) { return {Op::ceil, {x}}; }
inline Term round(const Term& x) { return {Op::round, {x}}; }
inline Term sqrt(const Term& x) { return {Op::sqrt, {x}}; }
inline Term exp(const Term& x) { return {Op::exp, {x}}; }
inline Term log(const Term& x) { return {Op::log, {x}}; }
inline Term sin(const Term& x) { return {Op::sin, {x}}; }
inline Term cos(const Term& x) { return {Op::cos, {x}}; }
inline Term tanh(const Term& x) { return {Op::tanh, {x}}; }
inline Term erf(const Term& x) { return {Op::erf, {x}}; }
inline Term sigmoid(const Term& x) { return {Op::sigmoid, {x}}; }
inline Term convert(const Term& x, DType to) { return {Op::cast, {x}, graph::CastAttributes{to}}; }
inline Term matmul(const Term& a, const Term& b) { return {Op::matmul, {a, b}}; }
/// Rows (along `axis`) of x at the indices, which are in range or clamped to it.
inline Term gather(const Term& x, const Term& indices, int64_t axis = 0) {
  return {Op::gather, {x, indices}, graph::AxisAttributes{axis}};
}
/// Each element's index along one axis of a shape.
inline Term iota(const Dims& shape, int64_t axis, DType to = DType::i32) {
  return {Op::iota, {}, graph::IotaAttributes{to, shape, axis}};
}

/// An extent as an element of i32 (or of a type); nodes are made at once where it depends on symbols: so
/// never two calls in one expression.
Term number(Call& c, const expr::Expr& extent, DType type = DType::i32);

}  // namespace weft::onnx

// Short names for what converters emit. Each returns the result's value.
#pragma once

#include "frontends/onnx/importer.hpp"

namespace weft::onnx {

using graph::ReduceKind;

inline ValueId add(Call& c, ValueId a, ValueId b) { return c.emit(Op::add, {a, b}); }
inline ValueId sub(Call& c, ValueId a, ValueId b) { return c.emit(Op::sub, {a, b}); }
inline ValueId mul(Call& c, ValueId a, ValueId b) { return c.emit(Op::mul, {a, b}); }
inline ValueId div(Call& c, ValueId a, ValueId b) { return c.emit(Op::div, {a, b}); }
inline ValueId select(Call& c, ValueId condition, ValueId a, ValueId b) {
  return c.emit(Op::select, {condition, a, b});
}

// With a number of x's type.
ValueId add(Call& c, ValueId x, double value);
ValueId mul(Call& c, ValueId x, double value);
ValueId minimum(Call& c, ValueId x, double value);
ValueId maximum(Call& c, ValueId x, double value);
/// x < value
ValueId less(Call& c, ValueId x, double value);

/// Nothing is emitted when the type is right already.
ValueId cast(Call& c, ValueId x, DType to);
/// Nothing is emitted when the shape is right already. Fails when the element counts differ.
ValueId reshape(Call& c, ValueId x, const Dims& shape);
ValueId transpose(Call& c, ValueId x, Ints permutation);
ValueId expand(Call& c, ValueId x, const Dims& shape);
ValueId concat(Call& c, std::vector<ValueId> inputs, int64_t axis);
/// Along a new axis.
ValueId stack(Call& c, const std::vector<ValueId>& values, int64_t axis);
/// Nothing is emitted when the whole of x is taken.
ValueId slice(Call& c, ValueId x, const Dims& starts, const Ints& steps, const Dims& sizes);
/// `axes` are sorted and >= 0. With keep, the reduced axes stay with extent 1.
ValueId reduce(Call& c, ValueId x, ReduceKind kind, const Ints& axes, bool keep);

enum class Padding : uint8_t { constant, edge, reflect, wrap };
/// x with `begin` more before, per axis, and as much behind as makes it `shape`; less where an amount is
/// negative. Amounts and extents may depend on symbols (padding.cpp).
ValueId padded(Call& c, ValueId x, const Dims& begin, const Dims& shape, Padding mode = Padding::constant,
               double value = 0);

/// Of each element and all before it (cumulative.cpp).
ValueId running_sum(Call& c, ValueId x, int64_t axis);
/// As numpy.matmul (linear.cpp).
ValueId matrix_product(Call& c, ValueId a, ValueId b);
/// alpha * A' * B' + beta * C, with the node's operands and attributes (linear.cpp).
ValueId gemm(Call& c);
/// A pooling of x with the node's attributes (pooling.cpp).
ValueId pooled(Call& c, ValueId x, ReduceKind kind);
/// A convolution with the node's attributes (convolution.cpp); `bias` may be kNoValue.
ValueId convolution(Call& c, ValueId x, ValueId w, ValueId bias);
/// Over `axes`, stable: exp(x - max) / sum, or its logarithm (activations.cpp).
ValueId softmax(Call& c, ValueId x, const Ints& axes, bool logarithm);

/// x Phi(x), or its approximation by tanh (activations.cpp).
ValueId gelu(Call& c, ValueId x, bool by_tanh);
/// What normalising over the axes from `axis` on gives; in f32 at least, but `y`, which is of x's type.
struct Normalized {
  ValueId y = kNoValue, mean = kNoValue, inverse_deviation = kNoValue;
};
/// (x - mean) / sqrt(variance + epsilon) * scale + bias; `bias` may be kNoValue (normalization.cpp).
Normalized layer_normalization(Call& c, ValueId x, ValueId scale, ValueId bias, int64_t axis, double epsilon);
/// x / sqrt(mean(x^2) + epsilon) * scale; without a mean.
Normalized rms_normalization(Call& c, ValueId x, ValueId scale, int64_t axis, double epsilon);

/// Axes [begin, end).
Ints axis_range(int64_t begin, int64_t end);
/// The product of the extents in [begin, end).
int64_t element_count(const Ints& shape, size_t begin = 0, size_t end = SIZE_MAX);
expr::Expr element_count(const Dims& shape, size_t begin = 0, size_t end = SIZE_MAX);
std::string to_string(const Dims& shape);
/// Whether each is in [0, kMaxExtent]; fails where one is not.
bool check_extents(Call& c, const Dims& shape);
// What extents have to be, as Call::require asks for it.
bool require_equal(Call& c, const expr::Expr& extent, const expr::Expr& wanted, std::string_view what);
bool require_shape(Call& c, ValueId x, const Dims& wanted, std::string_view what);
bool require_positive(Call& c, const Dims& shape);
/// Rank 1 with n elements -> [1, n, 1, 1 …], so that it broadcasts along axis 1 of a tensor of `rank`.
ValueId per_channel(Call& c, ValueId x, int64_t rank);

}  // namespace weft::onnx

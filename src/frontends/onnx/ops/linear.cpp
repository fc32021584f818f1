// Gemm and MatMul.
#include <algorithm>

#include "frontends/onnx/ops/converters.hpp"

namespace weft::onnx {

ValueId gemm(Call& c) {
  ValueId a = c.in(0);
  ValueId b = c.in(1);
  if (!c.ok()) return kNoValue;
  if (c.rank(a) != 2 || c.rank(b) != 2) {
    c.invalid("its operands are not matrices");
    return kNoValue;
  }
  if (c.integer("transA", 0) != 0) a = transpose(c, a, {1, 0});
  if (c.integer("transB", 0) != 0) b = transpose(c, b, {1, 0});
  const double alpha = c.number("alpha", 1.0);
  const double beta = c.number("beta", 1.0);
  ValueId y = c.emit(Op::matmul, {a, b});
  if (alpha != 1.0) y = mul(c, y, alpha);
  if (c.has(2) && beta != 0.0) {
    ValueId bias = c.in(2);
    if (beta != 1.0) bias = mul(c, bias, beta);
    const Dims shape = c.dims(y);
    y = add(c, y, bias);
    if (c.ok() && c.dims(y) != shape) c.invalid("C does not broadcast to the product");
  }
  return y;
}

void convert_gemm(Call& c) { c.out(0, gemm(c)); }

/// numpy.matmul: a vector is a row on the left, a column on the right, and its axis is dropped from the
/// result.
ValueId matrix_product(Call& c, ValueId a, ValueId b) {
  if (!c.ok()) return kNoValue;
  const Dims left = c.dims(a), right = c.dims(b);
  if (left.empty() || right.empty()) {
    c.invalid("an operand is a scalar");
    return kNoValue;
  }
  if (left.size() == 1) a = reshape(c, a, {1, left[0]});
  if (right.size() == 1) b = reshape(c, b, {right[0], 1});
  const ValueId y = c.emit(Op::matmul, {a, b});
  Dims shape = c.dims(y);
  if (!c.ok()) return kNoValue;
  if (right.size() == 1) shape.pop_back();
  if (left.size() == 1) shape.erase(shape.end() - (right.size() == 1 ? 1 : 2));
  return reshape(c, y, shape);
}

void convert_matmul(Call& c) {
  const ValueId a = c.in(0);
  const ValueId b = c.in(1);
  c.out(0, matrix_product(c, a, b));
}

}  // namespace weft::onnx

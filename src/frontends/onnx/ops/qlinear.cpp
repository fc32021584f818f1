// Quantised operators of com.microsoft: each is the operator of its name on what its numbers mean, quantised
// again.
#include <fmt/format.h>

#include "frontends/onnx/ops/converters.hpp"
#include "frontends/onnx/ops/quantization.hpp"
#include "frontends/onnx/ops/spatial.hpp"
#include "frontends/onnx/ops/term.hpp"

namespace weft::onnx {
namespace {

/// What input `at` means, its scale and its zero point (0 when absent) being the inputs after it.
ValueId dequantized(Call& c, size_t at) {
  const ValueId q = c.in(at);
  if (!c.ok()) return kNoValue;
  const ValueId scale = reshape(c, c.in(at + 1), {});
  const ValueId number = centered(c, q, c.has(at + 2) ? reshape(c, c.in(at + 2), {}) : kNoValue);
  return emit(c, convert(number, DType::f32) * scale);
}

/// Output 0 for x, with the scale at input `at` and the zero point after it; as quantised as `like` when that
/// is absent.
void out_quantized(Call& c, ValueId x, size_t at, ValueId like) {
  const ValueId scale = reshape(c, c.in(at), {});
  const ValueId zero = c.has(at + 1) ? reshape(c, c.in(at + 1), {}) : kNoValue;
  const ValueId quotient = emit(c, Term(x) / scale);
  if (c.ok()) c.out(0, saturated(c, quotient, zero, c.onnx_type(zero == kNoValue ? like : zero), true));
}

/// [N, …, C] -> [N, C, …], and back.
ValueId channels_moved(Call& c, ValueId x, bool to_front) {
  Ints order = axis_range(0, c.rank(x));
  if (order.size() < 3) return x;
  if (to_front) {
    order.insert(order.begin() + 1, order.back());
    order.pop_back();
  } else {
    order.push_back(order[1]);
    order.erase(order.begin() + 1);
  }
  return transpose(c, x, order);
}

}  // namespace

void convert_qlinear_add(Call& c) {
  const ValueId a = dequantized(c, 0);
  const ValueId b = dequantized(c, 3);
  out_quantized(c, add(c, a, b), 6, c.in(0));
}

void convert_qlinear_mul(Call& c) {
  const ValueId a = dequantized(c, 0);
  const ValueId b = dequantized(c, 3);
  out_quantized(c, mul(c, a, b), 6, c.in(0));
}

void convert_qlinear_sigmoid(Call& c) {
  const ValueId x = dequantized(c, 0);
  out_quantized(c, emit(c, sigmoid(x)), 3, c.in(0));
}

void convert_qlinear_leaky_relu(Call& c) {
  const Term x = dequantized(c, 0);
  const double alpha = c.number("alpha", static_cast<double>(0.01f));
  out_quantized(c, emit(c, select(less(x, 0), x * alpha, x)), 3, c.in(0));
}

void convert_qlinear_softmax(Call& c) {
  const ValueId x = dequantized(c, 0);
  const int64_t rank = c.rank(x), opset = c.required_integer("opset");
  const int64_t axis = c.axis(c.integer("axis", -1), rank);
  if (c.ok())
    out_quantized(c, softmax(c, x, axis_range(axis, opset < 13 ? rank : axis + 1), false), 3, c.in(0));
}

/// By the sum of the integers, which is exact.
void convert_qlinear_global_average_pool(Call& c) {
  const bool is_last = c.integer("channels_last", 0) != 0;
  const ValueId scale = reshape(c, c.in(1), {});
  const ValueId zero = c.has(2) ? reshape(c, c.in(2), {}) : kNoValue;
  ValueId x = centered(c, c.in(0), zero);
  if (is_last) x = channels_moved(c, x, true);
  const Dims spatial = spatial_extents(c, x);
  if (!c.ok()) return;
  const ValueId sum = reduce(c, x, ReduceKind::sum, axis_range(2, c.rank(x)), true);
  const Term count = convert(number(c, element_count(spatial)), DType::f32);
  const ValueId y = emit(c, convert(sum, DType::f32) * (Term(scale) / count));
  out_quantized(c, is_last ? channels_moved(c, y, false) : y, 3, c.in(0));
}

void convert_qlinear_average_pool(Call& c) {
  const bool is_last = c.integer("channels_last", 0) != 0;
  ValueId x = dequantized(c, 0);
  if (is_last) x = channels_moved(c, x, true);
  const ValueId y = pooled(c, x, ReduceKind::mean);
  out_quantized(c, is_last ? channels_moved(c, y, false) : y, 3, c.in(0));
}

/// Inputs: the result's scale and zero point, then each part with its own.
void convert_qlinear_concat(Call& c) {
  if (c.input_count() < 5 || c.input_count() % 3 != 2) return c.invalid("its inputs are not triples");
  std::vector<ValueId> parts;
  for (size_t i = 2; i < c.input_count(); i += 3) parts.push_back(dequantized(c, i));
  if (!c.ok()) return;
  const int64_t axis = c.axis(c.required_integer("axis"), c.rank(parts[0]));
  out_quantized(c, concat(c, parts, axis), 0, c.in(2));
}

/// alpha * A' * B' + C, C of the products' scale; to f32 where there is no scale for the result.
void convert_qgemm(Call& c) {
  ValueId a = centered(c, c.in(0), of_matrix(c, c.in(2), true));
  const bool turns = c.integer("transB", 0) != 0;
  // Of B's columns of the product, whether they are its rows or its columns.
  ValueId b = centered(c, c.in(3), of_matrix(c, c.in(5), turns));
  if (c.integer("transA", 0) != 0) a = transpose(c, a, {1, 0});
  if (turns) b = transpose(c, b, {1, 0});
  const ValueId a_scale = reshape(c, c.in(1), {});
  const ValueId b_scale = of_matrix(c, c.in(4), false);
  ValueId sum = matrix_product(c, a, b);
  const double alpha = c.number("alpha", 1);
  if (c.has(6) && alpha == 1) sum = add(c, sum, c.in(6));
  Term y = convert(sum, DType::f32) * (Term(a_scale) * b_scale * alpha);
  if (c.has(6) && alpha != 1) y = y + convert(c.in(6), DType::f32) * (Term(a_scale) * b_scale * alpha);
  const ValueId wide = emit(c, y);
  if (c.has(7)) return out_quantized(c, wide, 7, c.in(0));
  c.out(0, wide);
}

namespace {

/// The product of integers as f32, B's scale and zero point one for all or one a column.
ValueId scaled_product(Call& c, ValueId a, ValueId a_scale, ValueId a_zero, ValueId b, ValueId b_scale,
                       ValueId b_zero, ValueId bias) {
  const ValueId left = centered(c, a, a_zero);
  const ValueId right = centered(c, b, b_zero);
  const ValueId sum = matrix_product(c, left, right);
  Term y = convert(sum, DType::f32) * (Term(a_scale) * b_scale);
  if (bias != kNoValue) y = y + bias;
  return emit(c, y);
}

}  // namespace

void convert_matmul_integer_to_float(Call& c) {
  const ValueId a = c.in(0);
  const ValueId b = c.in(1);
  const ValueId a_scale = of_matrix(c, c.in(2), true);
  const ValueId b_scale = of_matrix(c, c.in(3), false);
  const ValueId a_zero = c.has(4) ? of_matrix(c, c.in(4), true) : kNoValue;
  const ValueId b_zero = c.has(5) ? of_matrix(c, c.in(5), false) : kNoValue;
  c.out(0, scaled_product(c, a, a_scale, a_zero, b, b_scale, b_zero, c.has(6) ? c.in(6) : kNoValue));
}

/// A is f32, quantised over its own range.
void convert_dynamic_quantize_matmul(Call& c) {
  const DynamicQuantization a = quantize_dynamically(c, c.in(0));
  const ValueId b = c.in(1);
  const ValueId b_scale = of_matrix(c, c.in(2), false);
  const ValueId b_zero = c.has(3) ? of_matrix(c, c.in(3), false) : kNoValue;
  c.out(0, scaled_product(c, a.y, a.scale, a.zero, b, b_scale, b_zero, c.has(4) ? c.in(4) : kNoValue));
}

}  // namespace weft::onnx

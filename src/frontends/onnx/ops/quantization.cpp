// Quantised operators: (q - zero_point) * scale, with q an integer or a narrow float.
#include "frontends/onnx/ops/quantization.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "frontends/onnx/ops/converters.hpp"
#include "frontends/onnx/ops/narrow.hpp"
#include "frontends/onnx/ops/term.hpp"

namespace weft::onnx {

ValueId along_axis(Call& c, ValueId parameter, ValueId x, int64_t axis, int64_t block) {
  const Dims extents = c.dims(parameter);
  if (!c.ok() || element_count(extents).is_constant(1)) return c.ok() ? reshape(c, parameter, {}) : kNoValue;
  const auto at = static_cast<size_t>(c.axis(axis, c.rank(x)));
  if (!c.ok()) return kNoValue;
  if (extents.size() == 1 && block == 0) {
    Dims spread = Ints(static_cast<size_t>(c.rank(x)), 1);
    spread[at] = extents[0];
    return reshape(c, parameter, spread);
  }
  const Dims shape = c.dims(x), own = c.dims(parameter);
  if (own.size() != shape.size()) {
    c.invalid("a scale or zero point does not fit the tensor");
    return kNoValue;
  }
  if (block == 0) {
    const auto extent = shape[at].as_constant(), blocks = own[at].as_constant();
    if (!extent || !blocks) c.unsupported("blocks of an extent that depends on symbols");
    else block = (*extent + *blocks - 1) / std::max<int64_t>(*blocks, 1);
  }
  if (!c.ok() || block < 1 || block > kMaxExtent || greatest({own[at]})[0] > kMaxExtent / block) {
    c.invalid("block_size does not fit the scales");
    return kNoValue;
  }
  if (!c.require(expr::less_equal(shape[at], own[at] * block), "the blocks of the scales do not reach"))
    return kNoValue;
  Dims split = own, spread = own, whole = own;
  split.insert(split.begin() + static_cast<std::ptrdiff_t>(at) + 1, 1);
  spread.insert(spread.begin() + static_cast<std::ptrdiff_t>(at) + 1, block);
  whole[at] = whole[at] * block;
  const ValueId parts = reshape(c, parameter, split);
  const ValueId repeated = expand(c, parts, spread);
  const ValueId joined = reshape(c, repeated, whole);
  return slice(c, joined, Ints(own.size(), 0), Ints(own.size(), 1), shape);
}

ValueId saturated(Call& c, ValueId x, ValueId zero, int32_t type, bool saturate) {
  // Of the narrow floats only float4 may have a zero point that is not 0.
  if (is_narrow_float(type)) {
    if (zero != kNoValue && type == kFloat4E2M1) x = emit(c, Term(x) + widen(c, zero));
    return narrow(c, x, type, saturate);
  }
  const std::optional<DType> to = dtype_of(type);
  if (!to || is_float(*to)) {
    c.invalid("the quantised type is no integer");
    return kNoValue;
  }
  const IntegerRange range = integer_range(type);
  // In floats up to here: what an integer cannot hold saturates all the same.
  Term rounded = round(x);
  if (zero != kNoValue) rounded = rounded + convert(zero, c.dtype(x));
  const ValueId y = emit(c, convert(minimum(maximum(rounded, range.low), range.high), *to));
  if (narrow_bits(type) != 0) c.set_onnx_type(y, type);
  return y;
}

ValueId centered(Call& c, ValueId q, ValueId zero) {
  const ValueId wide = cast(c, q, DType::i32);
  return zero == kNoValue ? wide : emit(c, Term(wide) - convert(zero, DType::i32));
}

ValueId of_matrix(Call& c, ValueId parameter, bool rows) {
  const Dims shape = c.dims(parameter);
  if (shape.size() != 1 || !rows || shape[0].is_constant(1))
    return element_count(shape).is_constant(1) ? reshape(c, parameter, {}) : parameter;
  return reshape(c, parameter, {shape[0], 1});
}

void convert_quantize_linear(Call& c) {
  const ValueId x = c.in(0);
  const int64_t axis = c.integer("axis", 1), block = c.integer("block_size", 0);
  const ValueId given = c.in(1);
  const ValueId scale = along_axis(c, given, x, axis, block);
  int32_t type = static_cast<int32_t>(c.integer("output_dtype", 0));
  ValueId zero = kNoValue;
  if (c.has(2)) {
    const ValueId point = c.in(2);
    type = c.onnx_type(point);
    zero = along_axis(c, point, x, axis, block);
    if (is_narrow_float(type) && c.ok()) c.set_onnx_type(zero, type);
  }
  if (type == 0) type = data_type_of(DType::u8);
  if (!c.ok()) return;
  const auto precision = static_cast<int32_t>(c.integer("precision", 0));
  const DType computed = precision != 0 && dtype_of(precision) ? *dtype_of(precision) : DType::f32;
  const ValueId divisor = cast(c, widen(c, scale), computed);
  const ValueId quotient = emit(c, convert(x, computed) / divisor);
  const ValueId wide = cast(c, quotient, DType::f32);
  c.out(0, saturated(c, wide, zero, type, c.integer("saturate", 1) != 0));
}

void convert_dequantize_linear(Call& c) {
  const ValueId x = c.in(0);
  const int64_t axis = c.integer("axis", 1), block = c.integer("block_size", 0);
  const ValueId given = c.in(1);
  const ValueId scale = along_axis(c, given, x, axis, block);
  if (!c.ok()) return;
  const auto asked = static_cast<int32_t>(c.integer("output_dtype", 0));
  const DType result = asked != 0 && dtype_of(asked) ? *dtype_of(asked) : c.dtype(scale);
  const bool is_float = is_narrow_float(c.onnx_type(x));
  ValueId number = is_float ? widen(c, x) : cast(c, x, DType::i32);
  if (c.has(2) && !is_float) {
    const ValueId point = c.in(2);
    const ValueId zero = along_axis(c, point, x, axis, block);
    number = emit(c, Term(number) - convert(zero, DType::i32));
  }
  const ValueId wide_scale = cast(c, widen(c, scale), DType::f32);
  const ValueId y = emit(c, convert(convert(number, DType::f32) * wide_scale, result));
  c.out(0, y);
}

DynamicQuantization quantize_dynamically(Call& c, ValueId x) {
  if (!c.ok()) return {};
  const Ints all = axis_range(0, c.rank(x));
  const ValueId most = reduce(c, x, ReduceKind::max, all, false);
  const ValueId least = reduce(c, x, ReduceKind::min, all, false);
  const ValueId high = maximum(c, most, 0);
  const ValueId low = minimum(c, least, 0);
  const Term width = Term(high) - low;
  const ValueId scale = emit(c, select(equal(width, 0), 1, width) / 255);
  const ValueId zero = emit(c, round(minimum(maximum(-(low / Term(scale)), 0), 255)));
  const Term y = round(Term(x) / scale) + zero;
  const ValueId bytes = emit(c, convert(minimum(maximum(y, 0), 255), DType::u8));
  return {bytes, scale, cast(c, zero, DType::u8)};
}

void convert_dynamic_quantize_linear(Call& c) {
  const DynamicQuantization q = quantize_dynamically(c, c.in(0));
  c.out(0, q.y);
  c.out(1, q.scale);
  c.out(2, q.zero);
}

void convert_mat_mul_integer(Call& c) {
  const ValueId a = c.in(0);
  const ValueId b = c.in(1);
  const ValueId a_zero = c.has(2) ? of_matrix(c, c.in(2), true) : kNoValue;
  const ValueId b_zero = c.has(3) ? of_matrix(c, c.in(3), false) : kNoValue;
  const ValueId left = centered(c, a, a_zero);
  const ValueId right = centered(c, b, b_zero);
  c.out(0, matrix_product(c, left, right));
}

void convert_qlinear_mat_mul(Call& c) {
  const ValueId a = centered(c, c.in(0), of_matrix(c, c.in(2), true));
  const ValueId b = centered(c, c.in(3), of_matrix(c, c.in(5), false));
  const ValueId a_scale = cast(c, of_matrix(c, c.in(1), true), DType::f32);
  const ValueId b_scale = cast(c, of_matrix(c, c.in(4), false), DType::f32);
  const ValueId y_scale = cast(c, of_matrix(c, c.in(6), true), DType::f32);
  const ValueId zero = of_matrix(c, c.in(7), true);
  const ValueId sum = matrix_product(c, a, b);
  const ValueId y = emit(c, convert(sum, DType::f32) * (Term(a_scale) * b_scale / y_scale));
  if (c.ok()) c.out(0, saturated(c, y, zero, c.onnx_type(zero), true));
}

namespace {

/// A parameter of the output channels, for weights [O, …] (`at` 0) or results [N, O, …] (`at` 1).
ValueId of_channels(Call& c, ValueId parameter, size_t rank, size_t at) {
  const expr::Expr count = element_count(c.dims(parameter));
  if (!c.ok() || count.is_constant(1)) return c.ok() ? reshape(c, parameter, {}) : kNoValue;
  Dims shape = Ints(rank, 1);
  shape[at] = count;
  return reshape(c, parameter, shape);
}

}  // namespace

void convert_conv_integer(Call& c) {
  const ValueId x = c.in(0);
  const ValueId w = c.in(1);
  const auto rank = static_cast<size_t>(c.rank(x));
  const ValueId x_zero = c.has(2) ? of_channels(c, c.in(2), rank, 0) : kNoValue;
  const ValueId w_zero = c.has(3) ? of_channels(c, c.in(3), rank, 0) : kNoValue;
  const ValueId left = centered(c, x, x_zero);
  const ValueId right = centered(c, w, w_zero);
  c.out(0, convolution(c, left, right, kNoValue));
}

void convert_qlinear_conv(Call& c) {
  const ValueId x = c.in(0);
  const ValueId w = c.in(3);
  const auto rank = static_cast<size_t>(c.rank(x));
  const ValueId left = centered(c, x, of_channels(c, c.in(2), rank, 0));
  const ValueId right = centered(c, w, of_channels(c, c.in(5), rank, 0));
  const ValueId bias = c.has(8) ? c.in(8) : kNoValue;
  const ValueId sum = convolution(c, left, right, bias);
  const ValueId x_scale = reshape(c, c.in(1), {});
  const ValueId w_scale = of_channels(c, c.in(4), rank, 1);
  const ValueId y_scale = reshape(c, c.in(6), {});
  const ValueId zero = reshape(c, c.in(7), {});
  const ValueId y = emit(c, convert(sum, DType::f32) * (Term(x_scale) * w_scale / y_scale));
  if (c.ok()) c.out(0, saturated(c, y, zero, c.onnx_type(c.in(7)), true));
}

}  // namespace weft::onnx

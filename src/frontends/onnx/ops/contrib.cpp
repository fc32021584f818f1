// Operators of com.microsoft, which ONNX Runtime's optimiser, its quantisers and its exporters write: fused
// products and activations, and weights of 2, 4 and 8 bits. Their pages: ONNX Runtime's
// docs/ContribOperators.md.
#include <fmt/format.h>

#include "frontends/onnx/ops/converters.hpp"
#include "frontends/onnx/ops/narrow.hpp"
#include "frontends/onnx/ops/term.hpp"

namespace weft::onnx {

void convert_bias_gelu(Call& c) {
  const ValueId x = c.in(0);
  const ValueId sum = add(c, x, c.in(1));
  c.out(0, gelu(c, sum, false));
}

void convert_fast_gelu(Call& c) {
  ValueId x = c.in(0);
  if (c.has(1)) x = add(c, x, c.in(1));
  c.out(0, gelu(c, x, true));
}

void convert_quick_gelu(Call& c) {
  const ValueId x = c.in(0);
  c.out(0, emit(c, Term(x) * sigmoid(Term(x) * c.number("alpha", static_cast<double>(1.702f)))));
}

namespace {

ValueId with_matrices_transposed(Call& c, ValueId x) {
  Ints order = axis_range(0, c.rank(x));
  if (order.size() < 2) return x;
  std::swap(order[order.size() - 1], order[order.size() - 2]);
  return transpose(c, x, order);
}

/// The activation that a fused operator ends in; `numbers` are its parameters in the order of their operator.
ValueId activated(Call& c, ValueId x, const std::vector<float>& numbers) {
  const std::string name = c.text("activation", "");
  const auto parameter = [&](size_t i, double fallback) {
    return i < numbers.size() ? static_cast<double>(numbers[i]) : fallback;
  };
  const Term v = x;
  if (!c.ok() || name.empty()) return x;
  if (name == "Relu") return emit(c, maximum(v, 0));
  if (name == "Tanh") return emit(c, tanh(v));
  if (name == "Sigmoid") return emit(c, sigmoid(v));
  if (name == "LeakyRelu") return emit(c, select(less(v, 0), v * parameter(0, 0.01), v));
  if (name == "Clip")
    return emit(c, minimum(maximum(v, parameter(0, -3.402823e38)), parameter(1, 3.402823e38)));
  if (name == "HardSigmoid")
    return emit(c, minimum(maximum(v * parameter(0, 0.2) + parameter(1, 0.5), 0), 1));
  c.unsupported(fmt::format("activation = \"{}\"", name));
  return kNoValue;
}

}  // namespace

/// alpha * A' * B'; batches may be transposed with the matrices.
void convert_fused_matmul(Call& c) {
  ValueId a = c.in(0);
  ValueId b = c.in(1);
  if (c.integer("transBatchA", 0) != 0 || c.integer("transBatchB", 0) != 0)
    return c.unsupported("transBatchA or transBatchB");
  if (c.integer("transA", 0) != 0) a = with_matrices_transposed(c, a);
  if (c.integer("transB", 0) != 0) b = with_matrices_transposed(c, b);
  const ValueId y = matrix_product(c, a, b);
  const double alpha = c.number("alpha", 1);
  c.out(0, alpha == 1 ? y : mul(c, y, alpha));
}

/// A convolution, what is added to it (input 3), and an activation.
void convert_fused_conv(Call& c) {
  const ValueId x = c.in(0);
  const ValueId w = c.in(1);
  const ValueId bias = c.has(2) ? c.in(2) : kNoValue;
  ValueId y = convolution(c, x, w, bias);
  if (c.has(3)) y = add(c, y, c.in(3));
  c.out(0, activated(c, y, c.numbers("activation_params")));
}

void convert_fused_gemm(Call& c) {
  const ValueId y = gemm(c);
  std::vector<float> numbers;
  for (const char* name : {"activation_alpha", "activation_beta"})
    if (c.has_attribute(name)) numbers.push_back(static_cast<float>(c.number(name, 0)));
  c.out(0, activated(c, y, numbers));
}

namespace {

/// Whether numbers of `bits` are packed in bytes as weft unpacks them.
std::optional<int32_t> packed_type(int64_t bits) {
  if (bits == 2) return kUint2;
  if (bits == 4) return kUint4;
  return std::nullopt;
}

/// u8[rows, ceil(columns * bits / 8)], each row from its own byte on -> u8[rows, columns].
ValueId unpack_rows(Call& c, ValueId packed, int64_t bits, int64_t rows, int64_t columns) {
  if (!c.ok()) return kNoValue;
  const int64_t per_byte = 8 / bits, bytes = (columns + per_byte - 1) / per_byte;
  if (element_count(c.shape(packed)) != rows * bytes || c.dtype(packed) != DType::u8) {
    c.invalid(fmt::format("packed numbers are not u8[{}, {}]", rows, bytes));
    return kNoValue;
  }
  const ValueId flat = reshape(c, packed, {rows * bytes});
  const auto type = packed_type(bits);
  const ValueId apart = type ? unpack(c, flat, *type, {rows * bytes * per_byte}) : flat;
  const ValueId table = reshape(c, apart, {rows, bytes * per_byte});
  return slice(c, table, {0, 0}, {1, 1}, {rows, columns});
}

/// (q - zero) * scale of rows in blocks: q u8[rows, blocks * block]; scales and zeros (kNoValue: the middle)
/// [rows, blocks], zeros of u8 or of the scales' type.
ValueId dequantize_blocks(Call& c, ValueId q, ValueId scales, ValueId zeros, int64_t bits,
                          const Ints& shape) {
  if (!c.ok()) return kNoValue;
  const Ints per_block = {shape[0], shape[1], 1};
  const ValueId blocks = reshape(c, q, shape);
  const ValueId scale = reshape(c, scales, per_block);
  const DType dtype = c.dtype(scale);
  Term number = convert(blocks, dtype);
  if (zeros == kNoValue) {
    number = number - static_cast<double>(int64_t{1} << (bits - 1));
  } else {
    const ValueId zero = reshape(c, zeros, per_block);
    number = number - convert(zero, dtype);
  }
  return emit(c, number * scale);
}

}  // namespace

/// A * B', B of `bits` bits: u8[N, blocks, block * bits / 8], a scale (and a zero point) a block of K.
void convert_matmul_nbits(Call& c) {
  const ValueId a = c.in(0);
  const ValueId b = c.in(1);
  const ValueId scales = c.in(2);
  const int64_t k = c.required_integer("K"), n = c.required_integer("N"), bits = c.integer("bits", 4),
                block = c.required_integer("block_size");
  if (!c.ok()) return;
  if (c.has(4)) return c.unsupported("g_idx, an order of the rows");
  if (bits != 2 && bits != 4 && bits != 8) return c.unsupported(fmt::format("weights of {} bits", bits));
  constexpr int64_t kMost = int64_t{1} << 30;
  if (k < 1 || k > kMost || n < 1 || n > kMost || block < 1 || block > kMost || block % 8 != 0)
    return c.invalid("K, N or block_size is out of range");
  const int64_t blocks = (k + block - 1) / block;
  const ValueId q = unpack_rows(c, b, bits, n, blocks * block);
  ValueId zeros = c.has(3) ? c.in(3) : kNoValue;
  if (zeros != kNoValue && c.dtype(zeros) == DType::u8) zeros = unpack_rows(c, zeros, bits, n, blocks);
  if (!c.ok()) return;
  if (element_count(c.shape(scales)) != n * blocks ||
      (zeros != kNoValue && element_count(c.shape(zeros)) != n * blocks))
    return c.invalid(fmt::format("its scales or zero points are not [{}, {}]", n, blocks));
  const ValueId numbers = dequantize_blocks(c, q, scales, zeros, bits, {n, blocks, block});
  const ValueId rows = reshape(c, numbers, {n, blocks * block});
  const ValueId whole = slice(c, rows, {0, 0}, {1, 1}, {n, k});
  const ValueId weights = transpose(c, cast(c, whole, c.dtype(a)), {1, 0});
  ValueId y = matrix_product(c, a, weights);
  if (c.has(5)) y = add(c, y, c.in(5));
  c.out(0, y);
}

}  // namespace weft::onnx

// Elementwise operations on f32: over all of memory as one line where the operands lie alike, else row by row
// with an operand that is a line, a number, or the same for all rows.
#include <algorithm>

#include "interpreter/planner.hpp"
#include "kernels.hpp"

namespace weft::interpreter {
namespace {

using graph::Op;

/// What the flat kernels take at a time.
constexpr int64_t kFlat = 16;

template <class Kernel>
void flat_unary(const uint8_t* a, uint8_t* out, int64_t n) {
  Kernel{.a = a, .out = out, .n = static_cast<int32_t>(n)}();
}
template <class Kernel>
void flat_binary(const uint8_t* a, const uint8_t* b, uint8_t* out, int64_t n) {
  Kernel{.a = a, .b = b, .out = out, .n = static_cast<int32_t>(n)}();
}

/// Rows of both operands and of a dense result.
struct Rows {
  const float *a, *b;
  float* out;
  int64_t rows, columns, a_row, b_row;
};
template <class Kernel>
void run_rows(const Rows& x) {
  Kernel{.a = x.a,
         .b = x.b,
         .out = x.out,
         .a_row = static_cast<int32_t>(x.a_row),
         .b_row = static_cast<int32_t>(x.b_row),
         .columns = static_cast<int32_t>(x.columns),
         .rows = static_cast<int32_t>(x.rows)}();
}

using FlatUnary = void (*)(const uint8_t*, uint8_t*, int64_t);
using FlatBinary = void (*)(const uint8_t*, const uint8_t*, uint8_t*, int64_t);
using RowKernel = void (*)(const Rows&);

FlatUnary unary_kernel(Op op) {
  switch (op) {
#define WEFT_UNARY(name) \
  case Op::name: return flat_unary<kernels::flat_##name>;
    WEFT_UNARY(neg)
    WEFT_UNARY(abs)
    WEFT_UNARY(floor)
    WEFT_UNARY(ceil)
    WEFT_UNARY(round)
    WEFT_UNARY(sqrt)
    WEFT_UNARY(exp)
    WEFT_UNARY(log)
    WEFT_UNARY(sin)
    WEFT_UNARY(cos)
    WEFT_UNARY(atan)
    WEFT_UNARY(erf)
    WEFT_UNARY(tanh)
    WEFT_UNARY(sigmoid)
#undef WEFT_UNARY
    default: return nullptr;
  }
}

struct BinaryKernels {
  FlatBinary flat = nullptr;
  RowKernel lines = nullptr, by_number = nullptr;
  RowKernel number = nullptr;  ///< the first operand is the number; none: it commutes
};

BinaryKernels binary_kernels(Op op) {
  using namespace kernels;
  switch (op) {
    case Op::add: return {flat_binary<flat_add>, run_rows<rows_add>, run_rows<rows_add_by_number>, {}};
    case Op::mul: return {flat_binary<flat_mul>, run_rows<rows_mul>, run_rows<rows_mul_by_number>, {}};
    case Op::minimum:
      return {flat_binary<flat_minimum>, run_rows<rows_min>, run_rows<rows_min_by_number>, {}};
    case Op::maximum:
      return {flat_binary<flat_maximum>, run_rows<rows_max>, run_rows<rows_max_by_number>, {}};
    case Op::sub:
      return {flat_binary<flat_sub>, run_rows<rows_sub>, run_rows<rows_sub_by_number>,
              run_rows<rows_number_sub>};
    case Op::div:
      return {flat_binary<flat_div>, run_rows<rows_div>, run_rows<rows_div_by_number>,
              run_rows<rows_number_div>};
    case Op::pow: return {flat_binary<flat_pow>, {}, {}, {}};
    default: return {};
  }
}

bool all_float(const Planner& planner, const Node& node) {
  return planner.is_float(node.output) &&
         std::ranges::all_of(node.inputs, [&](ValueId x) { return planner.is_float(x); });
}

int64_t flat_blocks(int64_t n) { return (n + kFlat - 1) / kFlat; }

/// The order of the result: that of the largest operand, which is dense then.
Result<Order> result_order(Planner& planner, const Node& node) {
  const Ints& shape = planner.shape(node.output);
  for (const ValueId x : node.inputs) {
    if (planner.shape(x) != shape || planner.is_constant(x)) continue;
    WEFT_ASSIGN(view, planner.view(x));
    if (const auto order = dense_order(shape, view.strides)) return *order;
  }
  return row_major(shape.size());
}

View result(Planner& planner, const Node& node, const Order& order, const std::vector<View>& operands) {
  const Ints strides = dense_strides(planner.shape(node.output), order);
  for (size_t i = 0; i < operands.size(); ++i)
    if (operands[i].strides == strides && std::ranges::count(node.inputs, node.inputs[i]) == 1 &&
        planner.take_over(node.output, node.inputs[i], operands[i]))
      return operands[i];
  return planner.define(node.output, order);
}

Planned plan_unary(Planner& planner, const Node& node, FlatUnary kernel) {
  const Ints& shape = planner.shape(node.output);
  WEFT_ASSIGN(order, result_order(planner, node));
  WEFT_ASSIGN(a, planner.dense(node.inputs[0], order));
  const View out = result(planner, node, order, {a});
  planner.step([kernel, from = a.data, to = out.data, n = flat_blocks(count(shape))]() -> Result<void> {
    kernel(from.get(), to.get(), n);
    return {};
  });
  return true;
}

/// Rows and columns of a binary operation, and the loops around them.
struct RowLoops {
  Loops loops;  ///< of a, b and out
  RowKernel kernel = nullptr;
  bool swapped = false;

  void run(size_t depth, const float* a, const float* b, float* out) const {
    const size_t left = loops.extents.size() - depth;
    if (left > 2) {
      for (int64_t i = 0; i < loops.extents[depth]; ++i)
        run(depth + 1, a + i * loops.strides[0][depth], b + i * loops.strides[1][depth],
            out + i * loops.strides[2][depth]);
      return;
    }
    const bool one = left == 1;
    kernel({a, b, out, one ? 1 : loops.extents[depth], loops.extents.back(),
            one ? 0 : loops.strides[0][depth], one ? 0 : loops.strides[1][depth]});
  }
};

/// How the innermost axis walks both operands decides the kernel; null where no kernel walks so.
RowKernel row_kernel(const BinaryKernels& kernels, RowLoops& rows) {
  const int64_t a = rows.loops.strides[0].back(), b = rows.loops.strides[1].back();
  if (a == 1 && b == 1) return kernels.lines;
  if (a == 1 && b == 0) return kernels.by_number;
  if (a != 0 || b != 1) return nullptr;
  if (kernels.number != nullptr) return kernels.number;
  rows.swapped = true;
  std::swap(rows.loops.strides[0], rows.loops.strides[1]);
  return kernels.by_number;
}

Planned plan_binary(Planner& planner, const Node& node, const BinaryKernels& kernels) {
  const Ints& shape = planner.shape(node.output);
  WEFT_ASSIGN(order, result_order(planner, node));
  std::vector<View> operands;
  for (const ValueId x : node.inputs) {
    WEFT_ASSIGN(view, planner.view(x));
    if (planner.shape(x) == shape) {
      WEFT_ASSIGN(dense, planner.dense(x, order));
      view = dense;
    }
    operands.push_back(view);
  }
  RowLoops rows;
  const Ints strides = dense_strides(shape, order);
  rows.loops = collapse(
      shape, {broadcast_strides(planner.shape(node.inputs[0]), operands[0].strides, shape),
              broadcast_strides(planner.shape(node.inputs[1]), operands[1].strides, shape), strides});
  const bool same = operands[0].strides == strides && operands[1].strides == strides &&
                    planner.shape(node.inputs[0]) == shape && planner.shape(node.inputs[1]) == shape;
  if (!same && (rows.kernel = row_kernel(kernels, rows)) == nullptr) return false;
  const View out = result(planner, node, order, operands);
  const Ref a = operands[rows.swapped ? 1 : 0].data, b = operands[rows.swapped ? 0 : 1].data;
  if (same) {
    planner.step(
        [kernel = kernels.flat, a, b, to = out.data, n = flat_blocks(count(shape))]() -> Result<void> {
          kernel(a.get(), b.get(), to.get(), n);
          return {};
        });
    return true;
  }
  planner.step([rows, a, b, to = out.data]() -> Result<void> {
    rows.run(0, a.floats(), b.floats(), to.floats());
    return {};
  });
  return true;
}

}  // namespace

Planned plan_elementwise(Planner& planner, const Node& node) {
  if (node.inputs.empty() || !all_float(planner, node) || count(planner.shape(node.output)) == 0)
    return false;
  if (node.inputs.size() == 1)
    if (const FlatUnary kernel = unary_kernel(node.op)) return plan_unary(planner, node, kernel);
  if (node.inputs.size() == 2)
    if (const BinaryKernels kernels = binary_kernels(node.op); kernels.flat != nullptr)
      return plan_binary(planner, node, kernels);
  return false;
}

}  // namespace weft::interpreter

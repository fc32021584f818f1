// matmul on f32: the right operand in panels, packed once where it is constant.
#include "interpreter/gemm.hpp"
#include "interpreter/planner.hpp"

namespace weft::interpreter {
namespace {

using graph::Op;

/// A constant matrix in panels.
Result<const Panels*> constant_panels(Planner& planner, ValueId b) {
  const int64_t k = planner.shape(b)[0], n = planner.shape(b)[1];
  WEFT_ASSIGN(panels, planner.weights().made<Panels>(
                          "panels", planner.graph(), b, [&]() -> Result<std::shared_ptr<const Panels>> {
                            WEFT_ASSIGN(t, graph::load_constant(planner.graph(), b, planner.blobs()));
                            auto made = std::make_shared<Panels>(make_panels(k, n));
                            if (!made->values.good() || !made->bias.good())
                              return fail(ErrorKind::limit, "there is no memory for packed weights");
                            pack(reinterpret_cast<const float*>(t.bytes.data()), n, 1, *made);
                            return made;
                          }));
  return planner.keep(panels);
}

struct Product {
  Ref a, b, out;
  int64_t m, k, n;
  Ints batch, a_strides, b_strides;  ///< elements, along the axes of the batch

  void run(Panels& panels) const {
    const int64_t total = count(batch);
    int64_t packed = -1;
    for (int64_t i = 0; i < total; ++i) {
      int64_t left = i, from_a = 0, from_b = 0;
      for (size_t axis = batch.size(); axis-- > 0; left /= batch[axis]) {
        from_a += left % batch[axis] * a_strides[axis];
        from_b += left % batch[axis] * b_strides[axis];
      }
      if (packed != from_b) pack(b.floats() + from_b, b_row, b_column, panels);
      packed = from_b;
      gemm(a.floats() + from_a, k, m, panels, kNoClip, out.floats() + i * m * n, n);
    }
  }
  int64_t b_row = 0, b_column = 0;
};

Ints front(const Ints& all) { return {all.begin(), all.end() - 2}; }

}  // namespace

Planned plan_matmul(Planner& planner, const Node& node) {
  if (node.op != Op::matmul || !planner.is_float(node.output) || count(planner.shape(node.output)) == 0)
    return false;
  const ValueId a = node.inputs[0], b = node.inputs[1];
  const Ints &as = planner.shape(a), &bs = planner.shape(b), &shape = planner.shape(node.output);
  const int64_t k = as.back(), n = bs.back();
  WEFT_ASSIGN(left, planner.dense(a, row_major(as.size())));
  if (bs.size() == 2 && planner.is_constant(b)) {
    WEFT_ASSIGN(panels, constant_panels(planner, b));
    const View out = planner.define(node.output, row_major(shape.size()));
    planner.step([=, from = left.data, to = out.data, rows = count(shape) / n]() -> Result<void> {
      const int64_t most = rows_at_a_time(k);
      for (int64_t r = 0; r < rows; r += most)
        gemm(from.floats() + r * k, k, std::min(most, rows - r), *panels, kNoClip, to.floats() + r * n, n);
      return {};
    });
    return true;
  }
  WEFT_ASSIGN(right, planner.view(b));
  Product product{.a = left.data,
                  .b = right.data,
                  .out = {},
                  .m = as[as.size() - 2],
                  .k = k,
                  .n = n,
                  .batch = front(shape),
                  .a_strides = broadcast_strides(front(as), front(left.strides), front(shape)),
                  .b_strides = broadcast_strides(front(bs), front(right.strides), front(shape)),
                  .b_row = right.strides[bs.size() - 2],
                  .b_column = right.strides.back()};
  product.out = planner.define(node.output, row_major(shape.size())).data;
  auto panels = std::make_shared<Panels>(make_panels(k, n));
  if (!panels->values.good() || !panels->bias.good())
    return fail(ErrorKind::limit, "there is no memory for a product");
  planner.step([product, panels]() -> Result<void> {
    product.run(*panels);
    return {};
  });
  return true;
}

}  // namespace weft::interpreter

#include "frontends/onnx/ops/coupling.hpp"

#include <algorithm>

#include "frontends/onnx/ops/collected.hpp"
#include "frontends/onnx/ops/term.hpp"

namespace weft::onnx {
namespace {

/// What a row is looked for by: p minimises p' Q p, and where all of Q p equal p' Q p, it does.
struct Row {
  ValueId p, qp;  ///< [rows, classes]
  ValueId pqp;    ///< [rows, 1]
};

/// Of q [rows, classes, classes].
Row products(Call& c, ValueId q, ValueId p, const Dims& shape) {
  const ValueId column = reshape(c, p, {shape[0], shape[1], 1});
  const ValueId qp = reshape(c, emit(c, matmul(q, column)), shape);
  return {p, qp, reduce(c, mul(c, p, qp), ReduceKind::sum, {1}, true)};
}

/// One class after the other gets the probability that is best for it.
Row each_class(Call& c, ValueId q, const Row& first, const Dims& shape) {
  c.begin_loop(shape[1]);
  const Row old{c.state(first.p), c.state(first.qp), c.state(first.pqp)};
  if (!c.ok()) return old;
  const expr::Expr class_index = c.loop_index();
  const ValueId row = reshape(c, row_at(c, q, 1, class_index), shape);
  const ValueId own = row_at(c, row, 1, class_index), own_qp = row_at(c, old.qp, 1, class_index);
  const ValueId change = emit(c, (Term(old.pqp) - own_qp) / own);
  const Term whole = Term(change) + 1;
  const ValueId is_it = emit(c, equal(iota({1, shape[1]}, 1), number(c, class_index)));
  const ValueId p = emit(c, (Term(old.p) + select(is_it, change, 0.0)) / whole);
  const ValueId qp = emit(c, (Term(old.qp) + Term(change) * row) / whole);
  const Term grown = Term(old.pqp) + Term(change) * (Term(change) * own + Term(own_qp) * 2);
  c.next(old.p, p);
  c.next(old.qp, qp);
  c.next(old.pqp, emit(c, grown / (whole * whole)));
  c.end_loop();
  return {c.last(old.p), c.last(old.qp), c.last(old.pqp)};
}

}  // namespace

ValueId couple_pairs(Call& c, ValueId pairs, int64_t classes) {
  if (!c.ok()) return kNoValue;
  const Dims shape{c.dims(pairs)[0], classes};
  const Dims cube{shape[0], classes, classes};
  const ValueId other = transpose(c, pairs, {0, 2, 1});
  const ValueId sums = reduce(c, mul(c, pairs, pairs), ReduceKind::sum, {1}, true);
  const Term is_diagonal = equal(iota({1, classes, classes}, 1), iota({1, classes, classes}, 2));
  const ValueId q = emit(c, select(is_diagonal, sums, -(Term(pairs) * other)));
  const double tolerance = 0.005 / static_cast<double>(classes);
  const ValueId start = expand(c, c.scalar(DType::f32, 1 / static_cast<double>(classes)), shape);
  const ValueId go = c.constant(DType::boolean, {}, std::vector<uint8_t>{1});
  c.begin_loop(std::max<int64_t>(100, classes));
  const ValueId p = c.state(start), goes_on = c.state(go);
  c.loop_while(goes_on);
  const Row row = products(c, q, p, shape);
  const ValueId error = reduce(c, emit(c, abs(Term(row.qp) - row.pqp)), ReduceKind::max, {1}, true);
  const ValueId is_far = emit(c, less_equal(tolerance, error));  // the others stay as they are
  const Row better = each_class(c, q, row, shape);
  c.next(p, emit(c, select(is_far, better.p, p)));
  const ValueId far = reduce(c, cast(c, is_far, DType::i32), ReduceKind::max, {0, 1}, false);
  c.next(goes_on, emit(c, less(0, far)));
  c.end_loop();
  return c.last(p);
}

}  // namespace weft::onnx

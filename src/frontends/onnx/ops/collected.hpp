// Rows that a loop reads and writes one after the other.
#pragma once

#include "frontends/onnx/ops/emit.hpp"

namespace weft::onnx {

/// x[…, index, …], with the axis of extent 1. The index is in range whenever this is computed.
ValueId row_at(Call& c, ValueId x, int64_t axis, const expr::Expr& index);

/// What the iterations of the loop that is open make, one beside the other along an axis.
class Collected {
 public:
  /// `data_stops`: it may end before all trips are done; then what is collected ends there.
  Collected(Call& c, const expr::Expr& trips, bool data_stops);

  /// In the loop: the state that collects `row` at `index` of a new axis.
  ValueId add(ValueId row, int64_t axis, const expr::Expr& index);
  /// Behind the loop, where data may stop it and something is collected: how many iterations ran, i64[].
  ValueId count() { return c_.last(counter_); }
  /// Behind the loop: all that the state has collected.
  ValueId result(ValueId state, int64_t axis);

 private:
  Call& c_;
  expr::Expr trips_, room_;
  bool data_stops_;
  ValueId counter_ = kNoValue;  ///< state: how many iterations have run, where data decides
  std::optional<expr::Expr> count_;
};

}  // namespace weft::onnx

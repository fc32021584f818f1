// What attention operators of both domains share. Queries, keys and values are [batch, heads, length, size].
#pragma once

#include "frontends/onnx/ops/emit.hpp"

namespace weft::onnx {

/// [batch, length, heads * size] -> [batch, heads, length, size], and back.
ValueId split_heads(Call& c, ValueId x, int64_t heads);
ValueId join_heads(Call& c, ValueId x);
/// Each head as often as makes `heads` of them, side by side (grouped queries).
ValueId repeat_heads(Call& c, ValueId x, const expr::Expr& heads);
/// q k' * scale; without one, 1 / sqrt(size)
ValueId attention_scores(Call& c, ValueId q, ValueId k, std::optional<double> scale);
/// Softmax along the last axis, in which a row of -inf becomes 0.
ValueId attention_weights(Call& c, ValueId scores);

}  // namespace weft::onnx

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

/// Which keys a query may see.
struct Masking {
  ValueId mask = kNoValue;  ///< of booleans, or numbers that are added; it broadcasts to the scores
  bool causal = false;
  int64_t left = -1, right = -1;  ///< of the sliding window; -1: no bound
  expr::Expr past = 0;            ///< keys before the first query
  ValueId valid_keys = kNoValue;  ///< integers, one a batch: keys that hold something, the queries' own last
};

struct AttentionForm {
  std::optional<double> scale = {};  ///< nothing: 1 / sqrt(size)
  double softcap = 0;                ///< scores become softcap * tanh(score / softcap); 0: they stay
  std::optional<DType> softmax_type = {};
  Masking masking = {};
};

/// The output [batch, heads, queries, size] and what it was computed from.
struct AttentionSteps {
  ValueId scores = kNoValue, capped = kNoValue, masked = kNoValue, weights = kNoValue, output = kNoValue;
};
/// Scaled dot products of queries with keys, a softmax over the keys, the mean of the values with its
/// weights. Keys and values are repeated where there are fewer heads of them than of queries.
AttentionSteps attend(Call& c, ValueId q, ValueId k, ValueId v, const AttentionForm& form);

/// [past, now] along the lengths, where input `input` of the call has a past.
ValueId with_past(Call& c, size_t input, ValueId now);

/// Turns the first 2 * half elements of each head by angles: pairs (i, i + half), or (2i, 2i + 1) when they
/// are interleaved. The cosines and sines have batch * length * half elements, or length * half.
ValueId rotate_heads(Call& c, ValueId x, ValueId cosines, ValueId sines, const expr::Expr& turned,
                     bool interleaved);

}  // namespace weft::onnx

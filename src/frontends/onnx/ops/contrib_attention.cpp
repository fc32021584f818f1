// Attention as com.microsoft has it: Attention, MultiHeadAttention, GroupQueryAttention, RotaryEmbedding.
#include <fmt/format.h>

#include <utility>

#include "frontends/onnx/ops/attention.hpp"
#include "frontends/onnx/ops/converters.hpp"
#include "frontends/onnx/ops/term.hpp"

namespace weft::onnx {
namespace {

/// Part `index` of `count` along an axis, whose extent becomes 1 and goes.
ValueId part_of(Call& c, ValueId x, size_t axis, int64_t index) {
  if (!c.ok()) return kNoValue;
  Dims sizes = c.dims(x), starts = Ints(sizes.size(), 0);
  starts[axis] = index;
  sizes[axis] = 1;
  const ValueId part = slice(c, x, starts, Ints(sizes.size(), 1), sizes);
  sizes.erase(sizes.begin() + static_cast<std::ptrdiff_t>(axis));
  return reshape(c, part, sizes);
}

/// Columns [begin, begin + count) of the last axis.
ValueId columns_of(Call& c, ValueId x, const expr::Expr& begin, const expr::Expr& count) {
  if (!c.ok()) return kNoValue;
  Dims sizes = c.dims(x), starts = Ints(sizes.size(), 0);
  starts.back() = begin;
  sizes.back() = count;
  return slice(c, x, starts, Ints(sizes.size(), 1), sizes);
}

std::optional<double> scale_of(Call& c) {
  const double scale = c.number("scale", 0);
  return scale == 0 ? std::nullopt : std::optional(scale);
}

/// What a mask of ones and zeros adds to scores: nothing, or mask_filter_value. It is [batch] (how many keys
/// are valid), [batch, keys] or [batch, queries, keys].
ValueId padding_bias(Call& c, ValueId mask, const expr::Expr& batch, const expr::Expr& keys) {
  if (!c.ok()) return kNoValue;
  const Dims shape = c.dims(mask);
  Term kept = 0;
  if (shape.size() == 1 && shape[0] == batch) {
    const ValueId lengths = reshape(c, mask, {batch, 1, 1, 1});
    kept = less(iota({1, 1, 1, keys}, 3), convert(lengths, DType::i32));
  } else if (shape.size() == 2 && shape[1] == keys) {
    kept = less(0, reshape(c, mask, {shape[0], 1, 1, keys}));
  } else if (shape.size() == 3 && shape[2] == keys) {
    kept = less(0, reshape(c, mask, {shape[0], 1, shape[1], keys}));
  } else {
    c.unsupported("a mask of the shape " + to_string(shape));
    return kNoValue;
  }
  const ValueId none = c.scalar(DType::f32, 0),
                filter = c.scalar(DType::f32, c.number("mask_filter_value", -10000));
  return emit(c, select(kept, none, filter));
}

ValueId sum_of(Call& c, ValueId a, ValueId b) {
  if (a == kNoValue) return b;
  return b == kNoValue ? a : add(c, a, b);
}

}  // namespace

/// The projections of queries, keys and values, and attention. Output 1 is the state: [2, batch, heads,
/// length, size].
void convert_contrib_attention(Call& c) {
  const ValueId x = c.in(0);
  const ValueId weights = c.in(1);
  const int64_t heads = c.required_integer("num_heads");
  if (!c.ok()) return;
  if (c.rank(x) != 3 || c.rank(weights) != 2) return c.invalid("its input is not of rank 3");
  if (c.integer("do_rotary", 0) != 0) return c.unsupported("do_rotary");
  if (c.integer("past_present_share_buffer", 0) != 0)
    return c.unsupported("past_present_share_buffer: the state grows with each run");
  ValueId all = matrix_product(c, x, weights);
  if (c.has(2)) all = add(c, all, c.in(2));
  if (!c.ok()) return;
  const expr::Expr width = c.dims(all)[2];
  Ints sizes = c.small_integers("qkv_hidden_sizes");
  if (sizes.empty()) {
    if (expr::known_divisor(width) % 3 != 0) return c.invalid("the weights do not divide into three");
    const int64_t third = c.shape(all)[2] / 3;
    sizes = {third, third, third};
  }
  if (sizes.size() != 3 || !(expr::Expr(sizes[0] + sizes[1] + sizes[2]) == width) || sizes[0] != sizes[1])
    return c.invalid("qkv_hidden_sizes does not fit the weights");
  const ValueId q = split_heads(c, columns_of(c, all, 0, sizes[0]), heads);
  ValueId k = split_heads(c, columns_of(c, all, sizes[0], sizes[1]), heads);
  ValueId v = split_heads(c, columns_of(c, all, sizes[0] + sizes[1], sizes[2]), heads);
  AttentionForm form{.scale = scale_of(c), .masking = {.causal = c.integer("unidirectional", 0) != 0}};
  if (c.has(4)) {
    const ValueId past = c.in(4);
    if (c.ok() && c.rank(past) != 5) return c.invalid("the past is not of rank 5");
    if (!c.ok()) return;
    form.masking.past = c.dims(past)[3];
    const ValueId past_k = part_of(c, past, 0, 0);
    const ValueId past_v = part_of(c, past, 0, 1);
    k = concat(c, {past_k, k}, 2);
    v = concat(c, {past_v, v}, 2);
  }
  if (!c.ok()) return;
  if (c.has(3)) form.masking.mask = padding_bias(c, c.in(3), c.dims(x)[0], c.dims(k)[2]);
  if (c.has(5)) form.masking.mask = sum_of(c, form.masking.mask, c.in(5));
  const AttentionSteps steps = attend(c, q, k, v, form);
  c.out(0, join_heads(c, steps.output));
  if (c.wants(1)) c.out(1, stack(c, {k, v}, 0));
}

/// Of queries, keys and values that are apart ([batch, length, hidden]), or packed: [batch, length, heads, 3,
/// size], keys with values [batch, length, heads, 2, size], or keys and values [batch, heads, length, size].
void convert_multi_head_attention(Call& c) {
  ValueId q = c.in(0);
  const int64_t heads = c.required_integer("num_heads");
  ValueId k = kNoValue, v = kNoValue;
  if (!c.ok()) return;
  if (c.has(8) || c.has(9)) return c.unsupported("past_sequence_length and cache_indirection");
  const auto by_heads = [&](ValueId packed, int64_t index) {  // [batch, length, heads, parts, size]
    return transpose(c, part_of(c, packed, 3, index), {0, 2, 1, 3});
  };
  const ValueId bias = c.has(3) ? c.in(3) : kNoValue;
  const auto biased = [&](ValueId x, const expr::Expr& begin) {
    return bias == kNoValue || !c.ok() ? x : add(c, x, columns_of(c, bias, begin, c.dims(x).back()));
  };
  if (c.rank(q) == 5) {
    if (bias != kNoValue) return c.unsupported("a bias of packed operands");
    const ValueId packed = q;
    q = by_heads(packed, 0);
    k = by_heads(packed, 1);
    v = by_heads(packed, 2);
  } else {
    if (!c.has(1)) return c.invalid("it has no keys");
    const ValueId key = c.in(1);
    if (c.rank(q) != 3) return c.invalid("its queries are of rank 3 or 5");
    const expr::Expr hidden = c.dims(q)[2];
    q = split_heads(c, biased(q, 0), heads);
    if (c.rank(key) == 5) {
      if (bias != kNoValue) return c.unsupported("a bias of packed operands");
      k = by_heads(key, 0);
      v = by_heads(key, 1);
    } else if (c.rank(key) == 4) {
      k = key;
      v = c.in(2);
    } else {
      k = split_heads(c, biased(key, hidden), heads);
      v = split_heads(c, biased(c.in(2), hidden + hidden), heads);
    }
  }
  if (!c.ok()) return;
  AttentionForm form{.scale = scale_of(c), .masking = {.causal = c.integer("unidirectional", 0) != 0}};
  if (c.has(6)) form.masking.past = c.dims(c.in(6))[2];
  k = with_past(c, 6, k);
  v = with_past(c, 7, v);
  if (!c.ok()) return;
  if (c.has(4)) form.masking.mask = padding_bias(c, c.in(4), c.dims(q)[0], c.dims(k)[2]);
  if (c.has(5)) form.masking.mask = sum_of(c, form.masking.mask, c.in(5));
  const AttentionSteps steps = attend(c, q, k, v, form);
  c.out(0, join_heads(c, steps.output));
  c.out(1, k);
  c.out(2, v);
  c.out(3, steps.masked);
}

namespace {

/// [batch, heads, length, size] -> the same with each batch's row t that of index at[batch, t].
ValueId gather_lengths(Call& c, ValueId x, const Term& at) {
  const Dims shape = c.dims(x);
  const ValueId turned = transpose(c, x, {0, 2, 1, 3});
  const ValueId rows = reshape(c, turned, {shape[0] * shape[2], shape[1] * shape[3]});
  const ValueId index = emit(c, iota({shape[0], shape[2]}, 0) * number(c, shape[2]) + at);
  const ValueId chosen = emit(c, gather(rows, reshape(c, index, {shape[0] * shape[2]})));
  const ValueId apart = reshape(c, chosen, {shape[0], shape[2], shape[1], shape[3]});
  return transpose(c, apart, {0, 2, 1, 3});
}

}  // namespace

/// Causal attention with a cache of keys and values, fewer heads of them than of queries, rotary positions.
/// The caches that come out are those that came in and the new keys and values. With several batches, the
/// rows of one that is shorter than others (seqlens_k) are valid from the front.
void convert_group_query_attention(Call& c) {
  const int64_t heads = c.required_integer("num_heads"), kv_heads = c.required_integer("kv_num_heads");
  ValueId q = c.in(0);
  if (!c.ok()) return;
  if (c.rank(q) != 3 || heads < 1 || kv_heads < 1) return c.invalid("its queries are not of rank 3");
  if (c.integer("smooth_softmax", 0) != 0 || c.has(11)) return c.unsupported("smooth_softmax and head_sink");
  if (c.integer("qk_output", 0) != 0) return c.unsupported("qk_output");
  ValueId k = kNoValue, v = kNoValue;
  if (c.has(1)) {
    k = split_heads(c, c.in(1), kv_heads);
    v = split_heads(c, c.in(2), kv_heads);
    q = split_heads(c, q, heads);
  } else {
    const int64_t width = c.shape(q)[2], size = width / (heads + 2 * kv_heads);
    if (size < 1 || width % size != 0) return c.invalid("the packed operands do not divide into heads");
    const ValueId packed = q;
    q = split_heads(c, columns_of(c, packed, 0, heads * size), heads);
    k = split_heads(c, columns_of(c, packed, heads * size, kv_heads * size), kv_heads);
    v = split_heads(c, columns_of(c, packed, (heads + kv_heads) * size, kv_heads * size), kv_heads);
  }
  const ValueId lengths = cast(c, c.in(5), DType::i32);  // keys of each batch, less one
  if (!c.ok()) return;
  const expr::Expr batch = c.dims(q)[0], queries = c.dims(q)[2];
  const expr::Expr past = c.has(3) && c.rank(c.in(3)) == 4 ? c.dims(c.in(3))[2] : expr::Expr(0);
  const bool is_even = batch == expr::Expr(1);  // the rows of one batch have one length
  const ValueId column = reshape(c, lengths, {batch, 1});
  // Where each batch's new keys go; a prompt that is padded begins at 0.
  const Term first = is_even ? number(c, past) : maximum(Term(column) + 1 - number(c, queries), 0);
  if (c.integer("do_rotary", 0) != 0) {
    ValueId cosines = c.in(7);
    ValueId sines = c.in(8);
    if (!c.ok() || c.rank(cosines) != 2) return c.invalid("the cache of cosines is not of rank 2");
    const int64_t turned = 2 * c.shape(cosines)[1];
    const ValueId positions =
        c.has(9) ? c.in(9) : emit(c, iota({is_even ? expr::Expr(1) : batch, queries}, 1) + first);
    cosines = emit(c, gather(cosines, positions));
    sines = emit(c, gather(sines, positions));
    const bool interleaved = c.integer("rotary_interleaved", 0) != 0;
    q = rotate_heads(c, q, cosines, sines, turned, interleaved);
    k = rotate_heads(c, k, cosines, sines, turned, interleaved);
  }
  k = with_past(c, 3, k);
  v = with_past(c, 4, v);
  if (!c.ok()) return;
  const int64_t window = c.integer("local_window_size", -1);
  AttentionForm form{.scale = scale_of(c),
                     .softcap = c.number("softcap", 0),
                     .masking = {.causal = true, .left = window > 0 ? window - 1 : -1, .past = past}};
  if (!is_even) {
    const ValueId valid = emit(c, first + number(c, queries));
    form.masking.valid_keys = reshape(c, valid, {batch});
    if (!past.is_constant(0)) {
      const expr::Expr keys = c.dims(k)[2];
      const Term t = iota({batch, keys}, 1);
      const Term behind = t - first + number(c, past);
      const Term after = minimum(behind, number(c, keys - 1));
      const ValueId at = emit(c, select(less(t, first), t, after));
      const ValueId is_valid = reshape(c, emit(c, less(t, valid)), {batch, 1, keys, 1});
      k = gather_lengths(c, k, at);
      v = gather_lengths(c, v, at);
      k = emit(c, select(is_valid, k, 0));
      v = emit(c, select(is_valid, v, 0));
    }
  }
  if (c.has(10)) form.masking.mask = c.in(10);
  const AttentionSteps steps = attend(c, q, k, v, form);
  c.out(0, join_heads(c, steps.output));
  c.out(1, k);
  c.out(2, v);
}

/// Rotary positions: position_ids are [batch, length], or the first position of all.
void convert_contrib_rotary_embedding(Call& c) {
  const ValueId given = c.in(0);
  ValueId positions = c.in(1);
  ValueId cosines = c.in(2);
  ValueId sines = c.in(3);
  if (!c.ok()) return;
  if (c.integer("is_packed_batching", 0) != 0) return c.unsupported("is_packed_batching");
  if (c.rank(cosines) != 2) return c.invalid("the cache of cosines is not of rank 2");
  const int64_t turned = 2 * c.shape(cosines)[1];
  ValueId x = given;
  const bool is_flat = c.rank(given) == 3;
  if (is_flat) {
    int64_t heads = c.integer("num_heads", 0);
    if (heads == 0) heads = turned > 0 ? c.shape(given)[2] / turned : 0;
    x = split_heads(c, given, heads);
  }
  if (!c.ok() || c.rank(x) != 4) return c.invalid("its input is of rank 3 or 4");
  if (c.rank(positions) < 2) {
    const ValueId first = reshape(c, positions, {1, 1});
    positions = emit(c, iota({1, c.dims(x)[2]}, 1, c.dtype(first)) + first);
  }
  cosines = emit(c, gather(cosines, positions));
  sines = emit(c, gather(sines, positions));
  const ValueId y = rotate_heads(c, x, cosines, sines, turned, c.integer("interleaved", 0) != 0);
  const double scale = c.number("scale", 1);
  const ValueId scaled = scale == 1 ? y : mul(c, y, scale);
  c.out(0, is_flat ? join_heads(c, scaled) : scaled);
}

}  // namespace weft::onnx

// SequenceMap and FlexAttention: nodes with graphs of their own that run in place.
#include "frontends/onnx/ops/attention.hpp"
#include "frontends/onnx/ops/converters.hpp"

namespace weft::onnx {

/// Its body for each tensor of the first sequence, with those at the same place in the others.
void convert_sequence_map(Call& c) {
  const GraphProto* body = c.graph("body");
  const std::vector<ValueId> first = c.sequence(0);
  if (!c.ok()) return;
  std::vector<Item> results(body->outputs.size(), Item{kNoValue, std::vector<ValueId>()});
  for (size_t i = 0; i < first.size() && c.ok(); ++i) {
    std::vector<Item> arguments;
    for (size_t k = 0; k < c.input_count(); ++k) {
      Item item = c.item(k);
      if (item.sequence) {
        if (i >= item.sequence->size()) return c.invalid("its sequences differ in length");
        item = {(*item.sequence)[i]};
      }
      arguments.push_back(std::move(item));
    }
    const std::vector<Item> made = c.inlined(*body, arguments);
    for (size_t k = 0; k < made.size(); ++k) results[k].sequence->push_back(made[k].value);
  }
  for (size_t k = 0; k < results.size(); ++k) c.out(k, results[k]);
}

/// Attention whose scores and weights pass through graphs of the node.
void convert_flex_attention(Call& c) {
  const ValueId q = c.in(0);
  const ValueId k = c.in(1);
  const ValueId v = c.in(2);
  if (!c.ok()) return;
  if (c.rank(q) != 4 || c.rank(k) != 4 || c.rank(v) != 4) return c.invalid("its operands are of rank 4");
  const expr::Expr heads = c.dims(q)[1];
  const auto scale = c.has_attribute("scale") ? std::optional(c.number("scale", 1)) : std::nullopt;
  const ValueId keys = repeat_heads(c, k, heads);
  const ValueId values = repeat_heads(c, v, heads);
  ValueId scores = attention_scores(c, q, keys, scale);
  if (!c.ok()) return;
  const auto precision = static_cast<int32_t>(c.integer("softmax_precision", 0));
  DType computed = byte_size(c.dtype(q)) < 4 ? DType::f32 : c.dtype(q);
  if (precision != 0 && dtype_of(precision)) computed = *dtype_of(precision);
  const auto modified = [&](std::string_view name, ValueId x) {
    if (!c.has_attribute(name) || !c.ok()) return x;
    const std::vector<Item> results = c.inlined(*c.graph(name), {Item{x}});
    if (c.ok() && (results.size() != 1 || results[0].value == kNoValue))
      c.invalid("a graph of it has not one result");
    return c.ok() ? cast(c, results[0].value, computed) : kNoValue;
  };
  scores = modified("score_mod", cast(c, scores, computed));
  ValueId weights = attention_weights(c, scores);
  weights = modified("prob_mod", weights);
  const ValueId wide = cast(c, values, computed);
  const ValueId y = c.emit(Op::matmul, {weights, wide});
  c.out(0, cast(c, y, c.dtype(v)));
}

}  // namespace weft::onnx

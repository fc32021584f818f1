// If, Loop, Scan, SequenceMap and FlexAttention: nodes with graphs of their own, which are written out in
// place.
//
// A branch on data computes both sides and selects; a loop is written out as often as it runs at most, and
// goes on with the states it had once its condition is false.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "frontends/onnx/ops/attention.hpp"
#include "frontends/onnx/ops/converters.hpp"
#include "frontends/onnx/ops/term.hpp"

namespace weft::onnx {
namespace {

/// A truth that is known at import.
std::optional<bool> known_truth(Call& c, ValueId value) {
  if (!c.ok() || !c.is_known(value)) return std::nullopt;
  const Ints values = c.known_integers(value, "the condition");
  if (values.size() == 1) return values[0] != 0;
  c.invalid("a condition is not one truth value");
  return std::nullopt;
}

/// `condition` (boolean[]) ? a : b, for tensors of one shape and sequences of one length.
Item chosen(Call& c, ValueId condition, const Item& a, const Item& b, std::string_view what) {
  if (!c.ok()) return {};
  const auto differ = [&] {
    c.unsupported(fmt::format("{} differ in shape, and which one it is depends on data", what));
    return Item{};
  };
  const auto pick = [&](ValueId x, ValueId y) {
    if (x == y || !c.ok()) return x;
    if (c.dims(x) != c.dims(y) || c.dtype(x) != c.dtype(y)) {
      differ();
      return kNoValue;
    }
    return select(c, condition, x, y);
  };
  if (a.sequence && b.sequence) {
    if (a.sequence->size() != b.sequence->size()) return differ();
    Item result{kNoValue, std::vector<ValueId>()};
    for (size_t i = 0; i < a.sequence->size(); ++i)
      result.sequence->push_back(pick((*a.sequence)[i], (*b.sequence)[i]));
    return result;
  }
  if (a.is_nothing() && b.is_nothing()) return a;
  if (a.value == kNoValue || b.value == kNoValue) return differ();
  return {pick(a.value, b.value)};
}

constexpr int64_t kMaxTrips = 4096;

}  // namespace

void convert_if(Call& c) {
  const ValueId given = c.in(0);
  const GraphProto* then_branch = c.graph("then_branch");
  const GraphProto* else_branch = c.graph("else_branch");
  if (!c.ok()) return;
  const std::optional<bool> known = known_truth(c, given);
  std::vector<Item> results;
  if (known) {
    results = c.inlined(*known ? *then_branch : *else_branch, {});
  } else {
    const ValueId condition = reshape(c, given, {});
    const std::vector<Item> a = c.inlined(*then_branch, {}), b = c.inlined(*else_branch, {});
    if (c.ok() && a.size() != b.size()) return c.invalid("its branches differ in their number of outputs");
    for (size_t i = 0; i < std::min(a.size(), b.size()); ++i)
      results.push_back(chosen(c, condition, a[i], b[i], "the results of the branches"));
  }
  for (size_t i = 0; i < results.size(); ++i) c.out(i, results[i]);
}

namespace {

/// How often a Loop runs: up to `most` times, as far as its trip count and its condition let it.
struct Trips {
  int64_t most = 0;
  ValueId count = kNoValue;  ///< i64[]: the trip count, where data decides it
  bool is_bounded = false;   ///< whether it might go on after `most`: then that is an error
  std::vector<ValueId> ran;  ///< boolean[] of each iteration: whether it counts; kNoValue: it does

  /// Whether iteration i counts when those before it left the condition `active`.
  ValueId runs(Call& c, int64_t i, ValueId active) const {
    if (count == kNoValue || !c.ok()) return active;
    const ValueId step = reshape(c, c.vector({i}), {});
    const ValueId below = c.emit(Op::less, {step, count});
    return active == kNoValue ? below : c.emit(Op::logical_and, {below, active});
  }
  bool is_open() const {
    return std::ranges::any_of(ran, [](ValueId flag) { return flag != kNoValue; });
  }
};

constexpr std::string_view kIterations = "the number of iterations";

/// `by_condition`: whether nothing but the condition, which data decides, may end it.
Trips trips_of(Call& c, bool by_condition) {
  Trips trips;
  const ValueId given = c.has(0) ? c.in(0) : kNoValue;
  if (given != kNoValue && c.is_known(given)) {
    const Ints values = c.known_integers(given, "the trip count");
    if (c.ok() && values.size() == 1) trips.most = std::max<int64_t>(values[0], 0);
  } else if (given != kNoValue || by_condition) {
    trips.is_bounded = true;
    trips.most = c.bound(std::string(kIterations)).value_or(0);
    if (given != kNoValue) trips.count = reshape(c, cast(c, given, DType::i64), {});
  } else {
    trips.most = kMaxTrips + 1;  // the condition ends it, as far as is known
  }
  return trips;
}

/// How many iterations counted; `next` says whether one more would.
expr::Expr iterations(Call& c, const Trips& trips, ValueId next) {
  std::vector<ValueId> flags = trips.ran;
  if (trips.is_bounded) flags.push_back(next);
  for (ValueId& flag : flags)
    if (flag == kNoValue) flag = c.constant(DType::boolean, {}, std::vector<uint8_t>{1});
  if (flags.empty()) return 0;
  const ValueId ones = cast(c, stack(c, flags, 0), DType::i32);
  const ValueId count = reduce(c, ones, ReduceKind::sum, {0}, false);
  const auto most = static_cast<int64_t>(trips.ran.size());
  if (!c.ok()) return 0;
  if (!trips.is_bounded) return c.measured(count, most);
  c.check(count, 0, most, std::string(kIterations));
  const ValueId clamped = emit(c, minimum(count, static_cast<int>(most)));
  return c.ok() ? c.measured(clamped, most) : expr::Expr(0);
}

}  // namespace

void convert_loop(Call& c) {
  const GraphProto* body = c.graph("body");
  if (!c.ok()) return;
  std::optional<bool> goes_on = true;  // nullopt: data decides
  ValueId active = kNoValue;           // then: whether the condition holds, boolean[]
  if (c.has(1)) {
    const ValueId condition = c.in(1);
    goes_on = known_truth(c, condition);
    if (!goes_on) active = reshape(c, condition, {});
  }
  std::vector<Item> states;
  for (size_t i = 2; i < c.input_count(); ++i) states.push_back(c.item(i));
  if (body->outputs.size() < states.size() + 1) return c.invalid("its body has too few outputs");
  const size_t scans = body->outputs.size() - states.size() - 1;
  Trips trips = trips_of(c, !goes_on);
  std::vector<std::vector<ValueId>> scanned(scans);
  for (int64_t i = 0; c.ok() && goes_on != false && i < trips.most; ++i) {
    if (!c.has(0) && !goes_on && !trips.is_bounded) {  // what seemed known is decided by data after all
      trips.is_bounded = true;
      trips.most = c.bound(std::string(kIterations)).value_or(0);
      if (i >= trips.most) break;
    }
    if (i >= kMaxTrips)
      return c.unsupported(
          fmt::format("{} iterations, and weft writes out at most {}", trips.most, kMaxTrips));
    const ValueId runs = trips.runs(c, i, active);
    std::vector<Item> arguments;
    arguments.push_back({reshape(c, c.vector({i}), {})});
    arguments.push_back({runs != kNoValue ? runs : c.constant(DType::boolean, {}, std::vector<uint8_t>{1})});
    arguments.insert(arguments.end(), states.begin(), states.end());
    arguments.resize(body->inputs.size());
    std::vector<Item> results = c.inlined(*body, arguments);
    if (!c.ok()) return;
    trips.ran.push_back(runs);
    for (size_t k = 0; k < states.size(); ++k)
      states[k] = runs == kNoValue
                      ? results[k + 1]
                      : chosen(c, runs, results[k + 1], states[k], "the states of two iterations");
    for (size_t k = 0; k < scans; ++k) {
      if (results[states.size() + 1 + k].value == kNoValue) return c.invalid("a scan output is not a tensor");
      scanned[k].push_back(results[states.size() + 1 + k].value);
    }
    const std::optional<bool> known = known_truth(c, results[0].value);
    if (known) {
      goes_on = known;
      if (active == kNoValue || *known) continue;
    }
    goes_on = std::nullopt;
    const ValueId next = reshape(c, results[0].value, {});
    active = active == kNoValue ? next : c.emit(Op::logical_and, {active, next});
  }
  if (!c.ok()) return;
  std::optional<expr::Expr> count;
  if (trips.is_bounded || (scans > 0 && trips.is_open())) {
    const ValueId more = goes_on == false ? c.constant(DType::boolean, {}, std::vector<uint8_t>{0})
                                          : trips.runs(c, trips.most, active);
    count = iterations(c, trips, more);
  }
  for (size_t k = 0; k < states.size(); ++k) c.out(k, states[k]);
  for (size_t k = 0; k < scans && c.ok(); ++k) {
    if (!c.wants(states.size() + k)) continue;
    if (scanned[k].empty()) return c.unsupported("a scan output of no iteration has no shape");
    ValueId all = stack(c, scanned[k], 0);
    if (count && c.ok()) {
      Dims part = c.dims(all);
      part[0] = *count;
      all = slice(c, all, Ints(part.size(), 0), Ints(part.size(), 1), part);
    }
    c.out(states.size() + k, all);
  }
}

namespace {

/// x[…, index, …] without the axis.
ValueId row_of(Call& c, ValueId x, int64_t axis, int64_t index) {
  if (!c.ok()) return kNoValue;
  Ints sizes = c.shape(x), starts(sizes.size(), 0);
  starts[static_cast<size_t>(axis)] = index;
  sizes[static_cast<size_t>(axis)] = 1;
  const ValueId row = slice(c, x, starts, Ints(sizes.size(), 1), sizes);
  sizes.erase(sizes.begin() + axis);
  return reshape(c, row, sizes);
}

struct ScanForm {
  const GraphProto* body;
  size_t states, inputs, outputs;
  Ints input_axes, input_backward, output_axes, output_backward;
};

/// The last states, then the collected outputs.
std::vector<ValueId> run_scan(Call& c, const ScanForm& s, std::vector<ValueId> states,
                              const std::vector<ValueId>& inputs) {
  int64_t trips = -1;
  for (size_t i = 0; i < s.inputs && c.ok(); ++i) {
    const int64_t axis = c.axis(s.input_axes[i], c.rank(inputs[i]));
    if (!c.ok()) return {};
    const int64_t extent = c.shape(inputs[i])[static_cast<size_t>(axis)];
    if (trips >= 0 && extent != trips) c.invalid("its inputs differ in length");
    trips = extent;
  }
  if (trips > kMaxTrips)
    c.unsupported(fmt::format("{} iterations, and weft writes out at most {}", trips, kMaxTrips));
  if (trips < 1) c.unsupported("no iteration: the outputs would have no shape");
  std::vector<std::vector<ValueId>> collected(s.outputs);
  for (int64_t t = 0; t < trips && c.ok(); ++t) {
    std::vector<Item> arguments;
    for (const ValueId state : states) arguments.push_back({state});
    for (size_t i = 0; i < s.inputs; ++i) {
      const int64_t axis = c.axis(s.input_axes[i], c.rank(inputs[i]));
      arguments.push_back({row_of(c, inputs[i], axis, s.input_backward[i] != 0 ? trips - 1 - t : t)});
    }
    const std::vector<Item> results = c.inlined(*s.body, arguments);
    if (!c.ok()) return {};
    for (size_t k = 0; k < s.states; ++k) states[k] = results[k].value;
    for (size_t k = 0; k < s.outputs; ++k) collected[k].push_back(results[s.states + k].value);
  }
  for (size_t k = 0; k < s.outputs && c.ok(); ++k) {
    if (s.output_backward[k] != 0) std::ranges::reverse(collected[k]);
    const int64_t axis = c.axis(s.output_axes[k], c.rank(collected[k][0]) + 1);
    states.push_back(stack(c, collected[k], axis));
  }
  return states;
}

}  // namespace

void convert_scan(Call& c) {
  ScanForm s{};
  s.body = c.graph("body");
  const bool is_batched =
      c.version() < 9;  // then sequence_lens comes first, and every operand has a batch axis
  const size_t first = is_batched ? 1 : 0;
  s.inputs = static_cast<size_t>(std::max<int64_t>(c.required_integer("num_scan_inputs"), 0));
  if (!c.ok()) return;
  if (is_batched && c.has(0)) return c.unsupported("sequence_lens");
  if (c.input_count() < first + s.inputs || s.inputs == 0 || s.body->inputs.size() != c.input_count() - first)
    return c.invalid("its body does not fit its inputs");
  s.states = c.input_count() - first - s.inputs;
  if (s.body->outputs.size() < s.states) return c.invalid("its body has too few outputs");
  s.outputs = s.body->outputs.size() - s.states;
  s.input_axes = c.integers("scan_input_axes", Ints(s.inputs, 0));
  s.input_backward = c.integers(is_batched ? "directions" : "scan_input_directions", Ints(s.inputs, 0));
  s.output_axes = c.integers("scan_output_axes", Ints(s.outputs, 0));
  s.output_backward = c.integers("scan_output_directions", Ints(s.outputs, 0));
  if (s.input_axes.size() != s.inputs || s.input_backward.size() != s.inputs ||
      s.output_axes.size() != s.outputs || s.output_backward.size() != s.outputs)
    return c.invalid("its axes and directions do not fit its inputs and outputs");
  std::vector<ValueId> states, inputs;
  for (size_t i = 0; i < s.states; ++i) states.push_back(c.in(first + i));
  for (size_t i = 0; i < s.inputs; ++i) inputs.push_back(c.in(first + s.states + i));
  if (!c.ok()) return;
  std::vector<ValueId> results;
  if (!is_batched) {
    results = run_scan(c, s, states, inputs);
  } else {
    const int64_t batch = c.shape(inputs[0]).empty() ? 0 : c.shape(inputs[0])[0];
    std::vector<std::vector<ValueId>> rows;
    for (int64_t b = 0; b < batch && c.ok(); ++b) {
      std::vector<ValueId> own_states, own_inputs;
      for (const ValueId state : states) own_states.push_back(row_of(c, state, 0, b));
      for (const ValueId input : inputs) own_inputs.push_back(row_of(c, input, 0, b));
      const std::vector<ValueId> own = run_scan(c, s, own_states, own_inputs);
      rows.resize(own.size());
      for (size_t k = 0; k < own.size(); ++k) rows[k].push_back(own[k]);
    }
    for (const std::vector<ValueId>& row : rows) results.push_back(stack(c, row, 0));
  }
  for (size_t k = 0; k < results.size(); ++k) c.out(k, results[k]);
}

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

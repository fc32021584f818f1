// If, Loop and Scan: nodes with graphs of their own.
//
// A branch on data computes the side that is taken, or both where that costs next to nothing. A loop of few
// iterations is written out, and goes on with the states it had once its condition is false; others are loops
// of the graph.
#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "frontends/onnx/ops/collected.hpp"
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

using Pick = std::function<ValueId(ValueId, ValueId)>;

/// What `pick` makes of two tensors of one type and shape, or of those of two sequences.
Item merged(Call& c, const Pick& pick, const Item& a, const Item& b, std::string_view what) {
  if (!c.ok()) return {};
  const auto differ = [&] {
    c.unsupported(fmt::format("{} differ in shape, and which one it is depends on data", what));
    return Item{};
  };
  const auto one = [&](ValueId x, ValueId y) {
    if (x == y || !c.ok()) return x;
    if (c.dims(x) == c.dims(y) && c.dtype(x) == c.dtype(y)) return pick(x, y);
    differ();
    return kNoValue;
  };
  if (a.sequence && b.sequence) {
    if (a.sequence->size() != b.sequence->size()) return differ();
    Item result{kNoValue, std::vector<ValueId>()};
    for (size_t i = 0; i < a.sequence->size(); ++i)
      result.sequence->push_back(one((*a.sequence)[i], (*b.sequence)[i]));
    return result;
  }
  if (a.is_nothing() && b.is_nothing()) return a;
  if (a.value == kNoValue || b.value == kNoValue) return differ();
  return {one(a.value, b.value)};
}

/// `condition` (boolean[]) ? a : b.
Item chosen(Call& c, ValueId condition, const Item& a, const Item& b, std::string_view what) {
  return merged(c, [&](ValueId x, ValueId y) { return select(c, condition, x, y); }, a, b, what);
}

constexpr int64_t kMaxTrips = 4096;     ///< that are written out where there is no other way
constexpr int64_t kMostWrittenOut = 8;  ///< that are written out anyway
constexpr int64_t kMostCounted = INT32_MAX - 1;

/// A value that two branches make, of which one runs.
struct Joined {
  ValueId first, second;
};

/// Out of a branch: the second of each where it has run, else the first; kNoValue stands for zeros. No value
/// leaves the loop before all are in it, which gather_loops asks for.
std::vector<ValueId> through(Call& c, size_t branch, const std::vector<Joined>& all) {
  std::vector<ValueId> values;
  c.resume_loop(branch);
  for (const auto& [before, made] : all) {
    values.push_back(c.state(before == kNoValue ? c.zeros(c.dtype(made), c.dims(made)) : before));
    c.next(values.back(), made);
  }
  c.end_loop();
  for (ValueId& value : values) value = c.last(value);
  return values;
}

/// Which value it is of each, that of the branch that has run.
std::vector<ValueId> joined(Call& c, const std::vector<Joined>& all, size_t first, size_t second) {
  const auto in_second = [&](const Joined& value) { return c.is_inside(value.second, second); };
  const auto in_first = [&](const Joined& value) {
    return !in_second(value) || c.is_inside(value.first, first);
  };
  std::vector<ValueId> results;
  std::vector<Joined> leaving;
  for (const Joined& value : all) {
    results.push_back(value.first);
    if (in_first(value)) leaving.push_back({in_second(value) ? kNoValue : value.second, value.first});
  }
  size_t next = 0;
  std::vector<ValueId> left = through(c, first, leaving);
  leaving.clear();
  for (size_t i = 0; i < all.size(); ++i) {
    if (in_first(all[i])) results[i] = left[next++];
    if (in_second(all[i])) leaving.push_back({results[i], all[i].second});
  }
  next = 0;
  left = through(c, second, leaving);
  for (size_t i = 0; i < all.size(); ++i)
    if (in_second(all[i])) results[i] = left[next++];
  return results;
}

/// An If on data.
std::vector<Item> branches(Call& c, ValueId condition, const GraphProto& then_branch,
                           const GraphProto& else_branch) {
  const ValueId inverse = emit(c, !Term(condition));
  const size_t nodes = c.node_count(), first = c.loop_count();
  c.begin_loop(1, condition);
  const std::vector<Item> a = c.inlined(then_branch, {});
  c.end_loop();
  const size_t second = c.loop_count();
  c.begin_loop(1, inverse);
  const std::vector<Item> b = c.inlined(else_branch, {});
  c.end_loop();
  if (c.ok() && a.size() != b.size()) c.invalid("its branches differ in their number of outputs");
  if (!c.ok()) return {};
  const bool is_cheap = c.is_cheap_since(nodes);
  if (is_cheap) c.dissolve_loops(first);
  const auto merge = [&](const Pick& pick) {
    std::vector<Item> results;
    for (size_t i = 0; i < a.size(); ++i)
      results.push_back(merged(c, pick, a[i], b[i], "the results of the branches"));
    return results;
  };
  if (is_cheap) return merge([&](ValueId x, ValueId y) { return select(c, condition, x, y); });
  std::vector<Joined> all;
  (void)merge([&](ValueId x, ValueId y) {
    all.push_back({x, y});
    return x;
  });
  const std::vector<ValueId> values = joined(c, all, first, second);
  size_t next = 0;
  return merge([&](ValueId, ValueId) { return values[next++]; });
}

}  // namespace

void convert_if(Call& c) {
  const ValueId given = c.in(0);
  const GraphProto* then_branch = c.graph("then_branch");
  const GraphProto* else_branch = c.graph("else_branch");
  if (!c.ok()) return;
  const std::optional<bool> known = known_truth(c, given);
  const std::vector<Item> results = known ? c.inlined(*known ? *then_branch : *else_branch, {})
                                          : branches(c, reshape(c, given, {}), *then_branch, *else_branch);
  for (size_t i = 0; i < results.size(); ++i) c.out(i, results[i]);
}

namespace {

struct LoopForm {
  const GraphProto* body;
  std::optional<int64_t> trips;      ///< where they are known
  std::optional<expr::Expr> extent;  ///< where they are an extent
  std::optional<bool> goes_on;       ///< the condition before the first iteration; nullopt: data decides
  ValueId condition = kNoValue;      ///< then: boolean[]
  std::vector<Item> states;
  size_t scans = 0;
};

std::optional<LoopForm> read_loop(Call& c) {
  LoopForm form{};
  form.body = c.graph("body");
  if (!c.ok()) return std::nullopt;
  if (c.has(0)) {
    const ValueId count = c.in(0);
    if (c.depends_on_symbols(count)) {
      const Dims values = c.known_extents(count, "the trip count");
      if (c.ok() && values.size() == 1) form.extent = expr::max(values[0], 0);
    } else if (c.is_known(count)) {
      const Ints values = c.known_integers(count, "the trip count");
      if (c.ok() && values.size() == 1) form.trips = std::max<int64_t>(values[0], 0);
    }
  }
  form.goes_on = true;
  if (c.has(1)) {
    form.goes_on = known_truth(c, c.in(1));
    if (!form.goes_on) form.condition = reshape(c, c.in(1), {});
  }
  for (size_t i = 2; i < c.input_count(); ++i) form.states.push_back(c.item(i));
  if (form.body->outputs.size() < form.states.size() + 1) {
    c.invalid("its body has too few outputs");
    return std::nullopt;
  }
  form.scans = form.body->outputs.size() - form.states.size() - 1;
  return form;
}

std::vector<Item> arguments_of(Call& c, const LoopForm& form, ValueId index, ValueId condition,
                               const std::vector<Item>& states) {
  std::vector<Item> arguments;
  arguments.push_back({index});
  arguments.push_back(
      {condition != kNoValue ? condition : c.constant(DType::boolean, {}, std::vector<uint8_t>{1})});
  arguments.insert(arguments.end(), states.begin(), states.end());
  arguments.resize(form.body->inputs.size());
  return arguments;
}

/// How many iterations counted, by a flag (boolean[]) of each; kNoValue: it did.
expr::Expr count_of(Call& c, std::vector<ValueId> flags) {
  for (ValueId& flag : flags)
    if (flag == kNoValue) flag = c.constant(DType::boolean, {}, std::vector<uint8_t>{1});
  const auto most = static_cast<int64_t>(flags.size());
  const ValueId ones = cast(c, stack(c, flags, 0), DType::i32);
  const ValueId count = reduce(c, ones, ReduceKind::sum, {0}, false);
  return c.ok() ? c.measured(count, most) : expr::Expr(0);
}

/// Iteration after iteration, `most` at most.
void write_out(Call& c, const LoopForm& form, int64_t most) {
  std::optional<bool> goes_on = form.goes_on;
  ValueId active = form.condition;  // where data decides: whether this iteration counts
  std::vector<Item> states = form.states;
  std::vector<std::vector<ValueId>> scanned(form.scans);
  std::vector<ValueId> ran;
  for (int64_t i = 0; c.ok() && goes_on != false && (!form.trips || i < *form.trips); ++i) {
    if (i >= most || (!form.trips && !goes_on))
      return c.unsupported(
          form.trips ? fmt::format("{} iterations, and weft writes out at most {}", *form.trips, most)
                     : "how often it runs depends on data, without a bound");
    const ValueId index = reshape(c, c.vector({i}), {});
    const std::vector<Item> results = c.inlined(*form.body, arguments_of(c, form, index, active, states));
    if (!c.ok()) return;
    ran.push_back(active);
    for (size_t k = 0; k < states.size(); ++k)
      states[k] = active == kNoValue
                      ? results[k + 1]
                      : chosen(c, active, results[k + 1], states[k], "the states of two iterations");
    for (size_t k = 0; k < form.scans; ++k) {
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
  if (form.scans > 0 && std::ranges::any_of(ran, [](ValueId flag) { return flag != kNoValue; }))
    count = count_of(c, ran);
  for (size_t k = 0; k < states.size(); ++k) c.out(k, states[k]);
  for (size_t k = 0; k < form.scans && c.ok(); ++k) {
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

constexpr std::string_view kIterations = "the number of iterations";

/// How often a loop of the graph runs at most.
struct Trips {
  expr::Expr most = 0;
  ValueId count = kNoValue;           ///< i64[]: the trip count, where data decides it
  std::optional<int64_t> bound = {};  ///< of what it collects: an error where it would go on after that

  /// The error, behind the loop: `ran` (i64[]) iterations ran, and its condition is now `goes_on` (kNoValue:
  /// true).
  void check(Call& c, ValueId ran, ValueId goes_on) const {
    if (!bound) return;
    ValueId more = count == kNoValue ? kNoValue : c.emit(Op::less, {ran, count});
    if (more == kNoValue) more = goes_on;
    else if (goes_on != kNoValue) more = c.emit(Op::logical_and, {more, goes_on});
    if (more == kNoValue) more = c.constant(DType::boolean, {}, std::vector<uint8_t>{1});
    const ValueId all = c.emit(Op::add, {ran, cast(c, more, DType::i64)});
    if (c.ok()) c.check(all, 0, *bound, std::string(kIterations));
  }
};

/// `collects`: whether it has scan outputs, which need room for all iterations.
Trips trips_of(Call& c, const LoopForm& form, bool collects) {
  Trips trips;
  if (form.extent) {
    trips.most = *form.extent;
    return trips;
  }
  if (!form.trips && c.has(0)) trips.count = cast(c, reshape(c, c.in(0), {}), DType::i64);
  int64_t most = std::min(form.trips.value_or(kMostCounted), kMostCounted);
  if (collects && most == kMostCounted) {
    trips.bound = c.bound(std::string(kIterations));
    most = trips.bound.value_or(0);
  }
  trips.most = most;
  if (trips.count != kNoValue && c.ok())
    trips.most = c.measured(minimum(c, maximum(c, trips.count, 0), static_cast<double>(most)), most);
  return trips;
}

/// A loop of the graph.
void make_loop(Call& c, const LoopForm& form) {
  bool collects = false;
  for (size_t k = 0; k < form.scans; ++k) collects = collects || c.wants(form.states.size() + k);
  const Trips trips = trips_of(c, form, collects);
  if (!c.ok()) return;
  c.begin_loop(trips.most, form.condition);
  const ValueId index = reshape(c, c.vector({c.loop_index()}), {});
  std::vector<Item> states;
  for (const Item& item : form.states) {
    if (item.value == kNoValue) return c.unsupported("a state of a loop is no tensor");
    states.push_back({c.state(item.value)});
  }
  const std::vector<Item> results = c.inlined(*form.body, arguments_of(c, form, index, kNoValue, states));
  if (!c.ok()) return;
  for (size_t k = 0; k < states.size(); ++k) c.next(states[k].value, results[k + 1].value);
  bool data_stops = form.condition != kNoValue || trips.bound;
  ValueId goes_on = kNoValue;  // state: the condition of the next iteration
  if (known_truth(c, results[0].value) != true && c.ok()) {
    data_stops = true;
    ValueId first = form.condition;
    if (first == kNoValue) first = c.constant(DType::boolean, {}, std::vector<uint8_t>{1});
    const ValueId condition = c.state(first);
    c.next(condition, reshape(c, results[0].value, {}));
    c.loop_while(condition);
    goes_on = condition;
  }
  Collected collected(c, trips.most, data_stops);
  std::vector<ValueId> rows;
  for (size_t k = 0; k < form.scans; ++k) {
    const ValueId value = results[states.size() + 1 + k].value;
    if (value == kNoValue) return c.invalid("a scan output is not a tensor");
    rows.push_back(c.wants(states.size() + k) ? collected.add(value, 0, c.loop_index()) : kNoValue);
  }
  c.end_loop();
  if (trips.bound && c.ok())
    trips.check(c, collected.count(), goes_on == kNoValue ? form.condition : c.last(goes_on));
  for (size_t k = 0; k < states.size(); ++k)
    if (c.wants(k)) c.out(k, c.last(states[k].value));
  for (size_t k = 0; k < form.scans; ++k)
    if (rows[k] != kNoValue) c.out(states.size() + k, collected.result(rows[k], 0));
}

}  // namespace

void convert_loop(Call& c) {
  const std::optional<LoopForm> form = read_loop(c);
  if (!form) return;
  const bool is_short = form->goes_on == false || (form->trips && *form->trips <= kMostWrittenOut);
  if (is_short) return write_out(c, *form, kMostWrittenOut);
  // One whose end is known, if it is looked at, is better off written out: its states may be known too.
  const bool may_end = form->goes_on == true && (!c.has(0) || (form->trips && *form->trips > kMaxTrips));
  if (may_end && !c.attempt([&] { write_out(c, *form, kMostWrittenOut); })) return;
  const bool may_write_out =
      (form->trips && *form->trips <= kMaxTrips) || (!c.has(0) && form->goes_on == true);
  if (!may_write_out) return make_loop(c, *form);
  if (c.attempt([&] { make_loop(c, *form); })) write_out(c, *form, kMaxTrips);
}

namespace {

/// x[…, index, …] without the axis.
ValueId row_of(Call& c, ValueId x, int64_t axis, const expr::Expr& index) {
  const ValueId row = row_at(c, x, axis, index);
  if (!c.ok()) return kNoValue;
  Dims sizes = c.dims(x);
  sizes.erase(sizes.begin() + axis);
  return reshape(c, row, sizes);
}

struct ScanForm {
  const GraphProto* body;
  size_t states, inputs, outputs;
  Ints input_axes, input_backward, output_axes, output_backward;
};

/// How many rows its inputs have.
expr::Expr scan_trips(Call& c, const ScanForm& s, const std::vector<ValueId>& inputs) {
  std::optional<expr::Expr> trips;
  for (size_t i = 0; i < s.inputs && c.ok(); ++i) {
    const int64_t axis = c.axis(s.input_axes[i], c.rank(inputs[i]));
    if (!c.ok()) return 0;
    const expr::Expr extent = c.dims(inputs[i])[static_cast<size_t>(axis)];
    if (trips && !(extent == *trips)) c.invalid("its inputs differ in length");
    trips = extent;
  }
  return trips.value_or(expr::Expr(0));
}

std::vector<Item> scan_arguments(Call& c, const ScanForm& s, const std::vector<ValueId>& states,
                                 const std::vector<ValueId>& inputs, const expr::Expr& t,
                                 const expr::Expr& trips) {
  std::vector<Item> arguments;
  for (const ValueId state : states) arguments.push_back({state});
  for (size_t i = 0; i < s.inputs; ++i) {
    const int64_t axis = c.axis(s.input_axes[i], c.rank(inputs[i]));
    arguments.push_back({row_of(c, inputs[i], axis, s.input_backward[i] != 0 ? trips - 1 - t : t)});
  }
  return arguments;
}

std::vector<ValueId> write_out_scan(Call& c, const ScanForm& s, std::vector<ValueId> states,
                                    const std::vector<ValueId>& inputs, int64_t trips) {
  if (trips > kMaxTrips)
    c.unsupported(fmt::format("{} iterations, and weft writes out at most {}", trips, kMaxTrips));
  if (trips < 1) c.unsupported("no iteration: the outputs would have no shape");
  std::vector<std::vector<ValueId>> collected(s.outputs);
  for (int64_t t = 0; t < trips && c.ok(); ++t) {
    const std::vector<Item> results = c.inlined(*s.body, scan_arguments(c, s, states, inputs, t, trips));
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

std::vector<ValueId> make_scan_loop(Call& c, const ScanForm& s, const std::vector<ValueId>& first,
                                    const std::vector<ValueId>& inputs, const expr::Expr& trips) {
  c.begin_loop(trips);
  const expr::Expr t = c.loop_index();
  std::vector<ValueId> states, out;
  for (const ValueId value : first) states.push_back(c.state(value));
  const std::vector<Item> results = c.inlined(*s.body, scan_arguments(c, s, states, inputs, t, trips));
  if (!c.ok()) return {};
  for (size_t k = 0; k < s.states; ++k) c.next(states[k], results[k].value);
  Collected collected(c, trips, false);
  std::vector<ValueId> rows;
  Ints axes;
  for (size_t k = 0; k < s.outputs && c.ok(); ++k) {
    const ValueId row = results[s.states + k].value;
    axes.push_back(c.axis(s.output_axes[k], c.rank(row) + 1));
    rows.push_back(collected.add(row, axes[k], s.output_backward[k] != 0 ? trips - 1 - t : t));
  }
  c.end_loop();
  for (const ValueId state : states) out.push_back(c.last(state));
  for (size_t k = 0; k < rows.size(); ++k) out.push_back(collected.result(rows[k], axes[k]));
  return out;
}

/// The last states, then the collected outputs.
std::vector<ValueId> run_scan(Call& c, const ScanForm& s, const std::vector<ValueId>& states,
                              const std::vector<ValueId>& inputs) {
  const expr::Expr trips = scan_trips(c, s, inputs);
  if (!c.ok()) return {};
  const auto known = trips.as_constant();
  if (known && *known <= kMostWrittenOut) return write_out_scan(c, s, states, inputs, *known);
  std::vector<ValueId> results;
  const auto loop = [&] { results = make_scan_loop(c, s, states, inputs, trips); };
  if (!known || *known > kMaxTrips) loop();
  else if (c.attempt(loop)) results = write_out_scan(c, s, states, inputs, *known);
  return results;
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

}  // namespace weft::onnx

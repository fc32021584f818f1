// RNN, GRU and LSTM: a loop over the steps, or few steps written out. What does not depend on the step before
// is one product for all.
#include <fmt/format.h>

#include <algorithm>

#include "frontends/onnx/ops/collected.hpp"
#include "frontends/onnx/ops/converters.hpp"
#include "frontends/onnx/ops/term.hpp"

namespace weft::onnx {
namespace {

constexpr int64_t kMostWrittenOut = 64;  ///< steps

struct Activation {
  std::string name;
  double alpha, beta;
};

Term activate(Call& c, const Activation& a, const Term& x) {
  const std::string& n = a.name;
  if (n == "tanh") return tanh(x);
  if (n == "sigmoid") return sigmoid(x);
  if (n == "relu") return maximum(x, 0.0);
  if (n == "affine") return x * a.alpha + a.beta;
  if (n == "leakyrelu") return select(less(x, 0.0), x * a.alpha, x);
  if (n == "thresholdedrelu") return select(less(a.alpha, x), x, 0.0);
  if (n == "scaledtanh") return tanh(x * a.beta) * a.alpha;
  if (n == "hardsigmoid") return minimum(maximum(x * a.alpha + a.beta, 0.0), 1.0);
  if (n == "elu") return select(less(x, 0.0), (exp(x) - 1.0) * a.alpha, x);
  if (n == "softsign") return x / (abs(x) + 1.0);
  if (n == "softplus") return log(exp(x) + 1.0);
  c.invalid(fmt::format("the activation \"{}\"", n));
  return x;
}

/// What the three operators share: sizes, operands, and the parts of one direction.
struct Recurrence {
  ValueId x, w, r, bias, lengths, initial;
  expr::Expr length, batch;
  int64_t hidden, directions, gates;
  bool batch_first, backward_only;
  double clip;
  std::vector<Activation> activations;
};

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char ch) { return ch >= 'A' && ch <= 'Z' ? static_cast<char>(ch + 32) : ch; });
  return text;
}

std::optional<Recurrence> read_recurrence(Call& c, int64_t gates, const std::vector<std::string>& defaults) {
  Recurrence n{};
  n.gates = gates;
  n.batch_first = c.integer("layout", 0) != 0;
  n.x = c.in(0);
  n.w = c.in(1);
  n.r = c.in(2);
  if (n.batch_first) n.x = transpose(c, n.x, {1, 0, 2});
  if (!c.ok()) return std::nullopt;
  const Dims x = c.dims(n.x);
  const Ints w = c.shape(n.w), r = c.shape(n.r);
  const std::string direction = lower(c.text("direction", "forward"));
  n.directions = direction == "bidirectional" ? 2 : 1;
  n.backward_only = direction == "reverse";
  if (x.size() != 3 || w.size() != 3 || r.size() != 3 || w[0] != n.directions || r[0] != n.directions ||
      w[1] != r[1] || r[1] != gates * r[2]) {
    c.invalid("the shapes of X, W and R do not fit each other");
    return std::nullopt;
  }
  if (!require_equal(c, x[2], w[2], "the size of an input")) return std::nullopt;
  n.length = x[0];
  n.batch = x[1];
  n.hidden = r[2];
  if (!c.ok()) return std::nullopt;
  n.clip = c.number("clip", 0);
  n.bias = c.has(3) ? c.in(3) : kNoValue;
  n.lengths = c.has(4) ? cast(c, c.in(4), DType::i32) : kNoValue;
  n.initial = c.has(5) ? c.in(5) : kNoValue;
  std::vector<std::string> names = c.texts("activations");
  const std::vector<float> alphas = c.numbers("activation_alpha"), betas = c.numbers("activation_beta");
  size_t alpha = 0, beta = 0;
  for (int64_t d = 0; d < n.directions; ++d)
    for (size_t i = 0; i < defaults.size(); ++i) {
      const size_t at = static_cast<size_t>(d) * defaults.size() + i;
      Activation a{lower(at < names.size() ? names[at] : defaults[i]), 0.01, 0};
      if (a.name == "hardsigmoid") a.alpha = 0.2, a.beta = 0.5;
      if (a.name == "elu" || a.name == "thresholdedrelu" || a.name == "affine" || a.name == "scaledtanh")
        a.alpha = 1;
      if (a.name == "scaledtanh") a.beta = 1;
      const bool has_alpha = a.name != "tanh" && a.name != "sigmoid" && a.name != "relu" &&
                             a.name != "softsign" && a.name != "softplus";
      const bool has_beta = a.name == "hardsigmoid" || a.name == "affine" || a.name == "scaledtanh";
      if (has_alpha && alpha < alphas.size()) a.alpha = static_cast<double>(alphas[alpha++]);
      if (has_beta && beta < betas.size()) a.beta = static_cast<double>(betas[beta++]);
      n.activations.push_back(a);
    }
  return n;
}

/// Rows [from, from + count) of the second axis of one direction: x[d, from:from+count, …].
ValueId part(Call& c, ValueId x, int64_t direction, int64_t from, const expr::Expr& count) {
  if (!c.ok()) return kNoValue;
  Dims sizes = c.dims(x);
  Ints starts(sizes.size(), 0);
  if (sizes.size() < 2) {
    c.invalid("a bias, a state or the peepholes have too few axes");
    return kNoValue;
  }
  starts[0] = direction;
  starts[1] = from;
  sizes[0] = 1;
  sizes[1] = count;
  const ValueId cut = slice(c, x, starts, Ints(sizes.size(), 1), sizes);
  sizes.erase(sizes.begin());
  return reshape(c, cut, sizes);
}

/// A state per direction and batch as given (or zeros): [batch, hidden].
ValueId initial_state(Call& c, const Recurrence& n, ValueId given, int64_t direction) {
  if (given == kNoValue) {
    const ValueId zero = c.scalar(c.dtype(n.x), 0);
    return expand(c, zero, {n.batch, n.hidden});
  }
  if (n.batch_first) given = transpose(c, given, {1, 0, 2});
  return part(c, given, direction, 0, n.batch);
}

Term clipped(const Recurrence& n, const Term& x) {
  return n.clip > 0 ? minimum(maximum(x, -n.clip), n.clip) : x;
}

/// What the steps of one direction share, made once: each step reads the same values.
struct Direction {
  const Activation* activations;
  std::vector<ValueId> recurrent;  ///< R', [hidden, gates * hidden] for each product of a step
  ValueId last_bias;  ///< of the last gate's recurrent product, where it does not join the input's
  std::vector<ValueId> peepholes;
};

using States = std::vector<ValueId>;
/// The states after a step, from the products of its input [batch, gates * hidden] and those before.
using Cell = States (*)(Call& c, const Recurrence& n, const Direction& d, ValueId products,
                        const States& before);

ValueId gate(Call& c, const Recurrence& n, ValueId all, int64_t index) {
  return slice(c, all, {0, index * n.hidden}, {1, 1}, {n.batch, n.hidden});
}

/// `products`: how many gates each product of a step makes, in order.
Direction read_direction(Call& c, const Recurrence& n, int64_t index, const Ints& products) {
  const size_t each = n.activations.size() / static_cast<size_t>(n.directions);
  Direction d{&n.activations[static_cast<size_t>(index) * each], {}, kNoValue, {}};
  int64_t from = 0;
  for (const int64_t gates : products) {
    const ValueId weights = part(c, n.r, index, from * n.hidden, gates * n.hidden);
    d.recurrent.push_back(transpose(c, weights, {1, 0}));
    from += gates;
  }
  if (n.bias != kNoValue && products.size() > 1)
    d.last_bias =
        part(c, n.bias, index, (2 * n.gates - products.back()) * n.hidden, products.back() * n.hidden);
  constexpr int64_t kPeepholes = 3;
  for (int64_t i = 0; i < kPeepholes && n.gates == 4 && c.has(7); ++i)
    d.peepholes.push_back(part(c, c.in(7), index, i * n.hidden, n.hidden));
  return d;
}

/// The products of all inputs of a direction: [length, batch, gates * hidden]. The recurrent bias of the
/// first `joined` rows joins the input's; the others' gates multiply it first.
ValueId input_products(Call& c, const Recurrence& n, int64_t d, int64_t joined) {
  const int64_t rows = n.gates * n.hidden;
  const ValueId weights = part(c, n.w, d, 0, rows);
  const ValueId turned = transpose(c, weights, {1, 0});
  if (!c.ok()) return kNoValue;
  const ValueId flat = reshape(c, n.x, {n.length * n.batch, c.dims(n.x)[2]});
  ValueId products = c.emit(Op::matmul, {flat, turned});
  if (n.bias != kNoValue) {
    const ValueId input_bias = part(c, n.bias, d, 0, rows);
    products = add(c, products, input_bias);
    const ValueId own = part(c, n.bias, d, rows, joined);
    const ValueId all =
        joined == rows ? own : c.emit(Op::pad, {own}, graph::PadAttributes{{0}, {rows - joined}});
    products = add(c, products, all);
  }
  return reshape(c, products, {n.length, n.batch, rows});
}

/// One step at time t, whose inputs' products are these: the states after it, and what comes out. Behind the
/// end of a sequence its state stays, and 0 comes out.
struct Moment {
  States states;
  ValueId output;
};
Moment moment(Call& c, const Recurrence& n, Cell cell, const Direction& shared, ValueId products,
              const States& before, const expr::Expr& t) {
  const ValueId now = row_at(c, products, 0, t);
  const ValueId flat = reshape(c, now, {n.batch, n.gates * n.hidden});
  Moment made{cell(c, n, shared, flat, before), kNoValue};
  if (!c.ok()) return made;
  made.output = made.states[0];
  if (n.lengths == kNoValue) return made;
  const ValueId length = reshape(c, n.lengths, {n.batch, 1});
  const ValueId inside = emit(c, less(number(c, t), length));
  for (size_t k = 0; k < before.size(); ++k)
    made.states[k] = emit(c, select(inside, made.states[k], before[k]));
  made.output = emit(c, select(inside, made.output, 0.0));
  return made;
}

/// What one direction gives: all outputs [length, 1, batch, hidden], where they are wanted, and the last
/// states.
struct Outcome {
  ValueId all = kNoValue;
  States last;
};

Outcome write_out(Call& c, const Recurrence& n, Cell cell, const Direction& shared, ValueId products,
                  const States& first, bool backward) {
  const int64_t steps = *n.length.as_constant();
  States states = first;
  std::vector<ValueId> outputs(static_cast<size_t>(steps), kNoValue);
  for (int64_t i = 0; i < steps && c.ok(); ++i) {
    const int64_t t = backward ? steps - 1 - i : i;
    const Moment made = moment(c, n, cell, shared, products, states, t);
    states = made.states;
    outputs[static_cast<size_t>(t)] = reshape(c, made.output, {1, 1, n.batch, n.hidden});
  }
  return {steps > 0 && c.wants(0) ? concat(c, outputs, 0) : kNoValue, states};
}

Outcome make_loop(Call& c, const Recurrence& n, Cell cell, const Direction& shared, ValueId products,
                  const States& first, bool backward) {
  c.begin_loop(n.length);
  const expr::Expr t = backward ? n.length - 1 - c.loop_index() : c.loop_index();
  States states;
  for (const ValueId state : first) states.push_back(c.state(state));
  const Moment made = moment(c, n, cell, shared, products, states, t);
  for (size_t k = 0; k < states.size() && c.ok(); ++k) c.next(states[k], made.states[k]);
  Collected collected(c, n.length, false);
  const ValueId output = reshape(c, made.output, {1, n.batch, n.hidden});
  const ValueId all = c.wants(0) ? collected.add(output, 0, t) : kNoValue;
  c.end_loop();
  Outcome out;
  if (all != kNoValue) out.all = collected.result(all, 0);
  for (const ValueId state : states) out.last.push_back(c.last(state));
  return out;
}

/// Runs all directions; Y [length, directions, batch, hidden] and the last states. The recurrent bias of the
/// first of `recurrent_gates` joins the input's.
void run(Call& c, const Recurrence& n, Cell cell, const std::vector<ValueId>& given,
         const Ints& recurrent_gates) {
  std::vector<ValueId> sequences;
  std::vector<std::vector<ValueId>> last(given.size());
  const auto steps = n.length.as_constant();
  const bool is_short = steps && *steps <= kMostWrittenOut;
  for (int64_t d = 0; d < n.directions && c.ok(); ++d) {
    const bool backward = n.backward_only || d == 1;
    const ValueId products = input_products(c, n, d, recurrent_gates[0] * n.hidden);
    const Direction shared = read_direction(c, n, d, recurrent_gates);
    States first;
    for (const ValueId state : given) first.push_back(initial_state(c, n, state, d));
    const auto made = is_short ? write_out : make_loop;
    const Outcome out = made(c, n, cell, shared, products, first, backward);
    if (out.all != kNoValue) sequences.push_back(out.all);
    for (size_t k = 0; k < out.last.size(); ++k)
      last[k].push_back(reshape(c, out.last[k], {1, n.batch, n.hidden}));
  }
  if (!c.ok()) return;
  if (!sequences.empty()) {
    const ValueId y = concat(c, sequences, 1);
    c.out(0, n.batch_first ? transpose(c, y, {2, 0, 1, 3}) : y);
  }
  for (size_t k = 0; k < last.size(); ++k) {
    if (!c.wants(k + 1)) continue;
    const ValueId state = concat(c, last[k], 0);
    c.out(k + 1, n.batch_first ? transpose(c, state, {1, 0, 2}) : state);
  }
}

States rnn_cell(Call& c, const Recurrence& n, const Direction& d, ValueId products, const States& before) {
  const ValueId recurrent = c.emit(Op::matmul, {before[0], d.recurrent[0]});
  return {emit(c, activate(c, d.activations[0], clipped(n, Term(products) + recurrent)))};
}

/// Gates z, r, h. linear_before_reset multiplies the recurrent product with its bias instead of the state.
States gru_cell(Call& c, const Recurrence& n, const Direction& d, ValueId products, const States& before) {
  const Activation &f = d.activations[0], &g = d.activations[1];
  const ValueId h = before[0];
  const ValueId recurrent = c.emit(Op::matmul, {h, d.recurrent[0]});
  const ValueId xz = gate(c, n, products, 0), xr = gate(c, n, products, 1), xh = gate(c, n, products, 2);
  const ValueId hz = gate(c, n, recurrent, 0), hr = gate(c, n, recurrent, 1);
  const ValueId z = emit(c, activate(c, f, clipped(n, Term(xz) + hz)));
  const ValueId r = emit(c, activate(c, f, clipped(n, Term(xr) + hr)));
  Term candidate = 0;
  if (c.integer("linear_before_reset", 0) != 0) {
    ValueId hh = c.emit(Op::matmul, {h, d.recurrent[1]});
    if (d.last_bias != kNoValue) hh = add(c, hh, d.last_bias);
    candidate = Term(xh) + Term(r) * hh;
  } else {
    const ValueId reset = mul(c, r, h);
    ValueId hh = c.emit(Op::matmul, {reset, d.recurrent[1]});
    if (d.last_bias != kNoValue) hh = add(c, hh, d.last_bias);
    candidate = Term(xh) + hh;
  }
  const ValueId fresh = emit(c, activate(c, g, clipped(n, candidate)));
  return {emit(c, (1.0 - Term(z)) * fresh + Term(z) * h)};
}

/// Gates i, o, f, c; peepholes i, o, f.
States lstm_cell(Call& c, const Recurrence& n, const Direction& d, ValueId products, const States& before) {
  const Activation* a = d.activations;
  const ValueId recurrent = c.emit(Op::matmul, {before[0], d.recurrent[0]});
  const ValueId all = add(c, products, recurrent);
  const ValueId i = gate(c, n, all, 0), o = gate(c, n, all, 1), f = gate(c, n, all, 2),
                k = gate(c, n, all, 3);
  const auto peephole = [&](const Term& x, ValueId state, size_t index) {
    return d.peepholes.empty() ? x : x + Term(d.peepholes[index]) * state;
  };
  const ValueId cell = before[1];
  const Term fresh = activate(c, a[1], clipped(n, k));
  const ValueId input = emit(c, activate(c, a[0], clipped(n, peephole(i, cell, 0))));
  Term kept = 1.0 - Term(input);
  if (c.integer("input_forget", 0) == 0) kept = activate(c, a[0], clipped(n, peephole(f, cell, 2)));
  const ValueId next = emit(c, kept * cell + Term(input) * fresh);
  const Term output = activate(c, a[0], clipped(n, peephole(o, next, 1)));
  return {emit(c, output * activate(c, a[2], next)), next};
}

}  // namespace

void convert_rnn(Call& c) {
  if (const auto n = read_recurrence(c, 1, {"tanh"})) run(c, *n, rnn_cell, {n->initial}, {1});
}
void convert_gru(Call& c) {
  if (const auto n = read_recurrence(c, 3, {"sigmoid", "tanh"})) run(c, *n, gru_cell, {n->initial}, {2, 1});
}
void convert_lstm(Call& c) {
  const auto n = read_recurrence(c, 4, {"sigmoid", "tanh", "tanh"});
  if (n) run(c, *n, lstm_cell, {n->initial, c.has(6) ? c.in(6) : kNoValue}, {4});
}

}  // namespace weft::onnx

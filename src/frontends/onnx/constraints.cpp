#include "frontends/onnx/constraints.hpp"

#include <algorithm>
#include <numeric>

#include "expr/exhaustive.hpp"

namespace weft::onnx {
namespace {

using expr::Expr;
using expr::Kind;

constexpr int64_t kMaxTried = int64_t{1} << 16;  ///< values of a symbol that are tried one by one

int64_t floor_quotient(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

/// first, first + step, … first + (count - 1) * step, where first is a multiple of the step.
struct Run {
  int64_t first = 0, step = 1, count = 0;
};

/// The multiples of a step from low to high.
Run multiples(int64_t low, int64_t high, int64_t step) {
  const int64_t first = -floor_quotient(-low, step), last = floor_quotient(high, step);
  return {first * step, step, std::max<int64_t>(0, last - first + 1)};
}

/// The longest among those that `holds` (of low, low + 1 …) allows; of equally long ones the first, in the
/// smallest steps.
Run longest_run(const std::vector<bool>& holds, int64_t low) {
  const auto size = static_cast<int64_t>(holds.size());
  Run best;
  for (int64_t step = 1; step <= size; ++step) {
    const Run all = multiples(low, low + size - 1, step);
    if (all.count <= best.count) continue;
    Run run{all.first, step, 0};
    for (int64_t i = 0; i < all.count; ++i) {
      const int64_t value = all.first + i * step;
      if (!holds[static_cast<size_t>(value - low)]) run = {value + step, step, 0};
      else if (++run.count > best.count) best = run;
    }
  }
  return best;
}

Narrowing narrowed(const expr::Variable& symbol, const Run& run) {
  Narrowing out;
  out.excluded = run.count == 0;
  if (run.count == 0) return out;
  if (run.count == 1) {
    out.values.emplace(symbol.name, run.first);
    return out;
  }
  const int64_t first = run.first / run.step;
  const expr::Variable steps{symbol.name, {first, first + run.count - 1}, 1};
  out.values.emplace(symbol.name, expr::variable(steps.name, steps.range) * run.step);
  out.declared.push_back(steps);
  return out;
}

class Solver {
 public:
  Solver(const Symbols& symbols, const std::vector<std::string>& order) : symbols_(symbols), order_(order) {}

  std::optional<Narrowing> solve(const Expr& condition) const {
    const std::set<std::string> names = expr::variables(condition);
    for (const std::string& name : names)
      if (place(name) == order_.size()) return std::nullopt;
    if (names.size() == 1)
      if (auto found = of_one(condition, symbols_.at(*names.begin()))) return found;
    const auto& operands = condition.node().operands;
    switch (condition.kind()) {
      case Kind::logical_and:
        for (const Expr& operand : operands)
          if (!expr::always(operand)) return solve(operand);
        return std::nullopt;
      case Kind::logical_or:
        for (const Expr& operand : operands)
          if (expr::prove(operand) == std::nullopt)
            if (auto found = solve(operand)) return found;
        return std::nullopt;
      case Kind::less: return at_least(operands[1] - operands[0] - 1);
      case Kind::less_equal: return at_least(operands[1] - operands[0]);
      case Kind::equal: return are_equal(operands[0], operands[1]);
      default: return std::nullopt;
    }
  }

 private:
  size_t place(const std::string& name) const {
    return static_cast<size_t>(std::ranges::find(order_, name) - order_.begin());
  }

  /// By trying all values.
  static std::optional<Narrowing> of_one(const Expr& condition, const expr::Variable& symbol) {
    const int64_t low = *symbol.range.min, high = *symbol.range.max;
    if (high - low >= kMaxTried || !expr::is_total(condition)) return std::nullopt;
    std::vector<bool> holds;
    std::map<std::string, int64_t, std::less<>> values;
    for (int64_t value = low; value <= high; ++value) {
      values.insert_or_assign(symbol.name, value);
      holds.push_back(expr::evaluate(condition, values) != 0);
    }
    const Run run = longest_run(holds, low);
    if (run.count == high - low + 1) return std::nullopt;  // it holds, though nothing proves it
    return narrowed(symbol, run);
  }

  const expr::Variable* variable_of(const Expr& atom) const {
    return atom.kind() == Kind::variable ? &symbols_.at(atom.node().variable.name) : nullptr;
  }

  /// e >= 0, for coefficient * symbol + constant.
  std::optional<Narrowing> at_least(const Expr& e) const {
    const expr::Linear l = expr::linear(e);
    if (l.terms.size() != 1) return std::nullopt;
    const expr::Variable* symbol = variable_of(l.terms[0].atom);
    if (symbol == nullptr) return std::nullopt;
    int64_t low = *symbol->range.min, high = *symbol->range.max;
    const int64_t k = l.terms[0].coefficient;
    if (k > 0) low = std::max(low, -floor_quotient(l.constant, k));
    else high = std::min(high, floor_quotient(l.constant, -k));
    return narrowed(*symbol, multiples(low, high, 1));
  }

  std::optional<Narrowing> are_equal(const Expr& a, const Expr& b) const {
    for (const auto& [e, value] : {std::pair(a, b), std::pair(b, a)})
      if (e.kind() == Kind::mod && value.is_constant(0))
        return divides(e.node().operands[1], e.node().operands[0]);
    for (const Expr& e : {a, b})
      if (const Expr* quotient = find_quotient(e))
        return divides(quotient->node().operands[1], quotient->node().operands[0]);
    const expr::Linear l = expr::linear(a - b);
    if (l.terms.size() == 1) return equals(l);
    return eliminate(l);
  }

  /// coefficient * symbol + constant = 0
  std::optional<Narrowing> equals(const expr::Linear& l) const {
    const expr::Variable* symbol = variable_of(l.terms[0].atom);
    if (symbol == nullptr) return std::nullopt;
    const int64_t k = l.terms[0].coefficient, value = -l.constant / k;
    const bool holds = value * k == -l.constant && value >= *symbol->range.min && value <= *symbol->range.max;
    return narrowed(*symbol, {value, 1, holds ? 1 : 0});
  }

  /// x / n: of x that are multiples of n it is linear.
  static const Expr* find_quotient(const Expr& e) {
    const expr::Node& n = e.node();
    if (n.kind == Kind::floor_div && n.operands[1].as_constant()) return &e;
    if (n.kind != Kind::sum && n.kind != Kind::product) return nullptr;
    for (const Expr& operand : n.operands)
      if (const Expr* found = find_quotient(operand)) return found;
    for (const expr::Term& term : n.terms)
      if (const Expr* found = find_quotient(term.atom)) return found;
    return nullptr;
  }

  /// The divisor divides a product of symbols: the one that keeps most values takes what the others lack.
  std::optional<Narrowing> divides(const Expr& divisor, const Expr& e) const {
    const auto m = divisor.as_constant();
    const expr::Linear l = expr::linear(e);
    if (!m || l.constant % *m != 0) return std::nullopt;
    const Expr* rest = nullptr;
    int64_t lacking = 1;
    for (const expr::Term& term : l.terms) {
      if (expr::known_divisor(Expr(term.coefficient) * term.atom) % *m == 0) continue;
      if (rest != nullptr) return std::nullopt;
      rest = &term.atom;
      lacking = *m / std::gcd(*m, term.coefficient);
    }
    if (rest == nullptr) return std::nullopt;
    const bool is_product = rest->kind() == Kind::product;
    std::optional<Narrowing> best;
    int64_t most = 0;
    for (const Expr& factor : is_product ? rest->node().operands : std::vector{*rest}) {
      const expr::Variable* symbol = variable_of(factor);
      if (symbol == nullptr) continue;
      const Run run = multiples(*symbol->range.min, *symbol->range.max, lacking);
      if (best && run.count < most) continue;
      most = run.count;
      best = narrowed(*symbol, run);
    }
    if (best && best->excluded && is_product) return std::nullopt;  // together they may have the divisor
    return best;
  }

  /// A sum of symbols is 0: one of them is what the others make it.
  std::optional<Narrowing> eliminate(const expr::Linear& l) const {
    for (const expr::Term& term : l.terms)
      if (variable_of(term.atom) == nullptr) return std::nullopt;
    const auto rank = [&](const expr::Term& term) {  // a sum of the others before a difference
      const bool is_alone = std::ranges::all_of(l.terms, [&](const expr::Term& other) {
        return &other == &term || (other.coefficient < 0) != (term.coefficient < 0);
      });
      return std::pair(is_alone, place(term.atom.node().variable.name));
    };
    const expr::Term* chosen = nullptr;
    for (const expr::Term& term : l.terms) {
      const int64_t k = term.coefficient;
      const bool is_whole = l.constant % k == 0 && std::ranges::all_of(l.terms, [k](const expr::Term& other) {
                              return other.coefficient % k == 0;
                            });
      if (is_whole && (chosen == nullptr || rank(term) > rank(*chosen))) chosen = &term;
    }
    if (chosen == nullptr) return two_multiples(l);
    expr::Linear value{-l.constant / chosen->coefficient, {}};
    for (const expr::Term& term : l.terms)
      if (&term != chosen) value.terms.push_back({-term.coefficient / chosen->coefficient, term.atom});
    return replaced(*variable_of(chosen->atom), value);
  }

  /// a * x = b * y + c: x is a multiple of b / gcd(a, b), where c is.
  std::optional<Narrowing> two_multiples(const expr::Linear& l) const {
    if (l.terms.size() != 2) return std::nullopt;
    const int64_t b = std::abs(l.terms[1].coefficient);
    return divides(b, Expr(l.terms[0].coefficient) * l.terms[0].atom + l.constant);
  }

  /// The symbol by its value; one symbol that this depends on stays within what both allow.
  Narrowing replaced(const expr::Variable& symbol, const expr::Linear& value) const {
    Narrowing out;
    if (value.terms.size() > 1) {
      out.values.emplace(symbol.name, expr::from_linear(value));
      return out;
    }
    const expr::Variable& kept = *variable_of(value.terms[0].atom);
    const int64_t k = value.terms[0].coefficient;
    int64_t low = *kept.range.min, high = *kept.range.max;
    int64_t from = *symbol.range.min - value.constant, to = *symbol.range.max - value.constant;
    if (k < 0) std::tie(from, to) = std::pair(-to, -from);
    low = std::max(low, -floor_quotient(-from, std::abs(k)));
    high = std::min(high, floor_quotient(to, std::abs(k)));
    out = narrowed(kept, multiples(low, high, 1));
    if (out.excluded) return out;
    out.values.emplace(symbol.name, expr::substitute(expr::from_linear(value), out.values));
    return out;
  }

  const Symbols& symbols_;
  const std::vector<std::string>& order_;
};

}  // namespace

std::optional<Narrowing> narrow(const Expr& condition, const Symbols& symbols,
                                const std::vector<std::string>& order) {
  return Solver(symbols, order).solve(condition);
}

}  // namespace weft::onnx

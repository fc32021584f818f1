#include "expr/exhaustive.hpp"

#include <algorithm>

namespace weft::expr {
namespace {

using Values = std::map<std::string, int64_t, std::less<>>;

void collect(const Expr& e, std::map<std::string, Variable>& variables) {
  const Node& n = e.node();
  if (n.kind == Kind::variable) variables.emplace(n.variable.name, n.variable);
  for (const Expr& operand : n.operands) collect(operand, variables);
  for (const Term& term : n.terms) collect(term.atom, variables);
}

/// The next combination, the last variable first; false after the last one.
bool advance(Values& values, const std::map<std::string, Variable>& variables) {
  for (auto it = variables.rbegin(); it != variables.rend(); ++it) {
    int64_t& value = values[it->first];
    if (++value <= *it->second.range.max) return true;
    value = *it->second.range.min;
  }
  return false;
}

bool is_possible(const Values& values, const std::map<std::string, Variable>& variables) {
  return std::ranges::all_of(
      variables, [&](const auto& entry) { return values.at(entry.first) % entry.second.multiple_of == 0; });
}

}  // namespace

bool is_total(const Expr& e) {
  const Node& n = e.node();
  const bool divides = n.kind == Kind::floor_div || n.kind == Kind::mod;
  if (divides && bounds(n.operands[1]).min.value_or(0) < 1) return false;
  return std::ranges::all_of(n.operands, is_total) &&
         std::ranges::all_of(n.terms, [](const Term& term) { return is_total(term.atom); });
}

std::optional<Interval> exhaustive_bounds(const Expr& e, int64_t most) {
  std::map<std::string, Variable> variables;
  collect(e, variables);
  Values values;
  int64_t left = most;
  for (const auto& [name, variable] : variables) {
    const auto [low, high] = variable.range;
    if (!low || !high || *high < *low || *high - *low >= left) return std::nullopt;
    left /= *high - *low + 1;
    values.emplace(name, *low);
  }
  if (!is_total(e)) return std::nullopt;
  Interval found;
  do {
    if (!is_possible(values, variables)) continue;
    const int64_t value = evaluate(e, values);
    found.min = std::min(found.min.value_or(value), value);
    found.max = std::max(found.max.value_or(value), value);
  } while (advance(values, variables));
  if (!found.min) return std::nullopt;
  return found;
}

}  // namespace weft::expr

#include "frontends/onnx/dimensions.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace weft::onnx {

using expr::Expr;

std::string symbol_name(std::string_view kind, std::string_view of, const Symbols& others) {
  std::string name(of);
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  name = fmt::format("{}.{}", kind, name);
  while (others.contains(name)) name += "_";
  return name;
}

std::string describe(const ExtentRange& range) {
  if (range.is_one()) return fmt::to_string(range.min);
  return range.step == 1 ? fmt::format("{}..{}", range.min, range.max)
                         : fmt::format("{}..{}:{}", range.min, range.max, range.step);
}

const Expr& Dimensions::extent(const std::string& key, std::string_view what, std::string_view name,
                               const ExtentRange& range) {
  const auto [known, added] = keys_.emplace(key, entries_.size());
  if (added) {
    // A symbol counts steps: quotients of the extent by a divisor of the step are linear in it.
    const expr::Variable symbol{
        symbol_name("dim", name, named_), {range.min / range.step, range.max / range.step}, 1};
    named_.emplace(symbol.name, symbol);
    symbols_.emplace(symbol.name, symbol);
    order_.push_back(symbol.name);
    entries_.push_back({std::string(what),
                        symbol.name,
                        std::string(name),
                        range,
                        expr::variable(symbol.name, symbol.range) * range.step,
                        {}});
  }
  return entries_[known->second].extent;
}

/// The extent as the user may pass it.
std::string Dimensions::now(const Entry& entry) const {
  const expr::Interval bounds = expr::bounds(entry.extent);
  if (const auto symbol = graph::symbol_of(entry.extent); symbol && symbol->symbol == entry.symbol)
    return describe(ExtentRange(*bounds.min, *bounds.max, symbol->step));
  if (entry.extent.as_constant()) return fmt::to_string(*bounds.min);
  for (const Entry& other : entries_)
    if (&other != &entry && other.extent == entry.extent) return other.what;
  std::map<std::string, Expr, std::less<>> names;
  for (const Entry& other : entries_)
    if (const auto symbol = graph::symbol_of(other.extent); symbol && symbol->symbol == other.symbol)
      names.emplace(
          other.symbol,
          expr::variable(symbol->step == 1 ? other.name : fmt::format("{}/{}", other.name, symbol->step)));
  std::string text = expr::print(expr::substitute(entry.extent, names));
  std::erase(text, '"');
  return text;
}

std::string Dimensions::because(const Entry& entry) {
  constexpr size_t kMost = 3;
  std::string text;
  for (size_t i = 0; i < std::min(entry.reasons.size(), kMost); ++i)
    text += (i == 0 ? " (else, " : "; ") + entry.reasons[i];
  if (entry.reasons.size() > kMost) text += fmt::format("; and {} more", entry.reasons.size() - kMost);
  return text + ")";
}

bool Dimensions::is_sayable(const Narrowing& narrowing) const {
  std::vector<Expr> extents;
  for (const Entry& entry : entries_) extents.push_back(expr::substitute(entry.extent, narrowing.values));
  for (size_t i = 0; i < entries_.size(); ++i) {
    if (extents[i].as_constant()) continue;
    const auto symbol = graph::symbol_of(extents[i]);
    const auto owner = std::ranges::find(entries_, symbol ? symbol->symbol : "", &Entry::symbol);
    if (owner == entries_.end() || !(extents[static_cast<size_t>(owner - entries_.begin())] == extents[i]))
      return false;
  }
  return true;
}

namespace {

bool names_symbol(std::string_view text, std::string_view symbol) {
  const auto is_part = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; };
  for (size_t at = text.find(symbol); at != text.npos; at = text.find(symbol, at + 1))
    if (at + symbol.size() == text.size() || !is_part(text[at + symbol.size()])) return true;
  return false;
}

}  // namespace

Error Dimensions::explained(Error error) const {
  const std::string message = error.message;
  for (const Entry& entry : entries_) {
    if (!names_symbol(message, entry.symbol)) continue;
    error.message += fmt::format("; {} is in {}", entry.what, describe(entry.given));
    if (!entry.reasons.empty())
      error.message += fmt::format(", of which {} is left{}", now(entry), because(entry));
  }
  return error;
}

void Dimensions::apply(const Narrowing& narrowing, const Error& otherwise) {
  for (const auto& [name, value] : narrowing.values) symbols_.erase(name);
  for (const expr::Variable& symbol : narrowing.declared) symbols_.insert_or_assign(symbol.name, symbol);
  const std::string reason = fmt::format("node \"{}\": {}", otherwise.node, otherwise.message);
  for (Entry& entry : entries_) {
    const Expr before = entry.extent;
    entry.extent = expr::substitute(entry.extent, narrowing.values);
    if (!(entry.extent == before) && std::ranges::find(entry.reasons, reason) == entry.reasons.end())
      entry.reasons.push_back(reason);
  }
}

Result<bool> Dimensions::narrow(const std::vector<Requirement>& requirements) {
  std::vector<Narrowing> applied;
  for (const Requirement& requirement : requirements) {
    Expr condition = requirement.condition;
    for (const Narrowing& narrowing : applied) condition = expr::substitute(condition, narrowing.values);
    const auto holds = expr::prove(condition);
    if (holds == true) continue;
    const auto narrowing =
        holds == false ? Narrowing{{}, {}, true} : onnx::narrow(condition, symbols_, order_);
    if (narrowing && narrowing->excluded) return std::unexpected<Error>(explained(requirement.otherwise));
    if (!narrowing || !is_sayable(*narrowing)) continue;
    apply(*narrowing, requirement.otherwise);
    applied.push_back(*narrowing);
  }
  return !applied.empty();
}

std::vector<std::string> Dimensions::notes() const {
  std::vector<std::string> notes;
  for (const Entry& entry : entries_)
    if (!entry.reasons.empty())
      notes.push_back(
          fmt::format("{}: {} becomes {}{}", entry.what, describe(entry.given), now(entry), because(entry)));
  return notes;
}

}  // namespace weft::onnx

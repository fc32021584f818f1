// Tokens of the text form.
#include "graph/scanner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "graph/text.hpp"

namespace weft::graph {
namespace {

constexpr size_t kMaxExpressionText = 4096;

bool is_word_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
         c == '+' || c == '-';
}

int hex_digit(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }

}  // namespace

void Scanner::fail(const std::string& message) {
  if (failed_) return;
  failed_ = true;
  const auto line = 1 + std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(at_), '\n');
  error_ = {ErrorKind::invalid_argument, fmt::format("line {}: {}", line, message), {}};
}

void Scanner::skip_space() {
  for (; at_ < text_.size(); ++at_) {
    const char c = text_[at_];
    if (c == '#') at_ = std::min(text_.find('\n', at_), text_.size() - 1);
    else if (c != ' ' && c != '\t' && c != '\n' && c != '\r') return;
  }
}

bool Scanner::at_end() {
  skip_space();
  return at_ == text_.size();
}

bool Scanner::take(std::string_view token) {
  skip_space();
  if (failed_ || !text_.substr(at_).starts_with(token)) return false;
  const size_t end = at_ + token.size();
  if (is_word_char(token.back()) && end < text_.size() && is_word_char(text_[end])) return false;
  at_ = end;
  return true;
}

void Scanner::expect(std::string_view token) {
  if (!take(token)) fail(fmt::format("expected `{}`", token));
}

std::string_view Scanner::word() {
  skip_space();
  const size_t start = at_;
  while (!failed_ && at_ < text_.size() && is_word_char(text_[at_])) ++at_;
  return text_.substr(start, at_ - start);
}

int64_t Scanner::integer(int64_t min, int64_t max) {
  const std::string_view token = word();
  int64_t value = 0;
  const auto [end, fault] = std::from_chars(token.data(), token.data() + token.size(), value);
  if (fault == std::errc() && end == token.data() + token.size() && value >= min && value <= max)
    return value;
  fail(fmt::format("expected an integer from {} to {}", min, max));
  return min;
}

uint64_t Scanner::unsigned_integer(uint64_t max) {
  const std::string_view token = word();
  uint64_t value = 0;
  const auto [end, fault] = std::from_chars(token.data(), token.data() + token.size(), value);
  if (fault == std::errc() && end == token.data() + token.size() && value <= max) return value;
  fail(fmt::format("expected an integer from 0 to {}", max));
  return 0;
}

std::string Scanner::string() {
  std::string out;
  if (!take("\"")) {
    fail("expected a quoted string");
    return out;
  }
  for (; at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\n'; ++at_) {
    if (text_[at_] != '\\') {
      out += text_[at_];
      continue;
    }
    if (++at_ == text_.size()) break;
    if (text_[at_] == '"' || text_[at_] == '\\') {
      out += text_[at_];
    } else {
      const int high = text_.size() - at_ > 2 ? hex_digit(text_[at_ + 1]) : -1;
      const int low = high >= 0 ? hex_digit(text_[at_ + 2]) : -1;
      if (text_[at_] != 'x' || low < 0) break;
      out += static_cast<char>(high * 16 + low);
      at_ += 2;
    }
  }
  if (at_ == text_.size() || text_[at_] != '"')
    fail("a string without a closing quote, or with an unknown escape");
  else ++at_;
  return out;
}

std::string Scanner::value_name() {
  if (!take("%")) {
    fail("expected a %value");
    return {};
  }
  if (at_ < text_.size() && text_[at_] == '"') return string();
  const size_t start = at_;
  while (at_ < text_.size() && is_name_char(text_[at_])) ++at_;
  if (at_ == start) fail("a % without a name");
  return std::string(text_.substr(start, at_ - start));
}

std::string Scanner::symbol_name() {
  if (!take("\"")) {
    const std::string_view name = word();
    if (name.empty()) fail("expected a symbol's name");
    return std::string(name);
  }
  std::string out;
  for (; at_ < text_.size() && text_[at_] != '"'; ++at_) {
    if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
    out += text_[at_];
  }
  if (at_ == text_.size()) fail("a name without a closing quote");
  at_ = std::min(at_ + 1, text_.size());
  return out;
}

std::string_view Scanner::expression_text() {
  skip_space();
  const size_t start = at_;
  int depth = 0;
  bool in_quotes = false;
  for (; at_ < text_.size(); ++at_) {
    const char c = text_[at_];
    if (in_quotes) {
      if (c == '\\' && at_ + 1 < text_.size()) ++at_;
      else if (c == '"') in_quotes = false;
      continue;
    }
    if (c == '"') in_quotes = true;
    if (c == '(') ++depth;
    if (c == ')') --depth;
    if (c == '\n' || (depth <= 0 && (c == ',' || c == ']'))) break;
  }
  return text_.substr(start, at_ - start);
}

expr::Expr Scanner::expression(const std::map<std::string, expr::Variable, std::less<>>& scope) {
  if (failed_) return {};
  const size_t start = at_;
  const std::string_view text = expression_text();
  const size_t end = at_;
  at_ = start;  // a failure names the line where the expression begins
  if (text.size() > kMaxExpressionText) {
    fail("an expression is longer than 4096 characters");
    return {};
  }
  Result<expr::Expr> e = expr::parse(text, scope);
  if (!e) {
    fail(e.error().message);
    return {};
  }
  at_ = end;
  return std::move(*e);
}

}  // namespace weft::graph

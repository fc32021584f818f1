#include "loops/scanner.hpp"

#include <charconv>

#include "loops/text.hpp"

namespace weft::loops {

void Scanner::fail(const std::string& message) {
  if (failed_) return;
  failed_ = true;
  message_ = "line " + std::to_string(line_) + ": " + message;
}

void Scanner::skip_space() {
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c == '\n') ++line_;
    if (c != ' ' && c != '\t' && c != '\n' && c != '\r') return;
    ++at_;
  }
}

bool Scanner::at_end() {
  skip_space();
  return failed_ || at_ >= text_.size();
}

bool Scanner::at_string() {
  skip_space();
  return !failed_ && at_ < text_.size() && text_[at_] == '"';
}

std::string_view Scanner::peek_word() {
  skip_space();
  if (failed_) return {};
  size_t end = at_;
  while (end < text_.size() && (is_word(text_[end]) || dot_in_name(end))) ++end;
  return text_.substr(at_, end - at_);
}

// The names of split axes hold dots ("oc.o"); numbers do not begin a name, so that `0..4` stays apart.
bool Scanner::dot_in_name(size_t at) const {
  const bool letter_first = text_[at_] < '0' || text_[at_] > '9';
  return text_[at] == '.' && at > at_ && letter_first && at + 1 < text_.size() && is_word(text_[at + 1]);
}

bool Scanner::take_word(std::string_view word) {
  if (peek_word() != word) return false;
  at_ += word.size();
  return true;
}

bool Scanner::take(std::string_view token) {
  skip_space();
  if (failed_ || !text_.substr(at_).starts_with(token)) return false;
  at_ += token.size();
  return true;
}

void Scanner::expect(std::string_view token) {
  if (!take(token)) fail("expected `" + std::string(token) + "`");
}

void Scanner::expect_word(std::string_view word) {
  if (!take_word(word)) fail("expected `" + std::string(word) + "`");
}

std::string_view Scanner::word() {
  const std::string_view found = peek_word();
  if (found.empty()) fail("expected a word");
  at_ += found.size();
  return found;
}

std::string Scanner::name() { return at_string() ? string() : std::string(word()); }

std::string Scanner::string() {
  expect("\"");
  std::string out;
  while (!failed_) {
    if (at_ >= text_.size() || text_[at_] == '\n') {
      fail("a string without an end");
      break;
    }
    char c = text_[at_++];
    if (c == '"') break;
    if (c == '\\' && at_ < text_.size()) {
      c = text_[at_++];
      if (c == 'x') {
        unsigned code = 0;
        const std::string_view digits = text_.substr(at_, 2);
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
        if (error != std::errc() || end != digits.data() + 2) fail("a bad escape");
        at_ += digits.size();
        c = static_cast<char>(code);
      }
    }
    out += c;
  }
  return out;
}

std::string_view Scanner::number() {
  skip_space();
  if (failed_) return {};
  size_t end = at_;
  while (end < text_.size() &&
         (is_word(text_[end]) || text_[end] == '.' || text_[end] == '-' || text_[end] == '+'))
    ++end;
  const std::string_view found = text_.substr(at_, end - at_);
  if (found.empty()) fail("expected a number");
  at_ = end;
  return found;
}

int64_t Scanner::integer(int64_t low, int64_t high) {
  skip_space();
  if (failed_) return low;
  int64_t value = 0;
  const char* begin = text_.data() + at_;
  const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), value);
  if (error != std::errc() || value < low || value > high) {
    fail("expected an integer from " + std::to_string(low) + " to " + std::to_string(high));
    return low;
  }
  at_ += static_cast<size_t>(end - begin);
  return value;
}

size_t Scanner::skip_string(size_t at) const {
  for (++at; at < text_.size() && text_[at] != '"'; ++at)
    if (text_[at] == '\\') ++at;
  return at;
}

bool Scanner::word_at(size_t at, std::string_view word) const {
  if (word.empty() || !text_.substr(at).starts_with(word)) return false;
  const bool starts = at == 0 || !is_word(text_[at - 1]);
  return starts && (at + word.size() >= text_.size() || !is_word(text_[at + word.size()]));
}

bool Scanner::ends_expression(char c, int depth) const {
  if (c == '\n' || c == '{' || c == '}') return true;
  return depth == 0 && (c == ']' || c == ')' || c == ',');
}

std::string_view Scanner::expression_text(std::string_view until) {
  skip_space();
  if (failed_) return {};
  int depth = 0;
  size_t end = at_;
  for (; end < text_.size(); ++end) {
    const char c = text_[end];
    if (c == '"') {
      end = skip_string(end);
      continue;
    }
    if (ends_expression(c, depth) || (depth == 0 && word_at(end, until))) break;
    if (c == '(' || c == '[') ++depth;
    if (c == ')' || c == ']') --depth;
  }
  end = end < text_.size() ? end : text_.size();
  const std::string_view found = text_.substr(at_, end - at_);
  at_ = end;
  return found;
}

Expr Scanner::expression(const Scope& scope, std::string_view until) {
  return parse_expression(expression_text(until), scope);
}

Expr Scanner::parse_expression(std::string_view text, const Scope& scope) {
  if (failed_) return 0;
  while (text.ends_with(' ')) text.remove_suffix(1);
  auto parsed = expr::parse(text, scope);
  if (parsed) return *parsed;
  fail(parsed.error().message);
  return 0;
}

}  // namespace weft::loops

// Tokens of the text form, and the first error with its line.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "loops/loops.hpp"

namespace weft::loops {

using Scope = std::map<std::string, expr::Variable, std::less<>>;

/// After the first error every method does nothing and gives an empty result, so that callers check once, at
/// the end.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool failed() const { return failed_; }
  void fail(const std::string& message);
  Error error() const { return {ErrorKind::invalid_argument, message_, {}}; }

  bool at_end();
  /// Whether a string literal comes next.
  bool at_string();
  /// The word that comes next, not consumed; empty when none does.
  std::string_view peek_word();
  bool take_word(std::string_view word);
  bool take(std::string_view token);
  void expect(std::string_view token);
  void expect_word(std::string_view word);
  std::string_view word();
  /// A word or a string literal.
  std::string name();
  std::string string();
  /// A run of the characters of numbers: digits, letters of inf, nan and 0x, signs and points.
  std::string_view number();
  int64_t integer(int64_t low, int64_t high);
  /// The text up to a closing bracket, comma, brace or newline that it does not open itself, or up to the
  /// word `until`.
  std::string_view expression_text(std::string_view until = {});
  Expr expression(const Scope& scope, std::string_view until = {});
  Expr parse_expression(std::string_view text, const Scope& scope);

 private:
  void skip_space();
  bool ends_expression(char c, int depth) const;
  bool dot_in_name(size_t at) const;
  bool word_at(size_t at, std::string_view word) const;
  size_t skip_string(size_t at) const;

  std::string_view text_;
  size_t at_ = 0;
  int line_ = 1;
  bool failed_ = false;
  std::string message_;
};

}  // namespace weft::loops

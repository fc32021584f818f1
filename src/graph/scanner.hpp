// Tokens of the text form. Internal to graph/.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "expr/expr.hpp"

namespace weft::graph {

/// Reads tokens from left to right. The first failure stays; from then on every read gives an empty token at
/// once, so that callers need to look only where they loop. Blanks, line ends and comments (# to the line's
/// end) separate tokens.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool failed() const { return failed_; }
  /// invalid_argument: "line 3: …"
  const Error& error() const { return error_; }
  void fail(const std::string& message);
  bool at_end();

  /// Takes `token` when it comes next; a word only when it ends there.
  bool take(std::string_view token);
  void expect(std::string_view token);
  /// [A-Za-z0-9_.+-]*: words, numbers, enumerators.
  std::string_view word();
  int64_t integer(int64_t min, int64_t max);
  uint64_t unsigned_integer(uint64_t max);
  /// A quoted string, as text.hpp writes it.
  std::string string();
  /// %name or %"name"
  std::string value_name();
  /// A variable's name as expr::print writes it.
  std::string symbol_name();
  /// An expression up to a comma or closing bracket, or the line's end.
  expr::Expr expression(const std::map<std::string, expr::Variable, std::less<>>& scope);

 private:
  void skip_space();
  std::string_view expression_text();
  std::string_view text_;
  size_t at_ = 0;
  bool failed_ = false;
  Error error_;
};

}  // namespace weft::graph

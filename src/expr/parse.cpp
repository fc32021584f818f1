// Reads the grammar of print.cpp by recursive descent.
#include <vector>

#include "expr/integer.hpp"
#include "expr/names.hpp"
#include "expr/node.hpp"

namespace weft::expr {
namespace {

using Scope = std::map<std::string, Variable, std::less<>>;
using Parsed = std::optional<Expr>;

constexpr int kMaxDepth = 200;
// Constants and products of coefficients stay below this, so that no builder overflows on a text.
constexpr double kMaxMagnitude = 1.0e17;

/// The sum of the magnitudes of an expression's constant and coefficients, divisors' included.
double weight(const Expr& e) {
  const Node& n = e.node();
  const double value = static_cast<double>(n.value);
  double w = value < 0 ? -value : value;
  for (const Term& t : n.terms) {
    const double c = static_cast<double>(t.coefficient);
    w += (c < 0 ? -c : c) * weight(t.atom);
  }
  if (n.kind == Kind::variable || is_boolean(n.kind)) return 1;
  double inner = 1;
  for (const Expr& op : n.operands) inner *= 1 + weight(op);
  return n.operands.empty() ? w : inner;
}

class Parser {
 public:
  Parser(std::string_view text, const Scope& scope) : text_(text), scope_(scope) {}

  Result<Expr> run() {
    Parsed e = parse_or();
    skip_space();
    if (e && at_ < text_.size()) e = error("unexpected text after the expression");
    if (e) return *e;
    return fail(ErrorKind::invalid_argument, message_ + " at offset " + std::to_string(at_) +
                                                 " of the expression `" + std::string(text_) + "`");
  }

 private:
  Parsed error(std::string message) {
    if (message_.empty()) message_ = std::move(message);
    return std::nullopt;
  }

  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }

  bool peek(std::string_view token) {
    skip_space();
    return text_.substr(at_).starts_with(token);
  }

  bool take(std::string_view token) {
    if (!peek(token)) return false;
    at_ += token.size();
    return true;
  }

  Parsed parse_or() {
    if (++depth_ > kMaxDepth) return error("the expression is nested too deeply");
    Parsed a = parse_and();
    while (a && take("||")) {
      const Parsed b = parse_and();
      if (!b) return b;
      a = logical_or(*a, *b);
    }
    --depth_;
    return a;
  }

  Parsed parse_and() {
    Parsed a = parse_not();
    while (a && take("&&")) {
      const Parsed b = parse_not();
      if (!b) return b;
      a = logical_and(*a, *b);
    }
    return a;
  }

  Parsed parse_not() {
    if (peek("!") && !peek("!=")) {
      take("!");
      if (++depth_ > kMaxDepth) return error("the expression is nested too deeply");
      const Parsed a = parse_not();
      --depth_;
      return a ? Parsed(logical_not(*a)) : a;
    }
    return parse_comparison();
  }

  Parsed parse_comparison() {
    const Parsed a = parse_sum();
    if (!a) return a;
    const char* const ops[] = {"==", "!=", "<=", ">=", "<", ">"};
    int op = 0;
    while (op < 6 && !take(ops[op])) ++op;
    if (op == 6) return a;
    const Parsed b = parse_sum();
    if (!b) return b;
    switch (op) {
      case 0: return equal(*a, *b);
      case 1: return logical_not(equal(*a, *b));
      case 2: return less_equal(*a, *b);
      case 3: return less_equal(*b, *a);
      case 4: return less(*a, *b);
      default: return less(*b, *a);
    }
  }

  Parsed parse_sum() {
    Parsed a = parse_product();
    while (a) {
      const bool plus = take("+");
      if (!plus && !take("-")) return a;
      const Parsed b = parse_product();
      if (!b) return b;
      if (weight(*a) + weight(*b) > kMaxMagnitude) return error("a number is too large");
      a = plus ? *a + *b : *a - *b;
    }
    return a;
  }

  Parsed parse_product() {
    Parsed a = parse_unary();
    while (a) {
      const char op = peek("*") ? '*' : peek("/") ? '/' : peek("%") ? '%' : ' ';
      if (op == ' ') return a;
      ++at_;
      const Parsed b = parse_unary();
      if (!b) return b;
      if ((1 + weight(*a)) * (1 + weight(*b)) > kMaxMagnitude) return error("a number is too large");
      if (op == '*') {
        a = *a * *b;
        continue;
      }
      const auto low = bounds(*b).min;
      if (!low || *low < 1) return error("a divisor must be known to be positive");
      a = op == '/' ? floor_div(*a, *b) : mod(*a, *b);
    }
    return a;
  }

  Parsed parse_unary() {
    if (take("-")) {
      if (++depth_ > kMaxDepth) return error("the expression is nested too deeply");
      // The whole product is negated: -2*i, and -i/2 is -(i/2).
      const Parsed a = parse_product();
      --depth_;
      return a ? Parsed(-*a) : a;
    }
    return parse_primary();
  }

  Parsed parse_primary() {
    skip_space();
    if (at_ == text_.size()) return error("an operand is missing");
    const char c = text_[at_];
    if (c >= '0' && c <= '9') return parse_number();
    if (c == '"') return parse_quoted();
    if (starts_name(c)) return parse_name();
    if (!take("(")) return error("an operand is missing");
    const Parsed e = parse_or();
    if (e && !take(")")) return error("a `)` is missing");
    return e;
  }

  Parsed parse_number() {
    int64_t v = 0;
    for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
      const auto tens = try_mul(v, 10);
      const auto next = tens ? try_add(*tens, text_[at_] - '0') : std::nullopt;
      if (!next) return error("a number is too large");
      v = *next;
    }
    return Expr(v);
  }

  Parsed parse_quoted() {
    std::string name;
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      name += text_[at_];
    }
    if (!take("\"")) return error("a closing quote is missing");
    return find(name);
  }

  Parsed parse_name() {
    const size_t start = at_;
    while (at_ < text_.size() && continues_name(text_[at_])) ++at_;
    const std::string name(text_.substr(start, at_ - start));
    if (is_call(name)) return parse_call(name);
    return find(name);
  }

  Parsed find(const std::string& name) {
    const auto v = scope_.find(name);
    if (v == scope_.end()) return error("unknown variable `" + name + "`");
    return variable(v->second.name, v->second.range, v->second.multiple_of);
  }

  Parsed parse_call(const std::string& name) {
    std::vector<Expr> args;
    if (!take("(")) return error("a `(` is missing after " + name);
    do {
      const Parsed e = parse_or();
      if (!e) return e;
      args.push_back(*e);
    } while (take(","));
    if (!take(")")) return error("a `)` is missing");
    if (args.size() != (name == "select" ? 3u : 2u)) return error("wrong number of arguments of " + name);
    if (name == "min") return min(args[0], args[1]);
    if (name == "max") return max(args[0], args[1]);
    return select(args[0], args[1], args[2]);
  }

  std::string_view text_;
  const Scope& scope_;
  size_t at_ = 0;
  int depth_ = 0;
  std::string message_;
};

}  // namespace

Result<Expr> parse(std::string_view text, const Scope& scope) { return Parser(text, scope).run(); }

}  // namespace weft::expr

// The text form. From loose to tight: `||`, `&&`, `!`, `== < <=` (no chains), `+ -`, `* / %` (left to right),
// `-a`; `min(a, b)`, `max(a, b)`, `select(c, a, b)`. A name that is no identifier, or one of these three, is
// in double quotes.
#include "expr/expr.hpp"
#include "expr/names.hpp"

namespace weft::expr {
namespace {

enum Level : int { kOr, kAnd, kNot, kComparison, kSum, kFactor, kPrimary };

void write(std::string& out, const Expr& e, int at_least);

void write_call(std::string& out, const char* name, const std::vector<Expr>& operands) {
  out += name;
  out += '(';
  for (size_t i = 0; i < operands.size(); ++i) {
    if (i > 0) out += ", ";
    write(out, operands[i], kOr);
  }
  out += ')';
}

void write_name(std::string& out, const std::string& name) {
  if (is_identifier(name)) {
    out += name;
    return;
  }
  out += '"';
  for (char c : name) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

std::string magnitude(int64_t v) {
  const std::string text = std::to_string(v);
  return v < 0 ? text.substr(1) : text;
}

void write_term(std::string& out, const Term& t) {
  if (t.coefficient != 1 && t.coefficient != -1) out += magnitude(t.coefficient) + "*";
  // A product's factors and a division's operands associate to the left: as a right operand of `*` a division
  // is wrapped. A leading minus before a bare division would read as part of its operand.
  const bool tight = out.ends_with('*') || out.ends_with('-');
  const bool wrap = (t.atom.kind() == Kind::floor_div || t.atom.kind() == Kind::mod) && tight;
  write(out, t.atom, wrap ? kPrimary : kFactor);
}

// Positive terms first: `n - i`, and `3 - i` where there is none.
void write_sum(std::string& out, const Node& n) {
  bool first = true;
  for (const Term& t : n.terms) {
    if (t.coefficient < 0) continue;
    if (!first) out += " + ";
    write_term(out, t);
    first = false;
  }
  const bool constant_first = first && n.value > 0;
  if (constant_first) out += std::to_string(n.value);
  first &= !constant_first;
  for (const Term& t : n.terms) {
    if (t.coefficient > 0) continue;
    out += first ? "-" : " - ";
    write_term(out, t);
    first = false;
  }
  if (n.value == 0 || constant_first) return;
  out += n.value < 0 ? " - " : " + ";
  out += magnitude(n.value);
}

void write_binary(std::string& out, const Node& n, const char* op, int left, int right) {
  write(out, n.operands[0], left);
  out += op;
  write(out, n.operands[1], right);
}

int level(const Node& n) {
  switch (n.kind) {
    case Kind::constant: return n.value < 0 ? kSum : kPrimary;
    case Kind::sum: return n.value == 0 && n.terms.size() == 1 && n.terms[0].coefficient > 0 ? kFactor : kSum;
    case Kind::product:
    case Kind::floor_div:
    case Kind::mod: return kFactor;
    case Kind::less:
    case Kind::less_equal:
    case Kind::equal: return kComparison;
    case Kind::logical_and: return kAnd;
    case Kind::logical_or: return kOr;
    case Kind::logical_not: return n.operands[0].kind() == Kind::equal ? kComparison : kNot;
    default: return kPrimary;
  }
}

void write_bare(std::string& out, const Node& n) {
  switch (n.kind) {
    case Kind::constant: out += std::to_string(n.value); break;
    case Kind::variable: write_name(out, n.variable.name); break;
    case Kind::sum: write_sum(out, n); break;
    case Kind::product:
      for (size_t i = 0; i < n.operands.size(); ++i) {
        if (i > 0) out += '*';
        write(out, n.operands[i], kPrimary);
      }
      break;
    case Kind::floor_div: write_binary(out, n, "/", kFactor, kPrimary); break;
    case Kind::mod: write_binary(out, n, " % ", kFactor, kPrimary); break;
    case Kind::min: write_call(out, "min", n.operands); break;
    case Kind::max: write_call(out, "max", n.operands); break;
    case Kind::less: write_binary(out, n, " < ", kSum, kSum); break;
    case Kind::less_equal: write_binary(out, n, " <= ", kSum, kSum); break;
    case Kind::equal: write_binary(out, n, " == ", kSum, kSum); break;
    case Kind::logical_and: write_binary(out, n, " && ", kAnd, kNot); break;
    case Kind::logical_or: write_binary(out, n, " || ", kOr, kAnd); break;
    case Kind::logical_not:
      if (n.operands[0].kind() == Kind::equal) {
        write_binary(out, n.operands[0].node(), " != ", kSum, kSum);
      } else {
        out += '!';
        write(out, n.operands[0], kPrimary);
      }
      break;
    case Kind::select: write_call(out, "select", n.operands); break;
  }
}

void write(std::string& out, const Expr& e, int at_least) {
  const Node& n = e.node();
  const bool wrap = level(n) < at_least;
  if (wrap) out += '(';
  write_bare(out, n);
  if (wrap) out += ')';
}

}  // namespace

std::string print(const Expr& e) {
  std::string out;
  write(out, e, kOr);
  return out;
}

}  // namespace weft::expr

#include <algorithm>

#include "expr/integer.hpp"

namespace weft::expr {
namespace {

using Values = std::map<std::string, int64_t, std::less<>>;

int64_t lookup(const Variable& v, const Values& values) {
  const auto at = values.find(v.name);
  WEFT_CHECK(at != values.end(), "no value for the variable " + v.name);
  return at->second;
}

int64_t checked_divisor(int64_t b, const Expr& e) {
  WEFT_CHECK(b > 0, "division by a value that is not positive: " + print(e));
  return b;
}

}  // namespace

int64_t evaluate(const Expr& e, const Values& values) {
  const Node& n = e.node();
  auto of = [&](size_t i) { return evaluate(n.operands[i], values); };
  switch (n.kind) {
    case Kind::constant: return n.value;
    case Kind::variable: return lookup(n.variable, values);
    case Kind::sum: {
      int64_t r = n.value;
      for (const Term& t : n.terms) r = add_int(r, mul_int(t.coefficient, evaluate(t.atom, values)));
      return r;
    }
    case Kind::product: {
      int64_t r = 1;
      for (const Expr& f : n.operands) r = mul_int(r, evaluate(f, values));
      return r;
    }
    case Kind::floor_div: {
      const int64_t b = checked_divisor(of(1), e);
      return floor_div_int(of(0), b);
    }
    case Kind::mod: {
      const int64_t b = checked_divisor(of(1), e);
      return mod_int(of(0), b);
    }
    case Kind::min: return std::min(of(0), of(1));
    case Kind::max: return std::max(of(0), of(1));
    case Kind::less: return of(0) < of(1) ? 1 : 0;
    case Kind::less_equal: return of(0) <= of(1) ? 1 : 0;
    case Kind::equal: return of(0) == of(1) ? 1 : 0;
    case Kind::logical_and: return of(0) != 0 && of(1) != 0 ? 1 : 0;
    case Kind::logical_or: return of(0) != 0 || of(1) != 0 ? 1 : 0;
    case Kind::logical_not: return of(0) == 0 ? 1 : 0;
    case Kind::select: return of(0) != 0 ? of(1) : of(2);
  }
  WEFT_UNREACHABLE("expression kind");
}

}  // namespace weft::expr

// Order and rewriting of values; substitution of index variables.
#include <unordered_map>

#include "loops/rebuild.hpp"

namespace weft::loops {
namespace {

template <class T>
int order(const T& a, const T& b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

int compare_types(const Type& a, const Type& b) {
  if (int c = order(a.dtype, b.dtype)) return c;
  return order(a.lanes, b.lanes);
}

int compare_exprs(const std::vector<Expr>& a, const std::vector<Expr>& b) {
  if (int c = order(a.size(), b.size())) return c;
  for (size_t i = 0; i < a.size(); ++i)
    if (int c = expr::compare(a[i], b[i])) return c;
  return 0;
}

int compare_predicates(const std::optional<Expr>& a, const std::optional<Expr>& b) {
  if (a.has_value() != b.has_value()) return a.has_value() ? 1 : -1;
  return a ? expr::compare(*a, *b) : 0;
}

class Rewriter {
 public:
  explicit Rewriter(const std::function<Value(const Value&)>& replace) : replace_(replace) {}

  Value visit(const Value& value) {
    if (const auto known = done_.find(value.get()); known != done_.end()) return known->second;
    Value result = replace_(rebuilt(value));
    done_.emplace(value.get(), result);
    return result;
  }

 private:
  Value rebuilt(const Value& value) {
    std::vector<Value> operands;
    operands.reserve(value->operands.size());
    bool same = true;
    for (const Value& v : value->operands) {
      operands.push_back(visit(v));
      same = same && operands.back().get() == v.get();
    }
    return same ? value : with_operands(*value, std::move(operands));
  }

  const std::function<Value(const Value&)>& replace_;
  std::unordered_map<const ValueNode*, Value> done_;
};

}  // namespace

int compare(const Value& a, const Value& b) {
  const ValueNode *x = a.get(), *y = b.get();
  if (x == y) return 0;
  if (!x || !y) return x ? 1 : -1;
  if (int c = order(x->op, y->op)) return c;
  if (int c = compare_types(x->type, y->type)) return c;
  if (int c = order(x->bits, y->bits)) return c;
  if (int c = order(x->buffer, y->buffer)) return c;
  if (int c = x->name.compare(y->name)) return c < 0 ? -1 : 1;
  if (int c = compare_exprs(x->indices, y->indices)) return c;
  if (int c = compare_predicates(x->predicate, y->predicate)) return c;
  if (int c = order(x->operands.size(), y->operands.size())) return c;
  for (size_t i = 0; i < x->operands.size(); ++i)
    if (int c = compare(x->operands[i], y->operands[i])) return c;
  return 0;
}

Value rewrite(const Value& value, const std::function<Value(const Value&)>& replace) {
  return Rewriter(replace).visit(value);
}

Value substitute(const Value& value, const std::map<std::string, Expr, std::less<>>& bindings) {
  return Rebuilder({bindings, {}}, nullptr).value(value);
}

Block substitute(const Block& block, const std::map<std::string, Expr, std::less<>>& bindings) {
  return Rebuilder({bindings, {}}, nullptr).block(block);
}

}  // namespace weft::loops

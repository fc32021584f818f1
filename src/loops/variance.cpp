#include "loops/variance.hpp"

namespace weft::loops {

bool Variance::varies(const Expr& e) const {
  if (e.as_constant()) return false;
  for (const std::string& name : indices_)
    if (expr::uses(e, name)) return true;
  return false;
}

bool Variance::varies(const Value& v) {
  if (const auto known = known_.find(v.get()); known != known_.end()) return known->second;
  const bool result = depends(*v);
  known_.emplace(v.get(), result);
  return result;
}

bool Variance::depends(const ValueNode& v) {
  if (v.op == ValueOp::local) return locals_.contains(v.name);
  for (const Expr& e : v.indices)
    if (varies(e)) return true;
  if (v.predicate && varies(*v.predicate)) return true;
  for (const Value& operand : v.operands)
    if (varies(operand)) return true;
  return false;
}

bool Variance::bind(const Let& let) {
  const bool result = varies(let.value);
  if (result) locals_.insert(let.name);
  else locals_.erase(let.name);
  known_.clear();
  return result;
}

bool Variance::bind(const LetIndex& let) {
  const bool result = varies(let.value);
  if (result) indices_.insert(let.variable.name);
  else indices_.erase(let.variable.name);
  known_.clear();
  return result;
}

}  // namespace weft::loops

#include "loops/rebuild.hpp"

#include "base/check.hpp"

namespace weft::loops {
namespace {

void collect_names(const Block& block, std::set<std::string, std::less<>>& names);

struct NameCollector {
  std::set<std::string, std::less<>>& names;
  void operator()(const For& loop) const {
    names.insert(loop.variable);
    collect_names(*loop.body, names);
  }
  void operator()(const Store&) const {}
  void operator()(const Let& let) const { names.insert(let.name); }
  void operator()(const LetIndex& let) const { names.insert(let.variable.name); }
  void operator()(const If& node) const {
    collect_names(*node.then_block, names);
    if (node.else_block) collect_names(*node.else_block, names);
  }
};

void collect_names(const Block& block, std::set<std::string, std::less<>>& names) {
  for (const Statement& s : block) std::visit(NameCollector{names}, s.node);
}

}  // namespace

FreshNames::FreshNames(const Kernel& kernel) {
  for (const auto& [name, symbol] : kernel.symbols) used_.insert(name);
  collect_names(kernel.body, used_);
}

std::string FreshNames::make(const std::string& base) {
  uint32_t& next = next_[base];
  while (true) {
    std::string name = base + "_" + std::to_string(next++);
    if (used_.insert(name).second) return name;
  }
}

Expr Rebuilder::expr(const Expr& e) const {
  if (with_.indices.empty() || e.as_constant()) return e;
  return expr::substitute(e, with_.indices);
}

void Rebuilder::bind_index(const std::string& name, Expr e) {
  with_.indices.insert_or_assign(name, std::move(e));
  done_.clear();
}

void Rebuilder::bind_local(const std::string& name, Value v) {
  with_.locals.insert_or_assign(name, std::move(v));
  done_.clear();
}

Value Rebuilder::value(const Value& v) {
  if (v->op == ValueOp::constant) return v;
  if (const auto known = done_.find(v.get()); known != done_.end()) return known->second;
  Value result = rebuilt(v);
  done_.emplace(v.get(), result);
  return result;
}

Value Rebuilder::rebuilt(const Value& v) {
  if (v->op == ValueOp::local) {
    const auto replaced = with_.locals.find(v->name);
    return replaced == with_.locals.end() ? v : replaced->second;
  }
  std::vector<Value> operands;
  operands.reserve(v->operands.size());
  bool same = true;
  for (const Value& operand : v->operands) {
    operands.push_back(value(operand));
    same = same && operands.back().get() == operand.get();
  }
  if (v->indices.empty() && !v->predicate) return same ? v : with_operands(*v, std::move(operands));
  ValueNode node;
  node.op = v->op;
  node.type = v->type;
  node.bits = v->bits;
  node.buffer = v->buffer;
  node.indices.reserve(v->indices.size());
  for (const Expr& e : v->indices) node.indices.push_back(expr(e));
  if (v->predicate) node.predicate = expr(*v->predicate);
  return with_operands(node, std::move(operands));
}

Block Rebuilder::block(const Block& statements) {
  // The block's own bindings must not outlive it: they are undone by restoring the maps.
  const bool binds = fresh_ != nullptr;
  Replacements outer;
  if (binds) outer = with_;
  Block out;
  out.reserve(statements.size());
  append(statements, out);
  if (binds) {
    with_ = std::move(outer);
    done_.clear();
  }
  return out;
}

void Rebuilder::append(const Block& statements, Block& out) {
  for (const Statement& s : statements) append(s, out);
}

void Rebuilder::append(const Statement& statement, Block& out) {
  out.push_back(std::visit([&](const auto& node) { return copy(node); }, statement.node));
}

Statement Rebuilder::copy(const For& loop) {
  Expr extent = expr(loop.extent);
  const Expr before = loop_variable(loop.variable, loop.extent), after = loop_variable(loop.variable, extent);
  const bool changed = expr::compare(before, after) != 0;
  if (changed) bind_index(loop.variable, after);
  Statement result = make_for(loop.variable, std::move(extent), loop.kind, block(*loop.body));
  if (changed) {
    with_.indices.erase(loop.variable);
    done_.clear();
  }
  return result;
}

Statement Rebuilder::copy(const Store& store) {
  Expr index = expr(store.index);
  return make_store(store.buffer, std::move(index), value(store.value));
}

Statement Rebuilder::copy(const Let& let) {
  Value v = value(let.value);
  std::string name = fresh_ ? fresh_->make(let.name) : let.name;
  if (fresh_) bind_local(let.name, local(v->type, name));
  return make_let(std::move(name), std::move(v));
}

Statement Rebuilder::copy(const LetIndex& let) {
  Value v = value(let.value);
  expr::Variable variable = let.variable;
  if (fresh_) {
    variable.name = fresh_->make(let.variable.name);
    bind_index(let.variable.name, expr::variable(variable.name, variable.range, variable.multiple_of));
  }
  return make_let_index(std::move(variable), std::move(v));
}

Statement Rebuilder::copy(const If& node) {
  Expr condition = expr(node.condition);
  Block then_block = block(*node.then_block);
  Block else_block;
  if (node.else_block) else_block = block(*node.else_block);
  return make_if(std::move(condition), std::move(then_block), std::move(else_block));
}

}  // namespace weft::loops

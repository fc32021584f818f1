#include "plan/access_range.hpp"

#include <algorithm>
#include <unordered_set>

namespace weft::plan {
namespace {

using expr::Expr;
using loops::Block;
using loops::Value;
using loops::ValueNode;
using loops::ValueOp;

class Walk {
 public:
  explicit Walk(uint32_t buffer) : buffer_(buffer) {}

  void bind(const std::string& name, Expr value) { bindings_.insert_or_assign(name, std::move(value)); }

  void block(const Block& statements) {
    std::vector<std::string> bound;
    for (const loops::Statement& statement : statements)
      std::visit([&](const auto& node) { visit(node, bound); }, statement.node);
    for (const std::string& name : bound) bindings_.erase(name);
  }

  bool known = true;
  std::optional<ElementRange> range;

 private:
  using Names = std::vector<std::string>;

  void visit(const loops::For& loop, Names&) { block(*loop.body); }

  void visit(const loops::Store& store, Names&) {
    if (store.buffer == buffer_) known = false;
    value(store.value);
  }

  void visit(const loops::Let& let, Names&) { value(let.value); }

  /// An index that is computed from others is one of them; one that comes from data keeps its bounds.
  void visit(const loops::LetIndex& let, Names& bound) {
    value(let.value);
    if (let.value->op != ValueOp::index) return;
    bind(let.variable.name, substituted(let.value->indices[0]));
    bound.push_back(let.variable.name);
  }

  void visit(const loops::If& node, Names&) {
    const auto decided = substituted(node.condition).as_constant();
    if (!decided || *decided != 0) block(*node.then_block);
    if (node.else_block && (!decided || *decided == 0)) block(*node.else_block);
  }

  void value(const Value& v) {
    seen_.clear();
    load_of(v);
  }

  void load_of(const Value& v) {
    if (!seen_.insert(v.get()).second) return;
    for (const Value& operand : v->operands) load_of(operand);
    if (v->op == ValueOp::load && v->buffer == buffer_) load(*v);
  }

  void load(const ValueNode& v) {
    const expr::Interval bounds = expr::bounds(substituted(v.indices[0]));
    if (!bounds.min || !bounds.max) {
      known = false;
      return;
    }
    const int64_t end = *bounds.max + static_cast<int64_t>(v.type.lanes);
    if (!range) range = ElementRange{*bounds.min, end};
    range->begin = std::min(range->begin, *bounds.min);
    range->end = std::max(range->end, end);
  }

  Expr substituted(const Expr& e) const { return expr::substitute(e, bindings_); }

  uint32_t buffer_;
  std::map<std::string, Expr, std::less<>> bindings_;
  std::unordered_set<const ValueNode*> seen_;  // of one value; only looked up
};

}  // namespace

std::optional<ElementRange> loaded_range(const loops::Kernel& kernel, uint32_t buffer, uint64_t first,
                                         uint64_t blocks) {
  Walk walk(buffer);
  const auto* loop = kernel.body.size() == 1 ? std::get_if<loops::For>(&kernel.body[0].node) : nullptr;
  if (loop && loop->kind == loops::ForKind::blocks) {
    if (blocks == 0) return ElementRange{};
    const expr::Expr offset = expr::Expr(static_cast<int64_t>(first));
    walk.bind(loop->variable,
              offset + loops::loop_variable(loop->variable, expr::Expr(static_cast<int64_t>(blocks))));
    walk.block(*loop->body);
  } else {
    walk.block(kernel.body);
  }
  if (!walk.known) return std::nullopt;
  return walk.range.value_or(ElementRange{});
}

}  // namespace weft::plan

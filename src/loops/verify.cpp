// Structure, types, scopes and bounds of a kernel.
#include <fmt/format.h>

#include <set>
#include <unordered_set>

#include "loops/facts.hpp"
#include "loops/types.hpp"
#include "loops/verify_threads.hpp"

namespace weft::loops {
namespace {

constexpr int64_t kMaxExtent = int64_t{1} << 40;
constexpr int kMaxDepth = 200;

bool may_load(BufferSpace space) { return space != BufferSpace::write; }
bool may_store(BufferSpace space) { return space != BufferSpace::read; }

class Verifier {
 public:
  explicit Verifier(const Kernel& kernel) : kernel_(kernel), names_(buffer_names(kernel)) {}

  Result<void> run() {
    for (const auto& [name, symbol] : kernel_.symbols) {
      if (name != symbol.name) error("symbol " + name + " is filed under another name");
      indices_.emplace(name, symbol);
    }
    buffers();
    for (const Statement& s : kernel_.body) blocks_alone(s);
    block(kernel_.body, 0);
    if (ok()) message_ = threads_error(kernel_);
    if (message_.empty()) return {};
    return fail(ErrorKind::invalid_argument, fmt::format("kernel \"{}\": {}", kernel_.name, message_));
  }

 private:
  bool ok() const { return message_.empty(); }

  // The first error is kept, with the statement that is being visited.
  void error(std::string message) {
    if (!ok()) return;
    message_ = std::move(message);
    if (!current_) return;
    std::string text = print(*current_, names_);
    constexpr size_t kShown = 400;
    if (text.size() > kShown) text = text.substr(0, kShown) + "…";
    while (text.ends_with('\n')) text.pop_back();
    message_ += " in `" + text + "`";
  }

  void buffers() {
    std::set<std::string> seen;
    for (const Buffer& b : kernel_.buffers) {
      if (!seen.insert(b.name).second) error("two buffers " + b.name);
      check_expr(b.elements);
      const expr::Interval size = expr::bounds(b.elements);
      if (!size.min || *size.min < 0 || !size.max || *size.max > kMaxExtent)
        error("buffer " + b.name + " has no bounded size");
      if (b.slack < 0) error("buffer " + b.name + " has a negative slack");
      if (b.space == BufferSpace::registers && (!b.elements.as_constant() || b.slack != 0))
        error("registers " + b.name + " are not of constant size");
    }
  }

  void blocks_alone(const Statement& s) {
    const For* loop = std::get_if<For>(&s.node);
    if (loop && loop->kind == ForKind::blocks && kernel_.body.size() != 1)
      error("statements beside the loop over blocks");
  }

  // What a block binds, and what is known in it, ends with it.
  void block(const Block& statements, int depth) {
    if (depth > kMaxDepth) return error("blocks are nested too deeply");
    std::vector<std::string> locals, indices;
    const size_t facts = facts_.size();
    for (const Statement& s : statements) {
      if (!ok()) return;
      current_ = &s;
      std::visit([&](const auto& node) { visit(node, depth, locals, indices); }, s.node);
    }
    facts_.shrink(facts);
    for (const std::string& name : locals) locals_.erase(name);
    for (const std::string& name : indices) indices_.erase(name);
    checked_.clear();
  }

  using Names = std::vector<std::string>;

  void visit(const For& loop, int depth, Names&, Names&) {
    check_expr(loop.extent);
    const expr::Interval extent = expr::bounds(loop.extent);
    if (!extent.min || *extent.min < 0 || !extent.max || *extent.max > kMaxExtent)
      error("the extent is not bounded");
    if (loop.kind == ForKind::blocks && depth != 0) error("a loop over blocks is not the outermost");
    if (!loop.body) return error("a loop without a body");
    const expr::Variable variable = loop_facts(loop.variable, loop.extent);
    if (!ok() || !bind_index(variable)) return;
    const size_t facts = facts_.size();
    // Bounds say it where extents are constant; beside symbols it may be needed with a symbolic factor.
    if (!kernel_.symbols.empty() || !loop.extent.as_constant())
      facts_.assume(loop.extent - Expr(1) - loop_variable(loop.variable, loop.extent));
    block(*loop.body, depth + 1);
    facts_.shrink(facts);
    indices_.erase(loop.variable);
  }

  void visit(const Store& store, int, Names&, Names&) {
    check_expr(store.index);
    if (!store.value) return error("a store of nothing");
    check_value(store.value);
    if (store.buffer >= kernel_.buffers.size()) return error("a store to no buffer");
    const Buffer& b = kernel_.buffers[store.buffer];
    if (!may_store(b.space)) error("a store to the read-only buffer " + b.name);
    if (b.dtype != store.value->type.dtype)
      error("a store of " + to_string(store.value->type) + " to the buffer " + b.name);
    check_bounds(store.index, b, store.value->type.lanes, 0);
  }

  void visit(const Let& let, int, Names& locals, Names&) {
    if (!let.value) return error("a let of nothing");
    check_value(let.value);
    if (!locals_.emplace(let.name, let.value->type).second) return error("`" + let.name + "` is bound twice");
    locals.push_back(let.name);
  }

  void visit(const LetIndex& let, int, Names&, Names& indices) {
    if (!let.value) return error("an index of nothing");
    check_value(let.value);
    if (let.value->type != Type{DType::i32, 1}) error("an index is bound to a scalar i32");
    if (bind_index(let.variable)) indices.push_back(let.variable.name);
  }

  void visit(const If& node, int depth, Names&, Names&) {
    check_expr(node.condition);
    if (!node.then_block) return error("an if without a body");
    const size_t facts = facts_.size();
    facts_.assume_condition(node.condition);
    block(*node.then_block, depth + 1);
    facts_.shrink(facts);
    if (!node.else_block) return;
    facts_.assume_condition(node.condition, true);
    block(*node.else_block, depth + 1);
    facts_.shrink(facts);
  }

  bool bind_index(const expr::Variable& v) {
    if (v.name.empty()) error("an index variable without a name");
    if (!indices_.emplace(v.name, v).second) error("the index variable " + v.name + " is bound twice");
    return ok();
  }

  // Every variable is bound, and no use claims more of it than its binding gives.
  void check_expr(const Expr& e) {
    if (!ok() || e.kind() == expr::Kind::constant) return;
    const expr::Node& node = e.node();
    if (node.kind == expr::Kind::variable) check_variable(node.variable);
    for (const expr::Term& t : node.terms) check_expr(t.atom);
    for (const Expr& operand : node.operands) check_expr(operand);
  }

  void check_variable(const expr::Variable& use) {
    const auto bound = indices_.find(use.name);
    if (bound == indices_.end()) return error("the index variable " + use.name + " is not bound");
    const expr::Interval &claimed = use.range, &given = bound->second.range;
    const bool low = !claimed.min || (given.min && *given.min >= *claimed.min);
    const bool high = !claimed.max || (given.max && *given.max <= *claimed.max);
    if (!low || !high || bound->second.multiple_of % use.multiple_of != 0)
      error("the index variable " + use.name + " is used with facts that its binding does not give");
  }

  void check_value(const Value& v) {
    if (!ok() || checked_.contains(v.get())) return;
    if (const std::string wrong = type_error(*v); !wrong.empty())
      return error(std::string(info(v->op).name) + ": " + wrong);
    for (const Value& operand : v->operands) check_value(operand);
    for (const Expr& e : v->indices) check_expr(e);
    if (v->predicate) check_expr(*v->predicate);
    if (v->op == ValueOp::access) error("an access: storage was not applied");
    if (v->op == ValueOp::local) check_local(*v);
    if (v->op == ValueOp::load) check_load(*v);
    checked_.insert(v.get());
  }

  void check_local(const ValueNode& v) {
    const auto bound = locals_.find(v.name);
    if (bound == locals_.end()) return error("the local " + v.name + " is not bound");
    if (bound->second != v.type) error("the local " + v.name + " is a " + to_string(bound->second));
  }

  void check_load(const ValueNode& v) {
    if (v.buffer >= kernel_.buffers.size()) return error("a load from no buffer");
    const Buffer& b = kernel_.buffers[v.buffer];
    if (!may_load(b.space)) error("a load from the write-only buffer " + b.name);
    if (b.dtype != v.type.dtype) error("a load of " + to_string(v.type) + " from the buffer " + b.name);
    const size_t facts = facts_.size();
    if (v.predicate) facts_.assume_condition(*v.predicate);
    check_bounds(v.indices[0], b, v.type.lanes, b.slack);
    facts_.shrink(facts);
  }

  void check_bounds(const Expr& index, const Buffer& b, uint32_t lanes, int64_t slack) {
    if (!ok()) return;
    const expr::Interval range = expr::bounds(index);
    const auto elements = b.elements.as_constant();
    const int64_t last_lane = static_cast<int64_t>(lanes) - 1;
    if (elements && range.min && range.max && *range.min >= 0 && *range.max < *elements + slack - last_lane)
      return;
    const bool low = facts_.proves(index);
    if (low && facts_.proves(b.elements + Expr(slack - 1 - last_lane) - index)) return;
    error(fmt::format("the index {} is not proved to lie {} of {}[{}]", expr::print(index),
                      low ? "before the end" : "after the start", b.name, expr::print(b.elements)));
  }

  const Kernel& kernel_;
  std::vector<std::string> names_;
  std::string message_;
  const Statement* current_ = nullptr;
  std::map<std::string, expr::Variable, std::less<>> indices_;
  std::map<std::string, Type, std::less<>> locals_;
  std::unordered_set<const ValueNode*> checked_;  // in the present scope
  Facts facts_;
};

}  // namespace

Result<void> verify(const Kernel& kernel) { return Verifier(kernel).run(); }

}  // namespace weft::loops

// Common values of straight runs of statements. Unrolled tiles mention each operand once per accumulator, and
// engines do not reuse loads across stores:
//
//   acc[0] = muladd(broadcast 4 (load f32 a[k]), load f32x4 b[8*k], load f32x4 acc[0])
//   acc[4] = muladd(broadcast 4 (load f32 a[k]), load f32x4 b[8*k + 4], load f32x4 acc[4])
// ->
//   let shared_0 = broadcast 4 (load f32 a[k])
//   acc[0] = muladd(local f32x4 shared_0, load f32x4 b[8*k], load f32x4 acc[0])
//   acc[4] = muladd(local f32x4 shared_0, load f32x4 b[8*k + 4], load f32x4 acc[4])
//
// Only values that no statement of the run changes are bound, right before their first use, so that they live
// no longer than they must.
#include <map>
#include <set>
#include <span>

#include "loops/rebuild.hpp"
#include "targets/wasm/legalize.hpp"

namespace weft::wasm {

using namespace loops;

namespace {

struct ValueLess {
  bool operator()(const Value& a, const Value& b) const { return compare(a, b) < 0; }
};

const Value* value_of(const Statement& s) {
  if (const auto* store = std::get_if<Store>(&s.node)) return &store->value;
  if (const auto* let = std::get_if<Let>(&s.node)) return &let->value;
  return nullptr;
}

/// One run: what it writes, and where each of its values occurs.
class Run {
 public:
  Run(const Kernel& kernel, FreshNames& names) : kernel_(kernel), names_(names) {}

  void look_at(const Statement& s) {
    if (const auto* store = std::get_if<Store>(&s.node)) written_.insert(store->buffer);
    if (const auto* let = std::get_if<Let>(&s.node)) bound_.insert(let->name);
  }

  // After all statements have been looked at.
  void count(const Statement& s) {
    ++statement_;
    visit(*value_of(s));
    mention(*value_of(s), false);
  }

  void rewrite(const Statement& s, Block& out) {
    out_ = &out;
    Value v = rebuilt(*value_of(s));
    if (const auto* store = std::get_if<Store>(&s.node))
      out.push_back(make_store(store->buffer, store->index, std::move(v)));
    else out.push_back(make_let(std::get<Let>(s.node).name, std::move(v)));
  }

 private:
  struct Use {
    bool stable = false;
    uint32_t statements = 0, last = 0;  ///< in how many statements, and the last one
    uint32_t mentions = 0;              ///< by different values and by statements
    Value result;
  };

  bool is_stable(const Value& v) const {
    const ValueNode& n = *v;
    if (n.op == ValueOp::load && written_.contains(n.buffer)) return false;
    if (n.op == ValueOp::local && bound_.contains(n.name)) return false;
    for (const Value& operand : n.operands)
      if (!uses_.at(operand).stable) return false;
    return true;
  }

  // A value that all its uses reach through one parent is not mentioned again: binding the parent is enough.
  void visit(const Value& v) {
    auto [at, is_new] = uses_.try_emplace(v);
    Use& use = at->second;
    if (use.last == statement_) return;
    use.last = statement_;
    ++use.statements;
    for (const Value& operand : v->operands) visit(operand);
    if (!is_new) return;
    use.stable = is_stable(v);
    for (const Value& operand : v->operands) mention(operand, use.stable);
  }

  void mention(const Value& operand, bool by_stable) {
    Use& use = uses_.at(operand);
    use.mentions += by_stable ? 1 : 2;
  }

  bool is_worth_it(const Value& v, const Use& use) const {
    if (!use.stable || use.statements < 2 || use.mentions < 2) return false;
    if (v->op == ValueOp::constant || v->op == ValueOp::local) return false;
    if (v->op == ValueOp::index && v->type.lanes == 1) return false;
    return v->op != ValueOp::load || kernel_.buffers[v->buffer].space != BufferSpace::registers;
  }

  Value rebuilt(const Value& v) {
    Use& use = uses_.at(v);
    if (use.result) return use.result;
    std::vector<Value> operands;
    for (const Value& operand : v->operands) operands.push_back(rebuilt(operand));
    Value result = operands.empty() ? v : with_operands(*v, std::move(operands));
    if (is_worth_it(v, use)) {
      const std::string name = names_.make("shared");
      out_->push_back(make_let(name, result));
      result = local(v->type, name);
    }
    use.result = result;
    return result;
  }

  const Kernel& kernel_;
  FreshNames& names_;
  std::set<uint32_t> written_;
  std::set<std::string> bound_;
  std::map<Value, Use, ValueLess> uses_;
  uint32_t statement_ = 0;
  Block* out_ = nullptr;
};

class Sharing {
 public:
  explicit Sharing(const Kernel& kernel) : kernel_(kernel), names_(kernel) {}

  Block block(const Block& statements) {
    Block out;
    for (size_t i = 0; i < statements.size();) {
      size_t end = i;
      while (end < statements.size() && value_of(statements[end])) ++end;
      if (end == i) {
        out.push_back(nested(statements[i++]));
        continue;
      }
      run(std::span(statements).subspan(i, end - i), out);
      i = end;
    }
    return out;
  }

 private:
  Statement nested(const Statement& s) {
    if (const auto* loop = std::get_if<For>(&s.node))
      return make_for(loop->variable, loop->extent, loop->kind, block(*loop->body));
    if (const auto* branch = std::get_if<If>(&s.node)) {
      Block then_block = block(*branch->then_block);
      return make_if(branch->condition, std::move(then_block),
                     branch->else_block ? block(*branch->else_block) : Block{});
    }
    return s;
  }

  void run(std::span<const Statement> statements, Block& out) {
    Run run(kernel_, names_);
    for (const Statement& s : statements) run.look_at(s);
    for (const Statement& s : statements) run.count(s);
    for (const Statement& s : statements) run.rewrite(s, out);
  }

  const Kernel& kernel_;
  FreshNames names_;
};

}  // namespace

Kernel legalize_sharing(const Kernel& kernel) {
  Kernel result = kernel;
  result.body = Sharing(kernel).block(kernel.body);
  return result;
}

}  // namespace weft::wasm

#include "loops/vectorize.hpp"

#include <unordered_set>

#include "loops/dependence.hpp"
#include "loops/vector_body.hpp"

namespace weft::loops {
namespace {

// Loops of at most this many iterations that cannot be vectorized are written out.
constexpr int64_t kMaxScalarCopies = 16;

class RegisterUse {
 public:
  RegisterUse(const Kernel& kernel, const std::string& variable) : kernel_(kernel), variable_(variable) {}

  bool in(const Block& statements) const {
    for (const Statement& s : statements)
      if (std::visit([&](const auto& node) { return in(node); }, s.node)) return true;
    return false;
  }

 private:
  bool in(uint32_t buffer, const Expr& index) const {
    return kernel_.buffers[buffer].space == BufferSpace::registers && expr::uses(index, variable_);
  }
  bool in(const Value& v) const {
    if (!seen_.insert(v.get()).second) return false;  // what was found ended the search
    if (v->op == ValueOp::load && in(v->buffer, v->indices[0])) return true;
    for (const Value& operand : v->operands)
      if (in(operand)) return true;
    return false;
  }
  bool in(const For& loop) const { return in(*loop.body); }
  bool in(const Store& store) const { return in(store.buffer, store.index) || in(store.value); }
  bool in(const Let& let) const { return in(let.value); }
  bool in(const LetIndex& let) const { return in(let.value); }
  bool in(const If& node) const { return in(*node.then_block) || (node.else_block && in(*node.else_block)); }

  const Kernel& kernel_;
  const std::string& variable_;
  mutable std::unordered_set<const ValueNode*> seen_;
};

class Vectorizer {
 public:
  Vectorizer(const Kernel& kernel, FreshNames& fresh, uint32_t lanes)
      : kernel_(kernel), fresh_(fresh), lanes_(lanes) {}

  Block block(const Block& statements) {
    Block out;
    out.reserve(statements.size());
    for (const Statement& s : statements) statement(s, out);
    return out;
  }

 private:
  void statement(const Statement& s, Block& out) {
    if (const For* loop = std::get_if<For>(&s.node)) return for_loop(*loop, out);
    const If* node = std::get_if<If>(&s.node);
    if (!node) return out.push_back(s);
    Block then_block = block(*node->then_block);
    Block else_block;
    if (node->else_block) else_block = block(*node->else_block);
    out.push_back(make_if(node->condition, std::move(then_block), std::move(else_block)));
  }

  void for_loop(const For& loop, Block& out) {
    if (loop.kind != ForKind::vectorized)
      return out.push_back(make_for(loop.variable, loop.extent, loop.kind, block(*loop.body)));
    const auto extent = loop.extent.as_constant();
    if (!extent)
      return out.push_back(make_for(loop.variable, loop.extent, ForKind::serial, block(*loop.body)));
    if (lanes_ > 1 && *extent >= lanes_ && fits_vectors(*loop.body, loop.variable, kernel_)) {
      // Vectorized loops inside become scalar first: there is one direction for lanes.
      const Block body = Vectorizer(kernel_, fresh_, 0).block(*loop.body);
      if (independent_iterations(body, loop.variable, *extent))
        return groups(loop.variable, *extent, body, out);
    }
    scalar(loop, *extent, out);
  }

  void groups(const std::string& variable, int64_t extent, const Block& body, Block& out) {
    const int64_t count = extent / lanes_;
    if (count <= kMaxCopies || RegisterUse(kernel_, variable).in(body)) {
      for (int64_t i = 0; i < count; ++i)
        append_vector_body(body, variable, Expr(i * lanes_), lanes_, fresh_, out);
    } else {
      Block group;
      const Expr base = loop_variable(variable, Expr(count)) * Expr(static_cast<int64_t>(lanes_));
      append_vector_body(body, variable, base, lanes_, fresh_, group);
      out.push_back(make_for(variable, Expr(count), ForKind::serial, std::move(group)));
    }
    for (int64_t i = count * lanes_; i < extent; ++i) copy(variable, i, body, out);
  }

  void scalar(const For& loop, int64_t extent, Block& out) {
    if (extent > kMaxScalarCopies && !RegisterUse(kernel_, loop.variable).in(*loop.body))
      return out.push_back(make_for(loop.variable, loop.extent, ForKind::serial, block(*loop.body)));
    for (int64_t i = 0; i < extent; ++i) copy(loop.variable, i, *loop.body, out);
  }

  void copy(const std::string& variable, int64_t value, const Block& body, Block& out) {
    Block copied;
    Rebuilder({{{variable, Expr(value)}}, {}}, &fresh_).append(body, copied);
    for (const Statement& s : copied) statement(s, out);
  }

  const Kernel& kernel_;
  FreshNames& fresh_;
  uint32_t lanes_;
};

}  // namespace

Kernel vectorize(Kernel kernel, const VectorFacts& facts) {
  FreshNames fresh(kernel);
  Block body = Vectorizer(kernel, fresh, facts.bytes / 4).block(kernel.body);
  kernel.body = std::move(body);
  return kernel;
}

}  // namespace weft::loops

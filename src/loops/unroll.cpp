#include "loops/unroll.hpp"

#include "loops/rebuild.hpp"

namespace weft::loops {
namespace {

class Unroller {
 public:
  explicit Unroller(const Kernel& kernel) : fresh_(kernel) {}

  Block block(const Block& statements) {
    Block out;
    out.reserve(statements.size());
    for (const Statement& s : statements) statement(s, out);
    return out;
  }

 private:
  void statement(const Statement& s, Block& out) {
    if (const For* loop = std::get_if<For>(&s.node)) return for_loop(*loop, out);
    if (const If* node = std::get_if<If>(&s.node)) return conditional(*node, out);
    out.push_back(s);
  }

  void for_loop(const For& loop, Block& out) {
    const auto extent = loop.extent.as_constant();
    const bool replaced = loop.kind != ForKind::blocks && loop.kind != ForKind::threads && extent &&
                          (*extent <= 1 || loop.kind == ForKind::unrolled);
    if (!replaced) return out.push_back(make_for(loop.variable, loop.extent, loop.kind, block(*loop.body)));
    for (int64_t i = 0; i < *extent; ++i) splice(*loop.body, {{{loop.variable, Expr(i)}}, {}}, out);
  }

  void conditional(const If& node, Block& out) {
    const auto known = node.condition.as_constant();
    if (!known) {
      Block then_block = block(*node.then_block);
      Block else_block;
      if (node.else_block) else_block = block(*node.else_block);
      return out.push_back(make_if(node.condition, std::move(then_block), std::move(else_block)));
    }
    const auto& taken = *known != 0 ? node.then_block : node.else_block;
    if (taken) splice(*taken, {}, out);
  }

  // From the outside in: what the outer variable decides may make inner extents and conditions constant.
  void splice(const Block& body, Replacements replacements, Block& out) {
    Block copy;
    copy.reserve(body.size());
    Rebuilder(std::move(replacements), &fresh_).append(body, copy);
    for (const Statement& s : copy) statement(s, out);
  }

  FreshNames fresh_;
};

}  // namespace

Kernel unroll(Kernel kernel) {
  kernel.body = Unroller(kernel).block(kernel.body);
  return kernel;
}

}  // namespace weft::loops

#include "loops/unused.hpp"

#include <algorithm>
#include <set>

namespace weft::loops {
namespace {

/// From the last statement to the first, so that a chain of unused bindings goes as a whole. Names are unique
/// along a path; a name that another path uses only keeps a binding that could go.
class Dropper {
 public:
  Block block(const Block& statements) {
    Block out;
    for (size_t i = statements.size(); i-- > 0;) {
      Statement s = statements[i];
      if (std::visit([&](auto& node) { return keep(node); }, s.node)) out.push_back(std::move(s));
    }
    std::ranges::reverse(out);
    return out;
  }

 private:
  std::shared_ptr<const Block> block(const std::shared_ptr<const Block>& statements) {
    return statements ? std::make_shared<const Block>(block(*statements)) : nullptr;
  }

  bool keep(For& loop) {
    loop.body = block(loop.body);
    use(loop.extent);
    return true;
  }
  bool keep(Store& store) {
    use(store.index);
    use(store.value);
    return true;
  }
  bool keep(Let& let) {
    use(let.value);
    return true;
  }
  bool keep(LetIndex& let) {
    if (!used_.contains(let.variable.name)) return false;
    use(let.value);
    return true;
  }
  bool keep(If& node) {
    node.then_block = block(node.then_block);
    node.else_block = block(node.else_block);
    use(node.condition);
    return true;
  }

  void use(const Expr& e) { used_.merge(expr::variables(e)); }

  void use(const Value& v) {
    if (!seen_.insert(v.get()).second) return;
    for (const Expr& e : v->indices) use(e);
    if (v->predicate) use(*v->predicate);
    for (const Value& operand : v->operands) use(operand);
  }

  std::set<std::string> used_;
  std::set<const ValueNode*> seen_;
};

}  // namespace

Kernel drop_unused_indices(Kernel kernel) {
  kernel.body = Dropper().block(kernel.body);
  return kernel;
}

}  // namespace weft::loops

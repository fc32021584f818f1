#include "loops/symbols.hpp"

#include <set>
#include <unordered_set>

namespace weft::loops {
namespace {

class Collector {
 public:
  std::set<std::string> run(const Kernel& kernel) {
    for (const Buffer& buffer : kernel.buffers) visit(buffer.elements);
    visit(kernel.body);
    return std::move(names_);
  }

 private:
  void visit(const Expr& e) { names_.merge(expr::variables(e)); }
  void visit(const Block& block) {
    for (const Statement& statement : block)
      std::visit([&](const auto& node) { visit(node); }, statement.node);
  }
  void visit(const For& loop) {
    visit(loop.extent);
    visit(*loop.body);
  }
  void visit(const Store& store) {
    visit(store.index);
    visit(store.value);
  }
  void visit(const Let& let) { visit(let.value); }
  void visit(const LetIndex& let) { visit(let.value); }
  void visit(const If& node) {
    visit(node.condition);
    visit(*node.then_block);
    if (node.else_block) visit(*node.else_block);
  }
  void visit(const Value& value) {
    if (!seen_.insert(value.get()).second) return;
    for (const Expr& index : value->indices) visit(index);
    if (value->predicate) visit(*value->predicate);
    for (const Value& operand : value->operands) visit(operand);
  }

  std::set<std::string> names_;
  std::unordered_set<const ValueNode*> seen_;
};

}  // namespace

Kernel with_symbols(Kernel kernel, const std::map<std::string, expr::Variable, std::less<>>& symbols) {
  if (symbols.empty()) return kernel;
  const std::set<std::string> names = Collector().run(kernel);
  for (const auto& [name, symbol] : symbols)
    if (names.contains(name)) kernel.symbols.emplace(name, symbol);
  return kernel;
}

}  // namespace weft::loops

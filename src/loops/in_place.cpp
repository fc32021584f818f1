#include "loops/in_place.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace weft::loops {
namespace {

class Merger {
 public:
  Merger(uint32_t operand, uint32_t result) : operand_(operand), result_(result) {}

  uint32_t number(uint32_t buffer) const {
    const uint32_t merged = buffer == operand_ ? result_ : buffer;
    return merged > operand_ ? merged - 1 : merged;
  }

  Block block(const Block& statements) const {
    Block out;
    for (const Statement& statement : statements)
      out.push_back(std::visit([&](const auto& node) { return Statement{copy(node)}; }, statement.node));
    return out;
  }

 private:
  Value value(const Value& v) const {
    return rewrite(v, [&](const Value& node) {
      if (node->op != ValueOp::load || number(node->buffer) == node->buffer) return node;
      ValueNode moved = *node;
      moved.buffer = number(node->buffer);
      return Value(std::make_shared<const ValueNode>(std::move(moved)));
    });
  }

  std::shared_ptr<const Block> shared(const std::shared_ptr<const Block>& statements) const {
    return statements ? std::make_shared<const Block>(block(*statements)) : nullptr;
  }

  For copy(For loop) const {
    loop.body = shared(loop.body);
    return loop;
  }
  Store copy(const Store& store) const { return {number(store.buffer), store.index, value(store.value)}; }
  Let copy(const Let& let) const { return {let.name, value(let.value)}; }
  LetIndex copy(const LetIndex& let) const { return {let.variable, value(let.value)}; }
  If copy(const If& node) const { return {node.condition, shared(node.then_block), shared(node.else_block)}; }

  uint32_t operand_, result_;
};

}  // namespace

Kernel in_place(Kernel kernel, uint32_t operand, uint32_t result) {
  Buffer &kept = kernel.buffers[result], &dropped = kernel.buffers[operand];
  WEFT_CHECK(operand != result && kept.space == BufferSpace::write && dropped.space == BufferSpace::read &&
                 kept.dtype == dropped.dtype,
             kernel.name);
  kept.space = BufferSpace::read_write;
  kept.slack = std::max(kept.slack, dropped.slack);
  kernel.body = Merger(operand, result).block(kernel.body);
  kernel.buffers.erase(kernel.buffers.begin() + operand);
  return kernel;
}

}  // namespace weft::loops

#include "targets/wasm/emit_registers.hpp"

#include <algorithm>
#include <unordered_set>

#include "base/check.hpp"
#include "targets/wasm/emit_table.hpp"

namespace weft::wasm {

using namespace loops;

namespace {

int64_t element(const Kernel& kernel, uint32_t buffer, const Expr& index) {
  const auto constant = index.as_constant();
  WEFT_CHECK(constant, "a register with an index that is not constant: " + kernel.buffers[buffer].name + "[" +
                           expr::print(index) + "]");
  return *constant;
}

}  // namespace

Registers::Registers(const Kernel& kernel, Locals& locals) : kernel_(kernel) {
  collect(kernel.body);
  // Scalars that a vector covers have no local of their own.
  for (auto at = groups_.begin(); at != groups_.end();) {
    const auto next = std::next(at);
    const int64_t end = at->first.second + at->second.lanes;
    auto inner = next;
    while (inner != groups_.end() && inner->first.first == at->first.first && inner->first.second < end) {
      WEFT_CHECK(inner->second.lanes == 1,
                 "vectors of registers overlap: " + kernel.buffers[at->first.first].name);
      inner = groups_.erase(inner);
    }
    at->second.local = locals.make(val_type({kernel.buffers[at->first.first].dtype, at->second.lanes}), true);
    at = inner;
  }
}

void Registers::add(uint32_t buffer, const Expr& index, uint32_t lanes) {
  if (kernel_.buffers[buffer].space != BufferSpace::registers) return;
  Group& group = groups_[{buffer, element(kernel_, buffer, index)}];
  WEFT_CHECK(group.lanes == lanes || group.lanes == 1 || lanes == 1,
             "registers are used with two vector widths");
  group.lanes = std::max(group.lanes, lanes);
}

void Registers::collect(const Value& value) {
  std::vector<const ValueNode*> open = {value.get()};
  std::unordered_set<const ValueNode*> seen;
  while (!open.empty()) {
    const ValueNode* node = open.back();
    open.pop_back();
    if (!seen.insert(node).second) continue;
    if (node->op == ValueOp::load) add(node->buffer, node->indices[0], node->type.lanes);
    for (const Value& operand : node->operands) open.push_back(operand.get());
  }
}

void Registers::collect(const Block& block) {
  for (const Statement& statement : block) {
    if (const auto* loop = std::get_if<For>(&statement.node)) collect(*loop->body);
    if (const auto* let = std::get_if<Let>(&statement.node)) collect(let->value);
    if (const auto* let = std::get_if<LetIndex>(&statement.node)) collect(let->value);
    if (const auto* store = std::get_if<Store>(&statement.node)) {
      add(store->buffer, store->index, store->value->type.lanes);
      collect(store->value);
    }
    if (const auto* branch = std::get_if<If>(&statement.node)) {
      collect(*branch->then_block);
      if (branch->else_block) collect(*branch->else_block);
    }
  }
}

Registers::Slot Registers::find(uint32_t buffer, const Expr& index, uint32_t lanes) const {
  const int64_t wanted = element(kernel_, buffer, index);
  auto at = groups_.upper_bound({buffer, wanted});
  WEFT_CHECK(at != groups_.begin());
  --at;
  const Group& group = at->second;
  const Type type{kernel_.buffers[buffer].dtype, group.lanes};
  const uint32_t lane = static_cast<uint32_t>(wanted - at->first.second);
  WEFT_CHECK(at->first.first == buffer && lane < group.lanes &&
             (lanes == 1 || (lane == 0 && lanes == group.lanes)));
  if (lanes == group.lanes) return {group.local, type, {}};
  return {group.local, type, lane};
}

}  // namespace weft::wasm

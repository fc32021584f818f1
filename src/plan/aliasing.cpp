#include "plan/aliasing.hpp"

#include <algorithm>
#include <numeric>
#include <set>

namespace weft::plan {
namespace {

using loops::Block;
using loops::Value;
using loops::ValueNode;
using loops::ValueOp;

struct Touch {
  expr::Linear index;
  int64_t lanes = 1;
};

/// Every index at which a kernel loads from or stores to one of its buffers.
class Collector {
 public:
  explicit Collector(uint32_t buffer) : buffer_(buffer) {}

  std::vector<Touch> collect(const Block& block) {
    visit(block);
    return std::move(touches_);
  }

 private:
  void visit(const Block& block) {
    for (const loops::Statement& statement : block)
      std::visit([&](const auto& node) { visit(node); }, statement.node);
  }
  void visit(const loops::For& loop) { visit(*loop.body); }
  void visit(const loops::Let& let) { visit(let.value); }
  void visit(const loops::LetIndex& let) { visit(let.value); }
  void visit(const loops::Store& store) {
    if (store.buffer == buffer_) touches_.push_back({expr::linear(store.index), store.value->type.lanes});
    visit(store.value);
  }
  void visit(const loops::If& node) {
    visit(*node.then_block);
    if (node.else_block) visit(*node.else_block);
  }
  void visit(const Value& value) {
    if (!seen_.insert(value.get()).second) return;
    if (value->op == ValueOp::load && value->buffer == buffer_)
      touches_.push_back({expr::linear(value->indices[0]), value->type.lanes});
    for (const Value& operand : value->operands) visit(operand);
  }

  uint32_t buffer_;
  std::vector<Touch> touches_;
  std::set<const ValueNode*> seen_;
};

struct Span {
  int64_t first = 0, last = 0;
};

/// The remainders modulo `period` that the touches use, as one span; nothing when they wrap around.
std::optional<Span> remainders(const std::vector<Touch>& touches, int64_t period, int64_t offset) {
  std::optional<Span> all;
  for (const Touch& touch : touches) {
    expr::Linear rest = touch.index;
    std::erase_if(rest.terms, [&](const expr::Term& term) { return term.coefficient % period == 0; });
    const expr::Interval range = expr::bounds(expr::from_linear(rest));
    if (!range.min || !range.max) return std::nullopt;
    const int64_t low = *range.min + offset;
    const int64_t first = (low % period + period) % period;
    const int64_t last = first + (*range.max - *range.min) + touch.lanes - 1;
    if (last >= period) return std::nullopt;
    if (!all) all = Span{first, last};
    all->first = std::min(all->first, first);
    all->last = std::max(all->last, last);
  }
  return all;
}

/// Strides, and what they have in common with the steps from the first index to the others: unrolled loops
/// leave only those.
void add_periods(const std::vector<Touch>& touches, std::set<int64_t>& periods) {
  std::set<int64_t> strides;
  for (const Touch& touch : touches)
    for (const expr::Term& term : touch.index.terms)
      if (term.coefficient > 1) strides.insert(term.coefficient);
  for (const Touch& touch : touches)
    for (const int64_t stride : strides)
      periods.insert(std::gcd(stride, touch.index.constant - touches[0].index.constant));
}

}  // namespace

bool never_meet(const loops::Kernel& kernel, const Window& a, const Window& b) {
  const loops::Buffer &first = kernel.buffers[a.parameter], &second = kernel.buffers[b.parameter];
  const auto end = [](const Window& window, const loops::Buffer& buffer) {
    return window.offset + buffer.elements * static_cast<int64_t>(byte_size(buffer.dtype));
  };
  if (expr::always(expr::less_equal(end(b, second), a.offset)) ||
      expr::always(expr::less_equal(end(a, first), b.offset)))
    return true;
  const auto size = static_cast<int64_t>(byte_size(first.dtype));
  const auto first_byte = a.offset.as_constant(), second_byte = b.offset.as_constant();
  if (!first_byte || !second_byte || first.dtype != second.dtype || *first_byte % size != 0 ||
      *second_byte % size != 0)
    return false;
  const std::vector<Touch> by_first = Collector(a.parameter).collect(kernel.body);
  const std::vector<Touch> by_second = Collector(b.parameter).collect(kernel.body);
  if (by_first.empty() || by_second.empty()) return true;
  std::set<int64_t> periods;
  add_periods(by_first, periods);
  add_periods(by_second, periods);
  for (const int64_t period : periods) {
    const auto x = remainders(by_first, period, *first_byte / size);
    const auto y = remainders(by_second, period, *second_byte / size);
    if (x && y && (x->last < y->first || y->last < x->first)) return true;
  }
  return false;
}

}  // namespace weft::plan

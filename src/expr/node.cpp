#include "expr/node.hpp"

#include "expr/integer.hpp"

namespace weft::expr {
namespace {

constexpr int64_t kSharedMin = -64, kSharedMax = 1024;

std::shared_ptr<const Node> new_constant(int64_t value) {
  auto node = std::make_shared<Node>();
  node->value = value;
  compute_facts(*node);
  return node;
}

// Most constants are small: they share their nodes.
const std::vector<std::shared_ptr<const Node>>& shared_constants() {
  static const std::vector<std::shared_ptr<const Node>> nodes = [] {
    std::vector<std::shared_ptr<const Node>> made;
    made.reserve(kSharedMax - kSharedMin + 1);
    for (int64_t v = kSharedMin; v <= kSharedMax; ++v) made.push_back(new_constant(v));
    return made;
  }();
  return nodes;
}

}  // namespace

Expr::Expr(int64_t value)
    : node_(value >= kSharedMin && value <= kSharedMax
                ? shared_constants()[static_cast<size_t>(value - kSharedMin)]
                : new_constant(value)) {}

Kind Expr::kind() const { return node_->kind; }

std::optional<int64_t> Expr::as_constant() const {
  if (node_->kind != Kind::constant) return std::nullopt;
  return node_->value;
}

Expr variable(std::string name, Interval range, int64_t multiple_of) {
  WEFT_CHECK(multiple_of >= 1, name);
  WEFT_CHECK(!range.min || !range.max || *range.min <= *range.max, name);
  auto node = std::make_shared<Node>();
  node->kind = Kind::variable;
  node->variable = {std::move(name), range, multiple_of};
  compute_facts(*node);
  return Expr(std::shared_ptr<const Node>(std::move(node)));
}

Expr make_node(Kind kind, std::vector<Expr> operands) {
  auto node = std::make_shared<Node>();
  node->kind = kind;
  node->operands = std::move(operands);
  compute_facts(*node);
  return Expr(std::shared_ptr<const Node>(std::move(node)));
}

bool is_boolean(Kind kind) { return kind >= Kind::less && kind <= Kind::logical_not; }

}  // namespace weft::expr

#include "loops/dependence.hpp"

#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <set>

namespace weft::loops {
namespace {

struct Less {
  bool operator()(const Expr& a, const Expr& b) const { return expr::compare(a, b) < 0; }
};

struct Touched {
  std::set<Expr, Less> stored, loaded;
};

class Collector {
 public:
  std::map<uint32_t, Touched> buffers;
  std::set<std::string> bound;

  void block(const Block& statements) {
    for (const Statement& s : statements) std::visit([&](const auto& node) { visit(node); }, s.node);
  }

 private:
  void visit(const For& loop) {
    bound.insert(loop.variable);
    block(*loop.body);
  }
  void visit(const Store& store) {
    buffers[store.buffer].stored.insert(store.index);
    value(store.value);
  }
  void visit(const Let& let) { value(let.value); }
  void visit(const LetIndex& let) {
    bound.insert(let.variable.name);
    value(let.value);
  }
  void visit(const If& node) {
    block(*node.then_block);
    if (node.else_block) block(*node.else_block);
  }
  void value(const Value& v) {
    if (!seen_.insert(v.get()).second) return;
    if (v->op == ValueOp::load) buffers[v->buffer].loaded.insert(v->indices[0]);
    for (const Value& operand : v->operands) value(operand);
  }

  std::set<const ValueNode*> seen_;
};

// index = stride * variable + outer + something divisible by `step` (0: nothing), which the body's own
// variables decide.
struct Shape {
  int64_t stride = 0;
  Expr outer;
  int64_t step = 0;
};

std::optional<Shape> shape_of(const Expr& index, const std::string& variable,
                              const std::set<std::string>& bound) {
  const auto split = expr::split_linear(index, variable);
  if (!split || !split->coefficient.as_constant()) return std::nullopt;
  Shape shape;
  shape.stride = *split->coefficient.as_constant();
  const expr::Linear rest = expr::linear(split->rest);
  expr::Linear outer{rest.constant, {}};
  for (const expr::Term& t : rest.terms) {
    const std::set<std::string> names = expr::variables(t.atom);
    const bool inner = std::any_of(names.begin(), names.end(),
                                   [&](const std::string& name) { return bound.contains(name); });
    if (inner) shape.step = std::gcd(shape.step, t.coefficient);
    else outer.terms.push_back(t);
  }
  shape.outer = expr::from_linear(outer);
  return shape;
}

// Whether stride * d + distance is a multiple of step for some 0 < |d| < extent.
bool may_meet(int64_t stride, int64_t distance, int64_t step, int64_t extent) {
  if (step == 0) return distance != 0 && distance % stride == 0 && std::abs(distance / stride) < extent;
  constexpr int64_t kMaxSearch = 1 << 16;
  const int64_t last = std::min(extent - 1, step);  // the remainders repeat
  if (last > kMaxSearch) return true;
  for (int64_t d = 1; d <= last; ++d)
    if ((stride * d + distance) % step == 0 || (stride * -d + distance) % step == 0) return true;
  return false;
}

bool apart(const Touched& touched, const std::string& variable, const std::set<std::string>& bound,
           int64_t extent) {
  std::vector<Shape> stored, all;
  for (const Expr& index : touched.stored) {
    const auto shape = shape_of(index, variable, bound);
    if (!shape || shape->stride == 0) return false;
    stored.push_back(*shape);
  }
  all = stored;
  for (const Expr& index : touched.loaded) {
    const auto shape = shape_of(index, variable, bound);
    if (!shape) return false;
    all.push_back(*shape);
  }
  for (const Shape& a : stored) {
    for (const Shape& b : all) {
      const auto distance = (a.outer - b.outer).as_constant();
      if (a.stride != b.stride || !distance) return false;
      if (may_meet(a.stride, *distance, std::gcd(a.step, b.step), extent)) return false;
    }
  }
  return true;
}

}  // namespace

bool independent_iterations(const Block& body, const std::string& variable, int64_t extent) {
  Collector collector;
  collector.block(body);
  for (const auto& [buffer, touched] : collector.buffers)
    if (!touched.stored.empty() && !apart(touched, variable, collector.bound, extent)) return false;
  return true;
}

}  // namespace weft::loops

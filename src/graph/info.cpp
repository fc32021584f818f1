#include <array>

#include "graph/graph.hpp"

namespace weft::graph {
namespace {

constexpr auto kOps = std::to_array<OpInfo>({
#define WEFT_OP(name, op_class, min_inputs, max_inputs, ...) {#name, OpClass::op_class, min_inputs, max_inputs},
#include "graph/ops.def"
#undef WEFT_OP
});

}  // namespace

const OpInfo& info(Op op) { return kOps[static_cast<size_t>(op)]; }

std::optional<Op> parse_op(std::string_view name) {
  for (size_t i = 0; i < kOps.size(); ++i)
    if (kOps[i].name == name) return static_cast<Op>(i);
  return std::nullopt;
}

std::string to_string(const Type& type) {
  std::string text(weft::to_string(type.dtype));
  text += '[';
  for (size_t i = 0; i < type.shape.size(); ++i) text += (i == 0 ? "" : ", ") + expr::print(type.shape[i]);
  return text + ']';
}

std::optional<Ints> constant_shape(const Shape& shape) {
  Ints extents;
  for (const expr::Expr& extent : shape) {
    const auto value = extent.as_constant();
    if (!value) return std::nullopt;
    extents.push_back(*value);
  }
  return extents;
}

Shape make_shape(const Ints& extents) { return Shape(extents.begin(), extents.end()); }

expr::Expr element_count(const Shape& shape) { return expr::product(shape); }

}  // namespace weft::graph

// Elementwise operations with an operand that changes nothing, casts, and select.
#include <algorithm>
#include <optional>
#include <span>

#include "passes/simplify.hpp"

namespace weft::passes {

using graph::kNoValue;
using graph::Node;
using graph::Op;
using graph::ValueId;

namespace {

/// The bits of the element that a constant repeats.
std::optional<uint64_t> uniform_bits(const Rewriting& r, ValueId value) {
  const auto found = r.g.constants.find(value);
  if (found == r.g.constants.end()) return std::nullopt;
  const auto* bytes = std::get_if<std::vector<uint8_t>>(&found->second);
  const size_t width = byte_size(r.type(value).dtype);
  if (bytes == nullptr || bytes->size() < width) return std::nullopt;
  const std::span<const uint8_t> first(bytes->data(), width);
  for (size_t at = width; at < bytes->size(); at += width)
    if (!std::ranges::equal(first, std::span(bytes->data() + at, width))) return std::nullopt;
  uint64_t bits = 0;
  for (size_t i = width; i-- > 0;) bits = bits << 8 | first[i];
  return bits;
}

uint64_t one_bits(DType dtype) {
  switch (dtype) {
    case DType::f64: return 0x3ff0000000000000;
    case DType::f32: return 0x3f800000;
    case DType::f16: return 0x3c00;
    case DType::bf16: return 0x3f80;
    default: return 1;
  }
}

uint64_t negative_zero_bits(DType dtype) {
  return is_float(dtype) ? uint64_t{1} << (info(dtype).bits - 1) : 0;
}

/// The operand e with x op e == x in every bit: -0 for float sums, because -0 + 0 is 0.
struct Neutral {
  Op op;
  bool commutes;
  uint64_t (*bits)(DType);
};
uint64_t zero_bits(DType) { return 0; }
constexpr Neutral kNeutral[] = {
    {Op::add, true, negative_zero_bits}, {Op::sub, false, zero_bits},       {Op::mul, true, one_bits},
    {Op::div, false, one_bits},          {Op::logical_and, true, one_bits}, {Op::logical_or, true, zero_bits},
    {Op::logical_xor, true, zero_bits},
};

/// The node's result is `x`, broadcast when the other operands are larger.
ValueId stand_for(const Rewriting& r, Node& node, ValueId x) {
  if (r.shape(x) == r.shape(node.output)) return x;
  node.op = Op::expand;
  node.attributes = graph::ReshapeAttributes{r.shape(node.output)};
  node.inputs = {x};
  return kNoValue;
}

ValueId binary(const Rewriting& r, Node& node) {
  for (const Neutral& neutral : kNeutral) {
    if (neutral.op != node.op) continue;
    const uint64_t wanted = neutral.bits(r.type(node.inputs[0]).dtype);
    if (uniform_bits(r, node.inputs[1]) == wanted) return stand_for(r, node, node.inputs[0]);
    if (neutral.commutes && uniform_bits(r, node.inputs[0]) == wanted)
      return stand_for(r, node, node.inputs[1]);
  }
  return kNoValue;
}

ValueId select(const Rewriting& r, Node& node) {
  if (node.inputs[1] == node.inputs[2]) return stand_for(r, node, node.inputs[1]);
  const auto condition = uniform_bits(r, node.inputs[0]);
  return condition ? stand_for(r, node, node.inputs[*condition != 0 ? 1 : 2]) : kNoValue;
}

struct Precision {
  DType dtype;
  int bits;      ///< integers up to 2^bits are exact
  int exponent;  ///< of the largest power of two; the smallest number follows from both
};
constexpr Precision kFloats[] = {
    {DType::f16, 11, 15}, {DType::bf16, 8, 127}, {DType::f32, 24, 127}, {DType::f64, 53, 1023}};

const Precision* precision(DType dtype) {
  const auto found = std::ranges::find(kFloats, dtype, &Precision::dtype);
  return found == std::end(kFloats) ? nullptr : found;
}

/// Whether every value of one type has its equal in the other.
bool is_exact(DType from, DType to) {
  if (from == to) return true;
  const Precision* a = precision(from);
  const Precision* b = precision(to);
  if (to == DType::boolean || (a != nullptr && b == nullptr)) return false;
  if (a != nullptr) return a->bits <= b->bits && a->exponent <= b->exponent;
  const int bits = from == DType::boolean ? 1 : static_cast<int>(info(from).bits) - (is_signed(from) ? 1 : 0);
  if (b != nullptr) return bits <= b->bits && bits <= b->exponent;
  if (is_signed(from) && !is_signed(to)) return false;
  return bits <= static_cast<int>(info(to).bits) - (is_signed(to) ? 1 : 0);
}

/// A cast converts the value, so an exact one before it changes nothing.
ValueId cast(const Rewriting& r, Node& node) {
  const Node* inner = r.producer(node.inputs[0], Op::cast);
  if (inner != nullptr && is_exact(r.type(inner->inputs[0]).dtype, r.type(inner->output).dtype))
    node.inputs[0] = inner->inputs[0];
  return r.type(node.inputs[0]).dtype == r.type(node.output).dtype ? node.inputs[0] : kNoValue;
}

/// f(f(x)) == x
bool undoes_itself(Op op) { return op == Op::neg || op == Op::logical_not; }
/// f(f(x)) == f(x)
bool is_idempotent(Op op) {
  return op == Op::abs || op == Op::floor || op == Op::ceil || op == Op::round || op == Op::sign;
}

ValueId unary(const Rewriting& r, Node& node) {
  const Node* inner = r.producer(node.inputs[0], node.op);
  if (inner == nullptr) return kNoValue;
  if (undoes_itself(node.op)) return inner->inputs[0];
  return is_idempotent(node.op) ? inner->output : kNoValue;
}

}  // namespace

ValueId simplify_elementwise(const Rewriting& r, Node& node) {
  if (node.inputs.empty()) return kNoValue;
  if (node.op == Op::cast) return cast(r, node);
  if (node.op == Op::select) return select(r, node);
  return node.inputs.size() == 2 ? binary(r, node) : unary(r, node);
}

}  // namespace weft::passes

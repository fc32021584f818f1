#include "loops/parse_value.hpp"

#include <charconv>
#include <cstdlib>
#include <limits>

#include "loops/fold.hpp"
#include "loops/lane.hpp"
#include "loops/types.hpp"

namespace weft::loops {
namespace {

using BufferNames = std::map<std::string, uint32_t, std::less<>>;

template <class Int>
bool read_integer(std::string_view text, Int& value, int base = 10) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return error == std::errc() && end == text.data() + text.size();
}

// strtod also reads hexadecimal and names; only decimal digits may reach it.
std::optional<uint64_t> read_float(DType type, std::string_view text) {
  if (text == "inf") return float_lane(type, std::numeric_limits<double>::infinity());
  if (text == "-inf") return float_lane(type, -std::numeric_limits<double>::infinity());
  if (text == "nan") return float_lane(type, std::numeric_limits<double>::quiet_NaN());
  if (text.find_first_not_of("0123456789.eE+-") != std::string_view::npos) return std::nullopt;
  const std::string copy(text);
  char* end = nullptr;
  const double value = type == DType::f32 ? static_cast<double>(std::strtof(copy.c_str(), &end))
                                          : std::strtod(copy.c_str(), &end);
  if (end != copy.c_str() + copy.size()) return std::nullopt;
  return float_lane(type, value);
}

std::optional<uint64_t> read_bits(DType type, std::string_view text) {
  if (is_float(type)) return read_float(type, text);
  if (is_signed(type)) {
    int64_t value = 0;
    if (!read_integer(text, value)) return std::nullopt;
    const uint64_t bits = integer_lane(type, value);
    return lane_integer(type, bits) == value ? std::optional(bits) : std::nullopt;
  }
  uint64_t value = 0;
  if (!read_integer(text, value)) return std::nullopt;
  const uint64_t most = type == DType::boolean ? 1 : lane_mask(type);
  return value <= most ? std::optional(value) : std::nullopt;
}

class ValueParser {
 public:
  ValueParser(Scanner& scanner, const Scope& scope, const BufferNames& buffers)
      : scanner_(scanner), scope_(scope), buffers_(buffers) {}

  Value parse(int depth) {
    if (depth > kMaxDepth) scanner_.fail("values are nested too deeply");
    std::string word(scanner_.word());
    const bool predicated = word == "load_if" || word == "access_if";
    if (predicated) word.resize(word.size() - 3);
    const auto op = parse_value_op(word);
    if (!op) scanner_.fail("there is no operation `" + word + "`");
    if (scanner_.failed()) return {};
    ValueNode node;
    node.op = *op;
    read(node, predicated, depth + 1);
    return finish(std::move(node));
  }

 private:
  Value finish(ValueNode node) {
    if (scanner_.failed()) return {};
    const std::string error = type_error(node);
    if (error.empty()) return fold(std::move(node));
    scanner_.fail(std::string(info(node.op).name) + ": " + error);
    return {};
  }

  void read(ValueNode& node, bool predicated, int depth) {
    switch (node.op) {
      case ValueOp::constant: return constant(node);
      case ValueOp::index: return index(node);
      case ValueOp::local:
        node.type = type();
        node.name = scanner_.name();
        return;
      case ValueOp::access:
      case ValueOp::load: return memory(node, predicated, depth);
      case ValueOp::cast:
      case ValueOp::bitcast:
        node.type.dtype = dtype();
        operand(node, depth);
        if (!node.operands.empty()) node.type.lanes = node.operands[0]->type.lanes;
        return;
      case ValueOp::broadcast:
        node.type.lanes = lane_count();
        operand(node, depth);
        if (!node.operands.empty()) node.type.dtype = node.operands[0]->type.dtype;
        return;
      case ValueOp::extract:
        node.bits = static_cast<uint64_t>(scanner_.integer(0, kMaxLanes));
        operand(node, depth);
        if (!node.operands.empty()) node.type.dtype = node.operands[0]->type.dtype;
        return;
      default: return call(node, depth);
    }
  }

  uint32_t lane_count() { return static_cast<uint32_t>(scanner_.integer(1, kMaxLanes)); }

  DType dtype() {
    const auto found = parse_dtype(scanner_.word());
    if (!found) scanner_.fail("expected an element type");
    return found.value_or(DType::f32);
  }

  Type type() {
    const std::string_view word = scanner_.word();
    const size_t cross = word.find('x');
    const auto found = parse_dtype(word.substr(0, cross));
    Type result;
    if (cross != std::string_view::npos &&
        (!read_integer(word.substr(cross + 1), result.lanes) || result.lanes > kMaxLanes))
      scanner_.fail("a bad number of lanes");
    if (!found) scanner_.fail("expected a type");
    result.dtype = found.value_or(DType::f32);
    return result;
  }

  void constant(ValueNode& node) {
    node.type = type();
    if (scanner_.take_word("bits")) {
      std::string_view text = scanner_.number();
      if (!text.starts_with("0x") || !read_integer(text.substr(2), node.bits, 16))
        scanner_.fail("expected hexadecimal bits");
      return;
    }
    const auto bits = read_bits(node.type.dtype, scanner_.number());
    if (!bits) scanner_.fail("a constant that its type does not hold");
    node.bits = bits.value_or(0);
  }

  void index(ValueNode& node) {
    node.type = type();
    scanner_.expect("(");
    node.indices.push_back(scanner_.expression(scope_));
    node.indices.push_back(0);
    if (node.type.lanes > 1) {
      scanner_.expect(",");
      node.indices[1] = scanner_.expression(scope_);
    }
    scanner_.expect(")");
  }

  void memory(ValueNode& node, bool predicated, int depth) {
    node.type = type();
    const auto found = buffers_.find(scanner_.name());
    if (found == buffers_.end()) scanner_.fail("there is no such buffer");
    else node.buffer = found->second;
    scanner_.expect("[");
    if (!scanner_.take("]")) {
      do node.indices.push_back(scanner_.expression(scope_));
      while (scanner_.take(","));
      scanner_.expect("]");
    }
    if (!predicated) return;
    scanner_.expect_word("when");
    node.predicate = scanner_.expression(scope_, "else");
    scanner_.expect_word("else");
    push(node, depth);
  }

  void push(ValueNode& node, int depth) {
    Value v = scanner_.failed() ? Value() : parse(depth);
    if (v) node.operands.push_back(std::move(v));
  }

  void operand(ValueNode& node, int depth) {
    scanner_.expect("(");
    push(node, depth);
    scanner_.expect(")");
  }

  void call(ValueNode& node, int depth) {
    scanner_.expect("(");
    do push(node, depth);
    while (scanner_.take(","));
    scanner_.expect(")");
    if (node.operands.empty()) return;
    if (node.op == ValueOp::select) {
      if (node.operands.size() == 3) node.type = node.operands[1]->type;
    } else if (node.op == ValueOp::lanes) {
      node.type = {node.operands[0]->type.dtype, static_cast<uint32_t>(node.operands.size())};
    } else {
      node.type = node.operands[0]->type;
      if (info(node.op).result == ResultRule::boolean) node.type.dtype = DType::boolean;
    }
  }

  Scanner& scanner_;
  const Scope& scope_;
  const BufferNames& buffers_;
};

}  // namespace

Value parse_value(Scanner& scanner, const Scope& scope, const BufferNames& buffers, int depth) {
  return ValueParser(scanner, scope, buffers).parse(depth);
}

}  // namespace weft::loops

#include "targets/wgsl/print_value.hpp"

#include <fmt/format.h>

#include <bit>
#include <cmath>

#include "base/check.hpp"
#include "loops/lane.hpp"

namespace weft::wgsl {
namespace {

using namespace loops;

/// How an operation prints: {0}, {1}, {2} are its operands. Empty: not for these types.
struct Form {
  ValueOp op;
  const char* floating;
  const char* i32;
  const char* u32;
  const char* boolean;
};

// WGSL leaves open what min and max do with NaN and what division by zero gives; functions of the prelude say
// it (module.cpp).
constexpr Form kForms[] = {
    {ValueOp::neg, "(-{0})", "(-{0})", "(0u - {0})", ""},
    {ValueOp::abs, "abs({0})", "abs({0})", "{0}", ""},
    {ValueOp::floor, "floor({0})", "", "", ""},
    {ValueOp::ceil, "ceil({0})", "", "", ""},
    {ValueOp::trunc, "trunc({0})", "", "", ""},
    {ValueOp::nearest, "round({0})", "", "", ""},
    {ValueOp::sqrt, "sqrt({0})", "", "", ""},
    {ValueOp::bit_not, "", "(~{0})", "(~{0})", ""},
    {ValueOp::logical_not, "", "", "", "(!{0})"},
    {ValueOp::add, "({0} + {1})", "({0} + {1})", "({0} + {1})", ""},
    {ValueOp::sub, "({0} - {1})", "({0} - {1})", "({0} - {1})", ""},
    {ValueOp::mul, "({0} * {1})", "({0} * {1})", "({0} * {1})", ""},
    {ValueOp::div, "({0} / {1})", "div_i32({0}, {1})", "div_u32({0}, {1})", ""},
    {ValueOp::rem, "", "rem_i32({0}, {1})", "rem_u32({0}, {1})", ""},
    {ValueOp::min, "min_f32({0}, {1})", "min({0}, {1})", "min({0}, {1})", ""},
    {ValueOp::max, "max_f32({0}, {1})", "max({0}, {1})", "max({0}, {1})", ""},
    {ValueOp::bit_and, "", "({0} & {1})", "({0} & {1})", ""},
    {ValueOp::bit_or, "", "({0} | {1})", "({0} | {1})", ""},
    {ValueOp::bit_xor, "", "({0} ^ {1})", "({0} ^ {1})", ""},
    {ValueOp::shift_left, "", "({0} << (u32({1}) & 31u))", "({0} << ({1} & 31u))", ""},
    {ValueOp::shift_right, "", "({0} >> (u32({1}) & 31u))", "({0} >> ({1} & 31u))", ""},
    {ValueOp::equal, "({0} == {1})", "({0} == {1})", "({0} == {1})", "({0} == {1})"},
    {ValueOp::less, "({0} < {1})", "({0} < {1})", "({0} < {1})", ""},
    {ValueOp::less_equal, "({0} <= {1})", "({0} <= {1})", "({0} <= {1})", ""},
    {ValueOp::logical_and, "", "", "", "({0} && {1})"},
    {ValueOp::logical_or, "", "", "", "({0} || {1})"},
    {ValueOp::muladd, "({0} * {1} + {2})", "({0} * {1} + {2})", "({0} * {1} + {2})", ""},
};

const char* form_of(ValueOp op, DType type) {
  for (const Form& form : kForms) {
    if (form.op != op) continue;
    if (type == DType::boolean) return form.boolean;
    return is_float(type) ? form.floating : is_signed(type) ? form.i32 : form.u32;
  }
  return "";
}

bool is_leaf(const ValueNode& v) { return v.op == ValueOp::constant || v.op == ValueOp::local; }

std::string print_float(uint32_t bits) {
  const float value = std::bit_cast<float>(bits);
  if ((bits & 0x7f800000u) == 0x7f800000u) return fmt::format("from_bits({:#010x}u)", bits);
  // Decimals that surely read back; everything else by its bits.
  const double scaled = static_cast<double>(value) * 256;
  if (std::abs(scaled) < 1e6 && scaled == std::trunc(scaled) && bits != 0x80000000u) {
    const std::string text = fmt::format("{}", static_cast<double>(value));
    const std::string literal = text + (text.find('.') == std::string::npos ? ".0f" : "f");
    return value < 0 ? "(" + literal + ")" : literal;
  }
  return fmt::format("bitcast<f32>({:#010x}u)", bits);
}

}  // namespace

std::string type_name(DType type) {
  switch (type) {
    case DType::f32: return "f32";
    case DType::i32: return "i32";
    case DType::u32: return "u32";
    case DType::boolean: return "bool";
    default: WEFT_UNREACHABLE("a type that legalize refuses");
  }
}

std::string print_constant(DType type, uint64_t bits) {
  const auto word = static_cast<uint32_t>(bits);
  switch (type) {
    case DType::f32: return print_float(word);
    case DType::i32:
      if (static_cast<int32_t>(word) < 0) return fmt::format("bitcast<i32>({:#010x}u)", word);
      return fmt::format("{}i", word);
    case DType::u32: return fmt::format("{}u", word);
    default: return word != 0 ? "true" : "false";
  }
}

std::string ValuePrinter::print(const Value& v) {
  count(v);
  return value(v);
}

void ValuePrinter::count(const Value& v) {
  if (++uses_[v.get()] > 1) return;
  for (const Value& operand : v->operands) count(operand);
}

std::string ValuePrinter::temporary(const std::string& declaration, const std::string& initial) {
  const std::string name = fmt::format("t{}", next_++);
  before_ += fmt::format("{}{} {} = {};\n", indent_, declaration, name, initial);
  return name;
}

std::string ValuePrinter::value(const Value& v) {
  if (const auto known = printed_.find(v.get()); known != printed_.end()) return known->second;
  std::string text = expression(*v);
  const bool conditional = v->op == ValueOp::load && v->predicate;
  if (uses_[v.get()] > 1 && !is_leaf(*v) && !conditional) text = temporary("let", text);
  printed_.emplace(v.get(), text);
  return text;
}

std::string ValuePrinter::expression(const ValueNode& v) {
  switch (v.op) {
    case ValueOp::constant: return print_constant(v.type.dtype, v.bits);
    case ValueOp::index: {
      const std::string text = print_index(v.indices[0], naming_.index);
      return v.type.dtype == DType::i32 ? text : fmt::format("{}({})", type_name(v.type.dtype), text);
    }
    case ValueOp::local: return naming_.local(v.name);
    case ValueOp::load: return load(v);
    case ValueOp::cast: return cast(v);
    case ValueOp::bitcast:
      return fmt::format("bitcast<{}>({})", type_name(v.type.dtype), value(v.operands[0]));
    default: return operation(v);
  }
}

/// Under a condition memory is read in a statement of its own.
std::string ValuePrinter::load(const ValueNode& v) {
  const std::string element = naming_.element(v.buffer, v.indices[0]);
  if (!v.predicate) return element;
  const std::string name = temporary("var", value(v.operands[0]));
  before_ += fmt::format("{}if {} {{ {} = {}; }}\n", indent_, print_condition(*v.predicate, naming_.index),
                         name, element);
  return name;
}

std::string ValuePrinter::operation(const ValueNode& v) {
  std::vector<std::string> operands;
  for (const Value& operand : v.operands) operands.push_back(value(operand));
  if (v.op == ValueOp::select)
    return fmt::format("select({}, {}, {})", operands[2], operands[1], operands[0]);
  const DType type = v.operands.empty() ? v.type.dtype : v.operands[0]->type.dtype;
  // Engines may take it that there are no NaNs.
  if (v.op == ValueOp::equal && is_float(type) && v.operands[0] == v.operands[1])
    return fmt::format("(!is_nan({}))", operands[0]);
  const std::string_view form = form_of(v.op, type);
  WEFT_CHECK(!form.empty(), std::string(info(v.op).name) + " of " + std::string(to_string(type)));
  operands.resize(3);
  return fmt::format(fmt::runtime(form), operands[0], operands[1], operands[2]);
}

std::string ValuePrinter::cast(const ValueNode& v) {
  const DType from = v.operands[0]->type.dtype, to = v.type.dtype;
  const std::string text = value(v.operands[0]);
  if (from == to) return text;
  const std::string name = type_name(to);
  if (to == DType::boolean) return fmt::format("({} != {}(0))", text, type_name(from));
  if (from == DType::boolean) return fmt::format("select({0}(0), {0}(1), {1})", name, text);
  if (is_float(from)) return fmt::format("f32_to_{}({})", name, text);
  return fmt::format("{}({})", name, text);
}

}  // namespace weft::wgsl

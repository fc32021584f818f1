// Operators whose result is known at import: Constant, ConstantOfShape, Range, EyeLike's kin.
#include <fmt/format.h>

#include <cmath>

#include "frontends/onnx/numbers.hpp"
#include "frontends/onnx/ops/converters.hpp"
#include "frontends/onnx/ops/term.hpp"

namespace weft::onnx {

void convert_constant(Call& c) {
  const int64_t number = c.integer("value_int", 0);
  const Ints integers = c.integers("value_ints");
  const std::vector<float> floats = c.numbers("value_floats");
  if (const TensorProto* tensor = c.tensor("value"); tensor != nullptr) return c.out(0, c.constant(*tensor));
  if (c.has_attribute("value_float")) return c.out(0, c.scalar(DType::f32, c.number("value_float", 0)));
  if (c.has_attribute("value_floats"))
    return c.out(0, c.constant(DType::f32, {static_cast<int64_t>(floats.size())},
                               std::vector<double>(floats.begin(), floats.end())));
  if (c.has_attribute("value_int")) {
    std::vector<uint8_t> bytes;
    append_bits(bytes, DType::i64, static_cast<uint64_t>(number));
    return c.out(0, c.constant(DType::i64, {}, std::move(bytes)));
  }
  if (c.has_attribute("value_ints")) return c.out(0, c.vector(integers));
  if (c.has_attribute("value_string")) return c.out(0, c.strings({}, {c.text("value_string", "")}));
  if (c.has_attribute("value_strings")) {
    const std::vector<std::string> texts = c.texts("value_strings");
    return c.out(0, c.strings({static_cast<int64_t>(texts.size())}, texts));
  }
  c.unsupported("the constant is neither a tensor nor numbers nor strings");
}

void convert_constant_of_shape(Call& c) {
  const Dims shape = c.bounded_extents(c.in(0), "the shape");
  if (!c.ok() || !check_extents(c, shape)) return;
  ValueId value;
  if (const TensorProto* tensor = c.tensor("value"); tensor != nullptr)
    value = reshape(c, c.constant(*tensor), {});
  else value = c.scalar(DType::f32, 0);
  c.out(0, expand(c, value, shape));
}

namespace {

/// Of integers that depend on symbols.
void convert_symbolic_range(Call& c, DType type) {
  const Dims start = c.known_extents(c.in(0), "start");
  const Dims limit = c.known_extents(c.in(1), "limit");
  const Dims delta = c.known_extents(c.in(2), "delta");
  if (!c.ok()) return;
  if (start.size() != 1 || limit.size() != 1 || delta.size() != 1)
    return c.invalid("its operands are no scalars");
  if (type != DType::i64 && type != DType::i32)
    return c.unsupported("its limits depend on symbols, and it is no range of integers");
  const bool rises = expr::always(expr::less(0, delta[0]));
  if (!rises && !expr::always(expr::less(delta[0], 0)))
    return c.unsupported("the sign of delta is not known");
  const expr::Expr length = rises ? limit[0] - start[0] : start[0] - limit[0];
  const expr::Expr steps = expr::max(0, expr::ceil_div(length, rises ? delta[0] : -delta[0]));
  const ValueId from = cast(c, reshape(c, c.vector(start), {}), type);
  const ValueId by = cast(c, reshape(c, c.vector(delta), {}), type);
  const ValueId index = c.emit(Op::iota, {}, graph::IotaAttributes{type, {steps}, 0});
  const ValueId moved = mul(c, index, by);
  c.out(0, add(c, moved, from));
}

/// Of numbers that data decides: their count is ceil((limit - start) / delta), at least 0.
void convert_open_range(Call& c, DType type) {
  ValueId x[3];
  for (size_t i = 0; i < 3; ++i) {
    const ValueId given = c.in(i);
    if (!c.ok() || !element_count(c.dims(given)).is_constant(1))
      return c.invalid("its operands are no scalars");
    x[i] = reshape(c, given, {});
  }
  const Term length = convert(Term(x[1]) - Term(x[0]), DType::f64) / convert(x[2], DType::f64);
  const ValueId steps = emit(c, maximum(convert(ceil(length), DType::i64), 0));
  const expr::Expr count = c.bounded(steps, "the number of elements");
  // Narrow floats are rounded once.
  const DType computed = is_float(type) && byte_size(type) < 4 ? DType::f32 : type;
  const Term index = convert(iota({count}, 0), computed);
  const ValueId y = emit(c, convert(index * convert(x[2], computed) + convert(x[0], computed), type));
  c.out(0, y);
}

}  // namespace

/// start, start + delta, … below limit; each element is start + i * delta.
void convert_range(Call& c) {
  const ValueId first = c.in(0);
  const DType type = c.dtype(first);
  const auto is_open = [&](size_t i) {
    return c.ok() && !c.is_known(c.in(i)) && !c.depends_on_symbols(c.in(i));
  };
  if (is_open(0) || is_open(1) || is_open(2)) return convert_open_range(c, type);
  const auto is_symbolic = [&](size_t i) { return c.ok() && c.depends_on_symbols(c.in(i)); };
  if (is_symbolic(0) || is_symbolic(1) || is_symbolic(2)) return convert_symbolic_range(c, type);
  const std::vector<double> start = c.known_numbers(first, "start");
  const std::vector<double> limit = c.known_numbers(c.in(1), "limit");
  const std::vector<double> delta = c.known_numbers(c.in(2), "delta");
  if (!c.ok()) return;
  if (start.size() != 1 || limit.size() != 1 || delta.size() != 1 || delta[0] == 0)
    return c.invalid("its operands are no scalars, or delta is 0");
  const double steps = std::ceil((limit[0] - start[0]) / delta[0]);
  if (!(steps <= static_cast<double>(kMaxFoldedElements)))
    return c.fail(ErrorKind::limit, fmt::format("{} elements; the limit is {}", steps, kMaxFoldedElements));
  std::vector<double> values;
  for (int64_t i = 0; i < static_cast<int64_t>(steps); ++i)
    values.push_back(start[0] + static_cast<double>(i) * delta[0]);
  const int64_t count = static_cast<int64_t>(values.size());
  c.out(0, c.constant(type, {count}, values));
}

}  // namespace weft::onnx

// Operators whose result is known at import: Constant, ConstantOfShape, Range, EyeLike's kin.
#include <fmt/format.h>

#include <cmath>

#include "frontends/onnx/numbers.hpp"
#include "frontends/onnx/ops/converters.hpp"

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
  c.unsupported("the constant is neither a tensor nor numbers");
}

void convert_constant_of_shape(Call& c) {
  const Ints shape = c.known_integers(c.in(0), "the shape");
  for (const int64_t extent : shape)
    if (extent < 0 || extent > kMaxExtent) return c.invalid(fmt::format("the extent {}", extent));
  ValueId value;
  if (const TensorProto* tensor = c.tensor("value"); tensor != nullptr)
    value = reshape(c, c.constant(*tensor), {});
  else value = c.scalar(DType::f32, 0);
  c.out(0, expand(c, value, shape));
}

/// start, start + delta, … below limit; each element is start + i * delta.
void convert_range(Call& c) {
  const ValueId first = c.in(0);
  const DType type = c.dtype(first);
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

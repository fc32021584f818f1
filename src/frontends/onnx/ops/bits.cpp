// Operators on bits: BitShift, BitwiseNot, BitCast.
#include "frontends/onnx/ops/converters.hpp"

namespace weft::onnx {

void convert_bit_shift(Call& c) {
  const std::string direction = c.text("direction", "");
  if (direction != "LEFT" && direction != "RIGHT") return c.invalid("direction is neither LEFT nor RIGHT");
  const ValueId x = c.in(0);
  const ValueId count = c.in(1);
  c.out(0, c.emit(direction == "LEFT" ? Op::shift_left : Op::shift_right, {x, count}));
}

void convert_bit_cast(Call& c) {
  const ValueId x = c.in(0);
  const int64_t type = c.required_integer("to");
  const std::optional<DType> to = dtype_of(type > 0 && type < 1000 ? static_cast<int32_t>(type) : 0);
  if (!to) return c.unsupported("weft has no element type for the attribute \"to\"");
  if (c.ok()) c.out(0, c.emit(Op::bitcast, {x}, graph::CastAttributes{*to}));
}

}  // namespace weft::onnx

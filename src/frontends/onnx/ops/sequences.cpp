// Sequences and optionals. A sequence is a list of values that is known at import, so nothing of it is left
// in the graph; its positions must be known too.
#include <fmt/format.h>

#include <algorithm>

#include "frontends/onnx/ops/converters.hpp"
#include "frontends/onnx/ops/term.hpp"

namespace weft::onnx {
namespace {

using Values = std::vector<ValueId>;

Item as_item(Values values) { return {kNoValue, std::move(values)}; }

/// A position in [0, size), or up to size with `end`; negative ones count from the end.
size_t position(Call& c, size_t input, size_t size, bool end) {
  const Ints given = c.known_integers(c.in(input), "the position in a sequence");
  if (!c.ok()) return 0;
  const auto count = static_cast<int64_t>(size);
  const int64_t at = given.size() == 1 && given[0] < 0 ? given[0] + count : given.empty() ? -1 : given[0];
  if (at >= 0 && (at < count || (end && at == count))) return static_cast<size_t>(at);
  c.invalid(fmt::format("position {} of a sequence of {}", at, size));
  return 0;
}

}  // namespace

void convert_sequence_construct(Call& c) {
  Values values;
  for (size_t i = 0; i < c.input_count(); ++i) values.push_back(c.in(i));
  c.out(0, as_item(std::move(values)));
}

void convert_sequence_empty(Call& c) { c.out(0, as_item({})); }

void convert_sequence_insert(Call& c) {
  Values values = c.sequence(0);
  const ValueId added = c.in(1);
  const size_t at = c.has(2) ? position(c, 2, values.size(), true) : values.size();
  if (!c.ok()) return;
  values.insert(values.begin() + static_cast<std::ptrdiff_t>(at), added);
  c.out(0, as_item(std::move(values)));
}

void convert_sequence_erase(Call& c) {
  Values values = c.sequence(0);
  if (c.ok() && values.empty()) return c.invalid("the sequence is empty");
  const size_t at = c.has(1) ? position(c, 1, values.size(), false) : values.size() - 1;
  if (!c.ok()) return;
  values.erase(values.begin() + static_cast<std::ptrdiff_t>(at));
  c.out(0, as_item(std::move(values)));
}

void convert_sequence_at(Call& c) {
  const Values values = c.sequence(0);
  const size_t at = position(c, 1, values.size(), false);
  if (c.ok()) c.out(0, values[at]);
}

void convert_sequence_length(Call& c) {
  const Values values = c.sequence(0);
  if (c.ok()) c.out(0, reshape(c, c.vector({static_cast<int64_t>(values.size())}), {}));
}

void convert_split_to_sequence(Call& c) {
  const ValueId x = c.in(0);
  const int64_t axis = c.axis(c.integer("axis", 0), c.rank(x));
  if (!c.ok()) return;
  const Ints shape = c.shape(x);
  const int64_t extent = shape[static_cast<size_t>(axis)];
  Ints sizes;
  bool keeps = true;
  if (c.has(1)) {
    const ValueId split = c.in(1);
    sizes = c.known_integers(split, "split");
    if (!c.ok()) return;
    if (c.rank(split) == 0) {  // equal parts, the last may be smaller
      const int64_t part = sizes[0];
      if (part < 1) return c.invalid("a part of no element");
      sizes.clear();
      for (int64_t at = 0; at < extent; at += part) sizes.push_back(std::min(part, extent - at));
    }
  } else {
    sizes.assign(static_cast<size_t>(extent), 1);
    keeps = c.integer("keepdims", 1) != 0;
  }
  Values values;
  int64_t start = 0;
  for (const int64_t size : sizes) {
    if (size < 0 || size > extent - start) return c.invalid("the parts do not add up to the extent");
    Ints starts(shape.size(), 0), part = shape;
    starts[static_cast<size_t>(axis)] = size == 0 ? 0 : start;
    part[static_cast<size_t>(axis)] = size;
    ValueId value = slice(c, x, starts, Ints(shape.size(), 1), part);
    if (!keeps) {
      part.erase(part.begin() + axis);
      value = reshape(c, value, part);
    }
    values.push_back(value);
    start += size;
  }
  if (start != extent) return c.invalid("the parts do not add up to the extent");
  c.out(0, as_item(std::move(values)));
}

void convert_concat_from_sequence(Call& c) {
  const Values values = c.sequence(0);
  if (!c.ok()) return;
  if (values.empty()) return c.invalid("the sequence is empty");
  const bool is_new = c.integer("new_axis", 0) != 0;
  const int64_t axis = c.axis(c.required_integer("axis"), c.rank(values[0]) + (is_new ? 1 : 0));
  if (c.ok()) c.out(0, is_new ? stack(c, values, axis) : concat(c, values, axis));
}

/// What an optional holds is the item itself.
void convert_optional(Call& c) { c.out(0, c.item(0)); }

void convert_optional_has_element(Call& c) {
  const bool has = !c.item(0).is_nothing();
  c.out(0, c.constant(DType::boolean, {}, std::vector<uint8_t>{static_cast<uint8_t>(has)}));
}

void convert_optional_get_element(Call& c) {
  const Item& item = c.item(0);
  if (item.is_nothing()) return c.invalid("the optional holds nothing");
  c.out(0, item);
}

}  // namespace weft::onnx

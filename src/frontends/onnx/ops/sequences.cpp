// Sequences and optionals. A sequence is a list of values that is known at import, so nothing of it is left
// in the graph. A position that data decides chooses among elements of one shape.
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

/// Whether data decides the position, an operand that may be absent.
bool is_open(Call& c, size_t input) {
  if (!c.has(input)) return false;
  const ValueId at = c.in(input);
  return c.ok() && !c.is_known(at) && !c.depends_on_symbols(at);
}

/// A position that data decides, i64[], counted from the start and checked.
ValueId open_position(Call& c, size_t input, size_t size, bool end) {
  const auto count = static_cast<int64_t>(size);
  const ValueId given = reshape(c, cast(c, c.in(input), DType::i64), {});
  if (!c.ok()) return kNoValue;
  c.check(given, -count, end ? count : count - 1, "the position in the sequence");
  return emit(c, select(less(given, 0), Term(given) + static_cast<int>(count), given));
}

/// Elements of one shape, which data may choose among.
bool are_alike(Call& c, const Values& values) {
  for (const ValueId value : values)
    if (c.ok() && (c.dims(value) != c.dims(values[0]) || c.dtype(value) != c.dtype(values[0])))
      c.unsupported("the elements of the sequence differ in shape, and which one it is depends on data");
  return c.ok();
}

/// Element i is before[i] below the position, `there` at it, after[i] above it.
Values around(Call& c, ValueId at, const Values& before, const Values& there, const Values& after) {
  Values result;
  for (size_t i = 0; i < there.size() && c.ok(); ++i) {
    ValueId value = there[i];
    const auto step = static_cast<int>(i);
    if (before[i] != value) value = emit(c, select(less(step, at), before[i], value));
    if (after[i] != there[i]) value = emit(c, select(less(at, step), after[i], value));
    result.push_back(value);
  }
  return result;
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
  if (is_open(c, 2)) {
    const ValueId at = open_position(c, 2, values.size(), true);
    Values all = values;
    all.push_back(added);
    if (!are_alike(c, all)) return;
    Values before = values, after = values;
    before.push_back(added);
    after.insert(after.begin(), added);
    return c.out(0, as_item(around(c, at, before, Values(all.size(), added), after)));
  }
  const size_t at = c.has(2) ? position(c, 2, values.size(), true) : values.size();
  if (!c.ok()) return;
  values.insert(values.begin() + static_cast<std::ptrdiff_t>(at), added);
  c.out(0, as_item(std::move(values)));
}

void convert_sequence_erase(Call& c) {
  Values values = c.sequence(0);
  if (c.ok() && values.empty()) return c.invalid("the sequence is empty");
  if (is_open(c, 1)) {
    const ValueId at = open_position(c, 1, values.size(), false);
    if (!are_alike(c, values)) return;
    const Values before(values.begin(), values.end() - 1), rest(values.begin() + 1, values.end());
    return c.out(0, as_item(around(c, at, before, rest, rest)));
  }
  const size_t at = c.has(1) ? position(c, 1, values.size(), false) : values.size() - 1;
  if (!c.ok()) return;
  values.erase(values.begin() + static_cast<std::ptrdiff_t>(at));
  c.out(0, as_item(std::move(values)));
}

void convert_sequence_at(Call& c) {
  const Values values = c.sequence(0);
  if (c.ok() && values.empty()) return c.invalid("the sequence is empty");
  if (is_open(c, 1)) {
    const ValueId at = open_position(c, 1, values.size(), false);
    if (!are_alike(c, values)) return;
    const ValueId all = stack(c, values, 0);
    return c.out(0, c.emit(Op::gather, {all, at}, graph::AxisAttributes{0}));
  }
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
  const Dims shape = c.dims(x);
  const auto known = shape[static_cast<size_t>(axis)].as_constant();
  if (!known) return c.unsupported("how many parts there are depends on the extent that is split");
  const int64_t extent = *known;
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
    Ints starts(shape.size(), 0);
    Dims part = shape;
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

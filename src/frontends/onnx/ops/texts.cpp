// Operators that read or build the characters of strings.
#include <fmt/format.h>

#include <algorithm>

#include "frontends/onnx/ops/converters.hpp"
#include "frontends/onnx/ops/narrow.hpp"
#include "frontends/onnx/ops/selection.hpp"
#include "frontends/onnx/ops/strings.hpp"
#include "frontends/onnx/ops/term.hpp"

namespace weft::onnx {
namespace {

/// The most parts of a string where StringSplit has no maxsplit; more are an error when the model runs.
constexpr int64_t kMostParts = 128;

bool want_strings(Call& c, std::initializer_list<ValueId> operands) {
  for (const ValueId x : operands)
    if (c.ok() && !c.is_string(x)) c.invalid("its operand is no tensor of strings");
  return c.ok();
}

/// Whether each string is one of the words, which are compared without regard to case where `folded` is
/// given: x with lower-case letters.
ValueId is_among(Call& c, ValueId x, ValueId folded, const std::vector<std::string>& words,
                 const std::string& locale) {
  const auto count = static_cast<int64_t>(words.size());
  if (folded == kNoValue) {
    const ValueId places = places_of(c, x, words);
    return emit(c, less(places, static_cast<double>(count)));
  }
  const ValueId given = c.strings({count}, words);
  const ValueId lower = custom_strings(c, "string.case", {"lower", locale}, {given}, {count});
  const ValueId column = reshape(c, folded, {element_count(c.dims(folded)), 1});
  const ValueId hits = emit(c, convert(equal(column, lower), DType::i32));
  const ValueId found = reduce(c, hits, ReduceKind::max, {1}, false);
  return emit(c, less(0, found));
}

}  // namespace

ValueId cast_strings(Call& c, ValueId x, int32_t to) {
  if (to == kString) {
    const ValueId number = widen(c, x);
    const bool is_half = c.dtype(number) == DType::f16 || c.dtype(number) == DType::bf16;
    const ValueId wide = is_half ? cast(c, number, DType::f32) : number;
    const std::string type(to_string(c.dtype(wide)));
    return custom_strings(c, "string.format", {type}, {wide}, c.dims(x));
  }
  const std::optional<DType> dtype = dtype_of(to);
  if (!dtype || *dtype == DType::boolean || narrow_bits(to) != 0) {
    c.unsupported(fmt::format("strings as {}", data_type_name(to)));
    return kNoValue;
  }
  const bool is_float = weft::is_float(*dtype);
  const ValueId number = custom_strings(c, is_float ? "string.number" : "string.integer", {}, {x}, c.dims(x),
                                        is_float ? DType::f64 : DType::i64);
  const ValueId y = cast(c, number, *dtype);
  c.set_onnx_type(y, to);
  return y;
}

void convert_string_concat(Call& c) {
  const ValueId a = c.in(0);
  const ValueId b = c.in(1);
  if (!want_strings(c, {a, b})) return;
  const auto shape = graph::broadcast(c.dims(a), c.dims(b));
  if (!shape) return c.invalid(shape.error().message);
  const ValueId wide_a = expand(c, a, *shape);
  const ValueId wide_b = expand(c, b, *shape);
  c.out(0, custom_strings(c, "string.concat", {}, {wide_a, wide_b}, *shape));
}

/// [C] or [1, C]: without the stop words, then in one case; where nothing is left, one empty string.
void convert_string_normalizer(Call& c) {
  const ValueId x = c.in(0);
  const std::string change = c.text("case_change_action", "NONE"), locale = c.text("locale", "en_US");
  const std::vector<std::string> words = c.texts("stopwords");
  const bool is_sensitive = c.integer("is_case_sensitive", 0) != 0;
  if (!want_strings(c, {x})) return;
  if (change != "NONE" && change != "LOWER" && change != "UPPER")
    return c.invalid("case_change_action = " + change);
  const Dims shape = c.dims(x);
  if (shape.size() != 1 && !(shape.size() == 2 && shape[0].is_constant(1)))
    return c.invalid("its input is neither [C] nor [1, C]");
  // POSIX has underscores where BCP 47, which runtimes know, has hyphens; what follows a point is an
  // encoding.
  std::string language = locale.substr(0, locale.find('.'));
  std::ranges::replace(language, '_', '-');
  if (language == "C" || language == "POSIX") language = "en";
  const auto changed = [&](ValueId strings, const char* to) {
    return custom_strings(c, "string.case", {to, language}, {strings}, c.dims(strings));
  };
  ValueId y = reshape(c, x, {shape.back()});
  if (!words.empty()) {
    const ValueId folded = is_sensitive ? kNoValue : changed(y, "lower");
    const ValueId drops = is_among(c, y, folded, words, language);
    const ValueId kept = emit(c, convert(!Term(drops), DType::i32));
    const ValueId count = reduce(c, kept, ReduceKind::sum, {0}, true);
    // One more, which stands for nothing.
    const ValueId all = concat(c, {kept, emit(c, convert(equal(count, 0), DType::i32))}, 0);
    const ValueId more = concat(c, {y, c.strings({1}, {""})}, 0);
    const int64_t most = std::max<int64_t>(1, greatest(shape).back());
    const ValueId places = flagged(c, emit(c, less(0, all)), most);
    y = c.emit(Op::gather, {more, places}, graph::AxisAttributes{0});
  }
  if (change != "NONE") y = changed(y, change == "LOWER" ? "lower" : "upper");
  if (!c.ok()) return;
  c.out(0, shape.size() == 2 ? reshape(c, y, {1, c.dims(y)[0]}) : y);
}

/// The parts of each string, filled up with empty strings along a new axis, and how many there are.
void convert_string_split(Call& c) {
  const ValueId x = c.in(0);
  const std::string delimiter = c.text("delimiter", "");
  const int64_t most = c.integer("maxsplit", -1);
  if (!want_strings(c, {x})) return;
  Dims shape = c.dims(x);
  const std::string limit = fmt::to_string(most);
  const int64_t room = most >= 0 ? std::min(most, int64_t{1} << 20) + 1 : kMostParts;
  if (element_count(shape).is_constant(0)) {
    c.out(1, c.constant(DType::i64, *graph::constant_shape(shape), std::vector<double>{}));
    shape.push_back(0);
    return c.out(0, c.strings(*graph::constant_shape(shape), {}));
  }
  const ValueId counts =
      custom_strings(c, "string.parts", {delimiter, limit, fmt::to_string(room)}, {x}, shape);
  c.set_onnx_type(counts, data_type_of(DType::i32));
  c.out(1, cast(c, counts, DType::i64));
  const ValueId flat = reshape(c, counts, {element_count(shape)});
  const ValueId width = reduce(c, flat, ReduceKind::max, {0}, false);
  if (!c.ok()) return;
  shape.push_back(c.measured(width, room));
  c.out(0, custom_strings(c, "string.part", {delimiter, limit}, {x}, shape));
}

void convert_regex_full_match(Call& c) {
  const ValueId x = c.in(0);
  if (!c.has_attribute("pattern")) return c.invalid("it has no pattern");
  if (!want_strings(c, {x})) return;
  c.out(0, custom_strings(c, "string.match", {c.text("pattern", "")}, {x}, c.dims(x), DType::boolean));
}

}  // namespace weft::onnx

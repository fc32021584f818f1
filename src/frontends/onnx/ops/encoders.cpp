// What turns labels and categories into numbers and back, of ai.onnx.ml.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "frontends/onnx/ops/converters.hpp"
#include "frontends/onnx/ops/ml.hpp"
#include "frontends/onnx/ops/strings.hpp"
#include "frontends/onnx/ops/term.hpp"

namespace weft::onnx {
namespace {

constexpr size_t kMaxKeys = 64 * 1024;
constexpr size_t kMaxTexts = 1024 * 1024;  ///< strings are looked up, not compared one by one
constexpr const char* kUnused = "_Unused";

/// A list of an encoder, as a constant of rank 1.
struct List {
  ValueId value = kNoValue;
  int64_t size = 0;
  std::vector<std::string> texts = {};  ///< of a list of strings
};

List list_of(Call& c, const std::vector<std::string>& texts) {
  List list{kNoValue, static_cast<int64_t>(texts.size()), texts};
  if (texts.size() > kMaxTexts) c.fail(ErrorKind::limit, fmt::format("more than {} strings", kMaxTexts));
  list.value = c.strings({list.size}, texts);
  return list;
}

/// The attribute `kind`_floats, _int64s, _tensor or _strings, whichever is given.
List list_of(Call& c, const std::string& kind) {
  const std::vector<float> floats = c.numbers(kind + "_floats");
  const Ints integers = c.integers(kind + "_int64s");
  const TensorProto* tensor = c.tensor(kind + "_tensor");
  const std::vector<std::string> texts = c.texts(kind + "_strings");
  if (!c.ok()) return {};
  if (!texts.empty()) return list_of(c, texts);
  if (tensor != nullptr && tensor->data_type == kString) return list_of(c, tensor->strings);
  List list;
  if (!floats.empty()) {
    list.size = static_cast<int64_t>(floats.size());
    list.value = constant_floats(c, floats, {list.size});
  } else if (!integers.empty()) {
    list.size = static_cast<int64_t>(integers.size());
    list.value = c.vector(integers);
  } else if (tensor != nullptr) {
    const ValueId given = c.constant(*tensor);
    if (!c.ok()) return {};
    list.size = element_count(c.shape(given));
    list.value = reshape(c, given, {list.size});
  } else {
    c.invalid(fmt::format("its {} are missing", kind));
  }
  if (list.size > static_cast<int64_t>(kMaxKeys))
    c.fail(ErrorKind::limit, fmt::format("more than {} {}", kMaxKeys, kind));
  return c.ok() ? list : List{};
}

/// What a key that is not listed becomes: of the type of the values.
ValueId fallback_of(Call& c, const List& values) {
  const DType dtype = c.dtype(values.value);
  if (const TensorProto* tensor = c.tensor("default_tensor"); tensor != nullptr) {
    const ValueId given = c.constant(*tensor);
    if (c.ok() && element_count(c.shape(given)) != 1) c.invalid("default_tensor is not one element");
    if (c.is_string(given) != c.is_string(values.value))
      c.invalid("default_tensor is not of the values' type");
    return cast(c, reshape(c, given, {}), dtype);
  }
  if (c.is_string(values.value)) return c.strings({}, {c.text("default_string", kUnused)});
  if (is_float(dtype)) return c.scalar(dtype, c.number("default_float", -0.0));
  return reshape(c, c.vector({c.integer("default_int64", -1)}), {});
}

/// For each element of x the last place in the keys where it stands, or -1: i32, in x's shape.
ValueId place_of(Call& c, ValueId x, const List& keys) {
  if (!c.ok()) return kNoValue;
  if (c.is_string(x) && !keys.texts.empty()) {
    const ValueId places = places_of(c, x, keys.texts);
    return emit(c, select(less(places, static_cast<double>(keys.size)), places, -1));
  }
  if (c.dtype(x) != c.dtype(keys.value) || c.is_string(x) != c.is_string(keys.value)) {
    c.invalid(fmt::format("its keys are {}, its input is {}", to_string(c.dtype(keys.value)),
                          to_string(c.dtype(x))));
    return kNoValue;
  }
  const int64_t rank = c.rank(x);
  Dims column = c.dims(x);
  column.push_back(1);
  Term is_key = equal(reshape(c, x, column), keys.value);
  const std::vector<double> known =
      is_float(c.dtype(x)) ? c.known_numbers(keys.value, "keys") : std::vector<double>();
  if (std::ranges::any_of(known, [](double key) { return std::isnan(key); })) {
    const ValueId nan = emit(c, Term(Op::is_nan, {keys.value}));  // a key that is NaN stands for every NaN
    is_key = is_key || (Term(Op::is_nan, {reshape(c, x, column)}) && nan);
  }
  const ValueId places = emit(c, select(is_key, iota(Dims{keys.size}, 0), -1));
  return reduce(c, places, ReduceKind::max, {rank}, false);
}

/// The values at their keys' places.
ValueId looked_up(Call& c, ValueId x, const List& keys, const List& values, ValueId fallback) {
  if (!c.ok()) return kNoValue;
  if (keys.size != values.size) {
    c.invalid(fmt::format("{} keys and {} values", keys.size, values.size));
    return kNoValue;
  }
  const ValueId place = place_of(c, x, keys);
  return emit(c, select(less(place, 0), fallback, gather(values.value, maximum(place, 0))));
}

/// Strings to these integers, or back: as the input is.
void map_strings(Call& c, const std::vector<std::string>& texts, const Ints& integers) {
  const ValueId x = c.in(0);
  if (!c.ok()) return;
  const bool is_string = c.is_string(x);
  const List strings = list_of(c, texts);
  const List numbers{c.vector(integers), static_cast<int64_t>(integers.size())};
  const ValueId fallback = is_string ? reshape(c, c.vector({c.integer("default_int64", -1)}), {})
                                     : c.strings({}, {c.text("default_string", kUnused)});
  c.out(0, looked_up(c, x, is_string ? strings : numbers, is_string ? numbers : strings, fallback));
}

}  // namespace

/// A dictionary from keys to values. Version 1 has strings on one side, and their places on the other.
void convert_label_encoder(Call& c) {
  if (c.version() < 2) {
    const std::vector<std::string> texts = c.texts("classes_strings");
    Ints places;
    for (size_t i = 0; i < texts.size(); ++i) places.push_back(static_cast<int64_t>(i));
    if (c.ok() && texts.empty()) return c.invalid("it has no classes_strings");
    return map_strings(c, texts, places);
  }
  const ValueId x = c.in(0);
  const List keys = list_of(c, "keys"), values = list_of(c, "values");
  if (!c.ok()) return;
  c.out(0, looked_up(c, x, keys, values, fallback_of(c, values)));
}

/// Between strings and integers.
void convert_category_mapper(Call& c) {
  const std::vector<std::string> texts = c.texts("cats_strings");
  const Ints integers = c.integers("cats_int64s");
  if (c.ok() && texts.empty()) return c.invalid("it has no cats_strings");
  map_strings(c, texts, integers);
}

/// One element a category: 1 for the input's own. A category that is not listed gives zeros, or an error of
/// the run (zeros = 0).
void convert_one_hot_encoder(Call& c) {
  const ValueId x = c.in(0);
  const std::vector<std::string> texts = c.texts("cats_strings");
  const Ints categories = c.integers("cats_int64s");
  if (!c.ok()) return;
  if (c.is_string(x) != !texts.empty()) return c.invalid("its categories are of another type than its input");
  const size_t count = std::max(texts.size(), categories.size());
  if (count == 0 || count > kMaxKeys) return c.invalid(fmt::format("{} categories", count));
  Dims column = c.dims(x);
  column.push_back(1);
  const ValueId keys = reshape(c, c.is_string(x) ? x : cast(c, x, DType::i64), column);
  const ValueId held = c.is_string(x) ? list_of(c, texts).value : c.vector(categories);
  const ValueId hot = emit(c, equal(keys, held));
  if (c.ok() && c.integer("zeros", 1) == 0) {
    const auto rank = static_cast<int64_t>(column.size());
    const ValueId found = reduce(c, cast(c, hot, DType::i32), ReduceKind::max, {rank - 1}, false);
    const ValueId all = reduce(c, found, ReduceKind::min, axis_range(0, rank - 1), false);
    c.check(all, 1, 1, fmt::format("1 where each category of {} is listed", c.name(x)));
  }
  c.out(0, cast(c, hot, DType::f32));
}

/// The features of all inputs beside each other, each cut or filled up with zeros to its dimension.
void convert_feature_vectorizer(Call& c) {
  const Ints sizes = c.small_integers("inputdimensions");
  if (!c.ok()) return;
  if (sizes.size() != c.input_count() || sizes.empty())
    return c.invalid(fmt::format("{} inputs, and {} of inputdimensions", c.input_count(), sizes.size()));
  std::vector<ValueId> parts;
  for (size_t i = 0; i < sizes.size(); ++i) {
    ValueId x = cast(c, c.in(i), DType::f32);
    if (!c.ok()) return;
    const Dims shape = c.dims(x);
    if (shape.empty() || sizes[i] < 0) return c.invalid("an input is a scalar, or its dimension is negative");
    const expr::Expr rows = shape.size() == 1 ? expr::Expr(1) : shape[0];
    const auto features = (shape.size() == 1 ? shape[0] : element_count(shape, 1)).as_constant();
    if (!features) return c.unsupported("the number of an input's features is not one extent");
    x = reshape(c, x, {rows, *features});
    if (*features > sizes[i]) x = slice(c, x, Ints{0, 0}, {1, 1}, {rows, sizes[i]});
    parts.push_back(x);
    if (*features < sizes[i])
      parts.push_back(expand(c, c.scalar(DType::f32, 0), {rows, sizes[i] - *features}));
  }
  c.out(0, concat(c, std::move(parts), 1));
}

/// A sequence of dictionaries from labels to a row's scores. Its keys are the node's, so what is left to
/// compute are the scores: the output is their tensor, one column a key in the order of the keys.
void convert_zip_map(Call& c) {
  const ValueId x = c.in(0);
  const Labels keys = class_labels(c);
  if (!c.ok()) return;
  const Dims shape = c.dims(x);
  const expr::Expr columns = shape.empty() ? expr::Expr(1) : shape.back();
  if (!expr::always(expr::equal(columns, expr::Expr(static_cast<int64_t>(keys.size())))))
    return c.invalid(fmt::format("{} keys for {} scores", keys.size(), expr::print(columns)));
  c.out(0, shape.size() == 1 ? reshape(c, x, {1, columns}) : x);
}

}  // namespace weft::onnx

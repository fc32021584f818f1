// CenterCropPad, EyeLike, Det, TfIdfVectorizer.
#include <fmt/format.h>

#include <algorithm>

#include "frontends/onnx/ops/converters.hpp"
#include "frontends/onnx/ops/term.hpp"

namespace weft::onnx {

void convert_center_crop_pad(Call& c) {
  ValueId x = c.in(0);
  const Dims wanted = c.known_extents(c.in(1), "shape");
  const Ints axes = c.integers("axes", axis_range(0, c.rank(x)));
  c.axes(axes, c.rank(x));
  if (!c.ok() || !check_extents(c, wanted)) return;
  if (axes.size() != wanted.size()) return c.invalid("shape and axes differ in length");
  const Dims shape = c.dims(x);
  Dims begin = Ints(shape.size(), 0), result = shape;
  for (size_t i = 0; i < axes.size(); ++i) {
    const auto axis = static_cast<size_t>(c.axis(axes[i], c.rank(x)));
    const expr::Expr missing = expr::max(0, wanted[i] - shape[axis]),
                     surplus = expr::max(0, shape[axis] - wanted[i]);
    begin[axis] = expr::floor_div(missing, 2) - expr::floor_div(surplus, 2);
    result[axis] = wanted[i];
  }
  const auto before = graph::constant_shape(begin), own = graph::constant_shape(shape),
             to = graph::constant_shape(result);
  if (!before || !own || !to) return c.out(0, padded(c, x, begin, result));
  Ints starts(shape.size(), 0), pad_begin = starts, pad_end = starts;
  Dims sizes = shape;
  for (size_t i = 0; i < shape.size(); ++i) {
    starts[i] = std::max<int64_t>(0, -(*before)[i]);
    sizes[i] = std::min((*own)[i], (*to)[i]);
    pad_begin[i] = std::max<int64_t>(0, (*before)[i]);
    pad_end[i] = std::max<int64_t>(0, (*to)[i] - (*own)[i] - pad_begin[i]);
  }
  x = slice(c, x, starts, Ints(shape.size(), 1), sizes);
  const Ints none(shape.size(), 0);
  if (pad_begin != none || pad_end != none)
    x = c.emit(Op::pad, {x}, graph::PadAttributes{pad_begin, pad_end});
  c.out(0, x);
}

void convert_eye_like(Call& c) {
  const ValueId x = c.in(0);
  const auto type = static_cast<int32_t>(c.integer("dtype", 0));
  const std::optional<DType> dtype = type == 0 ? std::optional(c.dtype(x)) : dtype_of(type);
  if (!dtype) return c.unsupported("weft has no element type for dtype");
  const Dims shape = c.dims(x);
  if (!c.ok() || shape.size() != 2) return c.invalid("its input is not a matrix");
  const auto k = static_cast<double>(c.integer("k", 0));
  c.out(0, emit(c, convert(equal(iota(shape, 1), iota(shape, 0) + k), *dtype)));
}

namespace {

/// x [count, n, n] with ones behind its diagonal up to the greatest n, which do not change its determinant.
ValueId with_identity(Call& c, ValueId x) {
  if (!c.ok() || c.dims(x)[2].as_constant()) return x;
  const expr::Expr n = c.dims(x)[2];
  const int64_t most = greatest({n})[0];
  const ValueId filled = padded(c, x, {0, 0, 0}, {c.dims(x)[0], most, most});
  const Dims square = {1, most, most};
  const Term row = iota(square, 1), column = iota(square, 2), extent = number(c, n);
  return emit(c, select(equal(row, column) && less_equal(extent, row), 1, filled));
}

}  // namespace

/// By elimination, each step with the largest pivot of its column: its row is added where it is wanted by
/// selection, so that no step depends on data.
void convert_det(Call& c) {
  constexpr int64_t kMaxRows = 32;
  const ValueId given = c.in(0);
  if (!c.ok()) return;
  Dims shape = c.dims(given);
  if (shape.size() < 2) return c.invalid("its input does not hold square matrices");
  const expr::Expr rows = shape.back();
  if (!require_equal(c, shape[shape.size() - 2], rows, "square matrices") || !require_positive(c, {rows}))
    return;
  const int64_t n = greatest({rows})[0];
  if (n > kMaxRows)
    return c.unsupported(fmt::format("matrices of {} rows, and weft writes out at most {}", n, kMaxRows));
  shape.resize(shape.size() - 2);
  const expr::Expr count = element_count(shape);
  ValueId x = with_identity(c, reshape(c, given, {count, rows, rows}));
  const ValueId one = c.scalar(c.dtype(x), 1);
  ValueId result = expand(c, one, {count});
  for (int64_t m = n; m >= 1 && c.ok(); --m) {
    const Ints ones = {1, 1, 1};
    const ValueId column = slice(c, x, {0, 0, 0}, ones, {count, m, 1});
    const ValueId magnitude = c.emit(Op::abs, {column});
    const ValueId at =
        c.emit(Op::arg_reduce, {magnitude}, graph::ArgReduceAttributes{ReduceKind::max, 1, false});
    const ValueId index = reshape(c, at, {count, 1, 1});
    const ValueId chosen = emit(c, equal(iota({count, m, 1}, 1, DType::i64), index));
    const ValueId row_terms = select(c, chosen, x, c.scalar(c.dtype(x), 0));
    const ValueId row = reduce(c, row_terms, ReduceKind::sum, {1}, true);
    const ValueId pivot = slice(c, row, {0, 0, 0}, ones, {count, 1, 1});
    const ValueId first = emit(c, equal(index, 0));
    const ValueId flat_pivot = reshape(c, pivot, {count});
    const ValueId is_first = reshape(c, first, {count});
    result = emit(c, Term(result) * select(is_first, Term(flat_pivot), -Term(flat_pivot)));
    if (m == 1) break;
    // The first row takes the place of the chosen one.
    const ValueId top = slice(c, x, {0, 0, 0}, ones, {count, 1, m});
    const ValueId swapped = select(c, chosen, top, x);
    const ValueId rest = slice(c, swapped, {0, 1, 0}, ones, {count, m - 1, m});
    const ValueId lead = slice(c, rest, {0, 0, 0}, ones, {count, m - 1, 1});
    const ValueId below = slice(c, rest, {0, 0, 1}, ones, {count, m - 1, m - 1});
    const ValueId behind = slice(c, row, {0, 0, 1}, ones, {count, 1, m - 1});
    const Term factor = Term(lead) / select(equal(pivot, 0), 1, Term(pivot));
    x = emit(c, Term(below) - factor * behind);
  }
  c.out(0, reshape(c, result, shape));
}

namespace {

struct Gram {
  Ints items;
  int64_t output;
};

/// How often each gram occurs in a row of x[rows, length]: [rows, grams].
ValueId count_grams(Call& c, ValueId x, const std::vector<Gram>& grams, int64_t skips) {
  if (!c.ok()) return kNoValue;
  const expr::Expr rows = c.dims(x)[0], length = c.dims(x)[1];
  const auto n = static_cast<int64_t>(grams[0].items.size());
  const ValueId place = emit(c, iota({length}, 0));
  const Term last = number(c, length - 1);
  ValueId sum = kNoValue;
  for (int64_t skip = 0; skip <= (n == 1 ? 0 : skips) && c.ok(); ++skip) {
    // A gram begins where its last item is inside, too.
    const double reach = static_cast<double>((n - 1) * (skip + 1));
    const ValueId fits = emit(c, less_equal(Term(place) + reach, last));
    Term all = reshape(c, fits, {1, length, 1});
    for (int64_t i = 0; i < n; ++i) {
      Ints wanted;
      for (const Gram& gram : grams) wanted.push_back(gram.items[static_cast<size_t>(i)]);
      const ValueId at = emit(c, minimum(Term(place) + static_cast<double>(i * (skip + 1)), last));
      const ValueId part = c.emit(Op::gather, {x, at}, graph::AxisAttributes{1});
      const ValueId item = reshape(c, part, {rows, length, 1});
      const ValueId number = cast(c, c.vector(wanted), c.dtype(x));
      all = all && equal(item, number);
    }
    const ValueId hits = emit(c, convert(all, DType::f32));
    const ValueId found = reduce(c, hits, ReduceKind::sum, {1}, false);
    sum = sum == kNoValue ? found : add(c, sum, found);
  }
  return sum;
}

}  // namespace

void convert_tf_idf_vectorizer(Call& c) {
  const ValueId given = c.in(0);
  const Ints starts = c.small_integers("ngram_counts"), places = c.small_integers("ngram_indexes"),
             integers = c.integers("pool_int64s");
  const int64_t shortest = c.required_integer("min_gram_length"),
                longest = c.required_integer("max_gram_length");
  const std::vector<float> weights = c.numbers("weights");
  const std::string mode = c.text("mode", "");
  const bool strings = c.has_attribute("pool_strings");
  if (!c.ok()) return;
  if (strings != c.is_string(given)) return c.invalid("its pool and its input are of different types");
  Ints pool = integers;
  if (strings) {
    pool.clear();
    for (const std::string& text : c.texts("pool_strings")) pool.push_back(c.string_id(text));
  }
  if (mode != "TF" && mode != "IDF" && mode != "TFIDF") return c.invalid(fmt::format("mode = \"{}\"", mode));
  if (places.empty() || is_float(c.dtype(given)))
    return c.invalid("its input is not of integers, or it has no grams");
  const bool is_vector = c.rank(given) < 2;
  const ValueId x = is_vector ? reshape(c, given, {1, element_count(c.dims(given))}) : given;
  if (!c.ok()) return;
  if (*std::ranges::min_element(places) < 0) return c.invalid("ngram_indexes is out of range");
  const expr::Expr rows = c.dims(x)[0];
  const int64_t outputs = *std::ranges::max_element(places) + 1;
  const ValueId zero = c.scalar(DType::f32, 0);
  ValueId y = expand(c, zero, {outputs, rows});
  size_t gram = 0;
  for (size_t i = 0; i < starts.size() && c.ok(); ++i) {
    const auto n = static_cast<int64_t>(i) + 1;
    const int64_t end = i + 1 < starts.size() ? starts[i + 1] : static_cast<int64_t>(pool.size());
    if (starts[i] < 0 || end > static_cast<int64_t>(pool.size()))
      return c.invalid("ngram_counts is out of range");
    std::vector<Gram> grams;
    for (int64_t at = starts[i]; at + n <= end; at += n, ++gram) {
      if (gram >= places.size()) return c.invalid("there are more grams than ngram_indexes");
      grams.push_back({Ints(pool.begin() + at, pool.begin() + at + n), places[gram]});
    }
    if (n < shortest || n > longest || grams.empty()) continue;
    const ValueId counts = count_grams(c, x, grams, c.integer("max_skip_count", 0));
    Ints targets;
    for (const Gram& g : grams) targets.push_back(g.output);
    const ValueId turned = transpose(c, counts, {1, 0});
    y = c.emit(Op::scatter, {y, c.vector(targets), turned},
               graph::ScatterAttributes{graph::ScatterKind::sum});
  }
  y = transpose(c, y, {1, 0});
  if (!c.ok()) return;
  if (mode != "TF") {
    if (mode == "IDF") y = emit(c, convert(less(0, y), DType::f32));
    if (!weights.empty()) {
      // One a gram; in the order of the outputs.
      std::vector<double> by_output(static_cast<size_t>(outputs), 0);
      for (size_t i = 0; i < std::min(weights.size(), by_output.size()); ++i)
        by_output[i] = static_cast<double>(weights[i]);
      const ValueId factors = c.constant(DType::f32, {outputs}, by_output);
      y = mul(c, y, factors);
    }
  }
  c.out(0, is_vector ? reshape(c, y, {outputs}) : y);
}

}  // namespace weft::onnx

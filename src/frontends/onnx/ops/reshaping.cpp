// Operators that only rename axes: Reshape, Flatten, Squeeze, Unsqueeze, Transpose, Shape, Size,
// DepthToSpace, SpaceToDepth.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "frontends/onnx/ops/converters.hpp"
#include "frontends/onnx/ops/term.hpp"

namespace weft::onnx {
namespace {

/// An attribute before `input_since`, operand 1 from there on. Empty when absent.
Ints list_operand(Call& c, std::string_view name, int64_t input_since) {
  if (c.version() < input_since) return c.integers(name);
  return c.has(1) ? c.known_integers(c.in(1), name) : Ints{};
}

/// The elements of `from` by those of `to`, without its axis `free`. Extents of both go first.
expr::Expr quotient(Call& c, const Dims& from, const Dims& to, size_t free) {
  const std::string otherwise = fmt::format("{} cannot become {}", to_string(from), to_string(to));
  Dims left = from;
  expr::Expr known(1);
  for (size_t i = 0; i < to.size(); ++i) {
    if (i == free || !c.require(expr::less(0, to[i]), otherwise)) continue;
    const auto same = std::ranges::find(left, to[i]);
    if (same != left.end()) left.erase(same);
    else known = known * to[i];
  }
  const expr::Expr elements = element_count(left);
  if (!c.require(expr::equal(expr::mod(elements, known), 0), otherwise)) return 1;
  return expr::floor_div(elements, known);
}

/// 0 copies the input's extent (unless allowzero), -1 takes what is left.
Dims resolve_shape(Call& c, const Dims& from, Dims to, bool allow_zero) {
  if (to.size() > 64) c.invalid(fmt::format("a shape of {} axes", to.size()));
  std::optional<size_t> free;
  uint64_t bound = 1;
  for (size_t i = 0; i < to.size() && c.ok(); ++i) {
    if (to[i].is_constant(0) && !allow_zero) {
      if (i >= from.size())
        c.invalid(fmt::format("extent {} is 0, but the input has rank {}", i, from.size()));
      else to[i] = from[i];
    }
    if (to[i].is_constant(-1) && !free) {
      free = i;
      continue;
    }
    const expr::Interval extent = expr::bounds(to[i]);
    const bool fits = extent.min && *extent.min >= 0 && extent.max && *extent.max <= kMaxExtent;
    if (fits)
      bound = std::min<uint64_t>(bound, uint64_t{1} << 33) *
              static_cast<uint64_t>(std::clamp<int64_t>(*extent.max, 1, int64_t{1} << 30));
    // More elements than there can be: no overflow may look right.
    if (!fits) c.invalid("the shape " + to_string(to));
    if (bound > (uint64_t{1} << 33)) c.fail(ErrorKind::limit, "the shape " + to_string(to));
  }
  if (!free || !c.ok()) return to;
  to[*free] = quotient(c, from, to, *free);
  return to;
}

}  // namespace

void convert_reshape(Call& c) {
  const ValueId x = c.in(0);
  std::optional<size_t> open;  // an extent that data decides: it is what the others leave
  ValueId given = kNoValue;
  const auto leave = [&](ValueId element, size_t place) {
    if (open) c.unsupported("more than one extent of the shape is computed from the model's inputs");
    open = place;
    given = element;
    return expr::Expr(-1);
  };
  const Dims wanted = c.version() < 5 ? Dims(c.integers("shape")) : c.extents_of(c.in(1), "the shape", leave);
  if (!c.ok()) return;
  if (open && std::ranges::count_if(wanted, [](const expr::Expr& e) { return e.is_constant(-1); }) > 1)
    return c.unsupported("more than one extent of the shape is computed from the model's inputs");
  const bool allow_zero = c.version() >= 14 && c.integer("allowzero", 0) != 0;
  const Dims shape = resolve_shape(c, c.dims(x), wanted, allow_zero);
  if (open && c.ok()) {  // -1 says so too
    const expr::Expr extent = shape[*open];
    const ValueId one = reshape(c, cast(c, given, DType::i64), {});
    const Term left = extent.as_constant() ? number(c, extent) : convert(number(c, extent), DType::i64);
    const ValueId stated = emit(c, select(equal(one, -1), left, one));
    c.check(stated, extent, extent, fmt::format("the shape[{}]", *open));
  }
  c.out(0, reshape(c, x, shape));
}

void convert_flatten(Call& c) {
  const ValueId x = c.in(0);
  const Dims shape = c.dims(x);
  const int64_t rank = c.rank(x);
  int64_t axis = c.integer("axis", 1);
  if (axis < 0 && c.version() >= 11) axis += rank;
  if (axis < 0 || axis > rank) c.invalid(fmt::format("axis {} of a tensor of rank {}", axis, rank));
  if (!c.ok()) return;
  const size_t split = static_cast<size_t>(axis);
  c.out(0, reshape(c, x, {element_count(shape, 0, split), element_count(shape, split)}));
}

void convert_squeeze(Call& c) {
  const ValueId x = c.in(0);
  const Dims shape = c.dims(x);
  const Ints given = list_operand(c, "axes", 13);
  const Ints axes = c.axes(given, c.rank(x));
  if (!c.ok()) return;
  Dims result;
  for (size_t i = 0; i < shape.size(); ++i) {
    const bool named = std::binary_search(axes.begin(), axes.end(), static_cast<int64_t>(i));
    if (named && !c.require(expr::equal(shape[i], 1),
                            fmt::format("axis {} has the extent {}, not 1", i, expr::print(shape[i]))))
      return;
    if (given.empty() && expr::prove(expr::equal(shape[i], 1)) == std::nullopt)
      return c.unsupported(fmt::format("axis {} may have the extent 1, and then goes", i));
    if (given.empty() ? !shape[i].is_constant(1) : !named) result.push_back(shape[i]);
  }
  c.out(0, reshape(c, x, result));
}

void convert_unsqueeze(Call& c) {
  const ValueId x = c.in(0);
  const Ints given = list_operand(c, "axes", 13);
  if (given.size() > 64) c.invalid(fmt::format("{} axes", given.size()));
  const int64_t rank = c.rank(x) + static_cast<int64_t>(given.size());
  const Ints axes = c.axes(given, rank);
  if (!c.ok()) return;
  Dims shape = c.dims(x);
  for (const int64_t axis : axes) shape.insert(shape.begin() + axis, 1);
  c.out(0, reshape(c, x, shape));
}

void convert_transpose(Call& c) {
  const ValueId x = c.in(0);
  Ints permutation = c.integers("perm");
  if (!c.has_attribute("perm")) {
    permutation = axis_range(0, c.rank(x));
    std::reverse(permutation.begin(), permutation.end());
  }
  Ints sorted = permutation;
  std::sort(sorted.begin(), sorted.end());
  if (sorted != axis_range(0, c.rank(x))) return c.invalid("\"perm\" is not a permutation of the axes");
  c.out(0, std::is_sorted(permutation.begin(), permutation.end()) ? x : transpose(c, x, permutation));
}

void convert_shape(Call& c) {
  const ValueId x = c.in(0);
  const Dims shape = c.dims(x);
  const int64_t rank = c.rank(x);
  const auto bound = [rank](int64_t at) { return std::clamp<int64_t>(at < 0 ? at + rank : at, 0, rank); };
  int64_t start = 0, end = rank;
  if (c.version() >= 15) {
    start = bound(c.integer("start", 0));
    end = std::max(start, bound(c.integer("end", rank)));
  }
  c.out(0, c.vector(Dims(graph::Shape(shape.begin() + start, shape.begin() + end))));
}

void convert_size(Call& c) {
  const ValueId x = c.in(0);
  const ValueId count = c.vector({element_count(c.dims(x))});
  c.out(0, reshape(c, count, {}));
}

namespace {

/// The block size when x is [N, C, H, W].
int64_t block_of(Call& c, ValueId x) {
  const int64_t block = c.required_integer("blocksize");
  if (c.ok() && (c.rank(x) != 4 || block < 1 || block > (1 << 15)))
    c.invalid("it needs [N, C, H, W] and a positive blocksize");
  return block;
}

}  // namespace

void convert_depth_to_space(Call& c) {
  const ValueId x = c.in(0);
  const int64_t b = block_of(c, x);
  const Dims s = c.dims(x);
  const std::string mode = c.version() >= 11 ? c.text("mode", "DCR") : "DCR";
  if (c.ok()) c.require_multiple(s[1], b * b, "blocksize does not divide the channels");
  if (mode != "DCR" && mode != "CRD") c.invalid("mode = \"" + mode + "\"");
  if (!c.ok()) return;
  const expr::Expr depth = expr::floor_div(s[1], b * b);
  const bool dcr = mode == "DCR";
  const ValueId split =
      reshape(c, x, dcr ? Dims{s[0], b, b, depth, s[2], s[3]} : Dims{s[0], depth, b, b, s[2], s[3]});
  const ValueId moved = transpose(c, split, dcr ? Ints{0, 3, 4, 1, 5, 2} : Ints{0, 1, 4, 2, 5, 3});
  c.out(0, reshape(c, moved, {s[0], depth, s[2] * b, s[3] * b}));
}

void convert_space_to_depth(Call& c) {
  const ValueId x = c.in(0);
  const int64_t b = block_of(c, x);
  const Dims s = c.dims(x);
  const std::string mode = c.text("mode", "DCR");
  if (mode != "DCR" && mode != "CRD") c.invalid("mode = \"" + mode + "\"");
  for (size_t i = 2; i < 4 && c.ok(); ++i)
    c.require_multiple(s[i], b, "blocksize does not divide the height and the width");
  if (!c.ok()) return;
  const ValueId split = reshape(c, x, {s[0], s[1], expr::floor_div(s[2], b), b, expr::floor_div(s[3], b), b});
  const ValueId moved = transpose(c, split, mode == "DCR" ? Ints{0, 3, 5, 1, 2, 4} : Ints{0, 1, 3, 5, 2, 4});
  c.out(0, reshape(c, moved, {s[0], s[1] * b * b, expr::floor_div(s[2], b), expr::floor_div(s[3], b)}));
}

}  // namespace weft::onnx

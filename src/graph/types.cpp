// Types and shapes.
#include "graph/types.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "expr/exhaustive.hpp"

namespace weft::graph {

using expr::Expr;

bool same_extent(const Expr& a, const Expr& b) {
  if (a == b) return true;
  if (a.as_constant() && b.as_constant()) return false;
  return expr::always(expr::equal(a, b));
}

bool same_shape(const Shape& a, const Shape& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), same_extent);
}

std::string to_string(const Shape& shape) {
  std::string out = "[";
  for (size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) out += ", ";
    out += expr::print(shape[i]);
  }
  return out + "]";
}

std::string to_string(const Type& type) { return std::string(to_string(type.dtype)) + to_string(type.shape); }

namespace {

constexpr int64_t kMaxTried = 1024;  // combinations of values of symbols

}  // namespace

bool Undecided::proves(const Expr& condition) {
  std::optional<bool> holds = expr::prove(condition);
  if (!holds)
    if (const auto tried = expr::exhaustive_bounds(condition, kMaxTried); tried && tried->min == tried->max)
      holds = tried->min != 0;
  if (!holds) condition_ = condition;
  return holds == true;
}

bool Undecided::divides(int64_t divisor, const Expr& e) {
  return expr::known_divisor(e) % divisor == 0 || proves(expr::equal(expr::mod(e, divisor), 0));
}

Expr same_count(const Shape& a, const Shape& b) {
  const Expr whole = expr::equal(element_count(a), element_count(b));
  if (whole.as_constant()) return whole;
  Shape left = a;
  Expr count = 1;
  for (const Expr& extent : b) {
    const auto same = std::ranges::find(left, extent);
    if (same != left.end()) left.erase(same);
    else count = count * extent;
  }
  return expr::equal(element_count(left), count);
}

std::string shape_fault(const Shape& shape) {
  Undecided undecided;
  return shape_fault(shape, undecided);
}

std::string shape_fault(const Shape& shape, Undecided& undecided) {
  int64_t room = kMaxExtent;
  for (size_t i = 0; i < shape.size(); ++i) {
    const expr::Interval b = expr::bounds(shape[i]);
    if ((!b.min || *b.min < 0) && !undecided.proves(expr::less_equal(0, shape[i]))) {
      if (b.max && *b.max < 0)
        return fmt::format("axis {} has the negative extent {}", i, expr::print(shape[i]));
      return fmt::format("the extent {} of axis {} may be negative", expr::print(shape[i]), i);
    }
    if (!b.max || *b.max > kMaxExtent)
      return fmt::format("the extent {} of axis {} may exceed 2^40", expr::print(shape[i]), i);
    room /= std::max<int64_t>(*b.max, 1);
    if (room == 0) return fmt::format("the shape {} may hold more than 2^40 elements", to_string(shape));
  }
  return {};
}

std::string axis_fault(int64_t axis, size_t rank) {
  if (axis >= 0 && axis < static_cast<int64_t>(rank)) return {};
  return fmt::format("the axis {} is not in [0, {})", axis, rank);
}

std::optional<Ints> constant_shape(const Shape& shape) {
  Ints out;
  out.reserve(shape.size());
  for (const Expr& e : shape) {
    const auto value = e.as_constant();
    if (!value) return std::nullopt;
    out.push_back(*value);
  }
  return out;
}

Shape make_shape(const Ints& extents) { return Shape(extents.begin(), extents.end()); }

Expr element_count(const Shape& shape) { return expr::product(shape); }

Result<Shape> broadcast(const Shape& a, const Shape& b) {
  Undecided undecided;
  return broadcast(a, b, undecided);
}

Result<Shape> broadcast(const Shape& a, const Shape& b, Undecided& undecided) {
  const Shape& longer = a.size() >= b.size() ? a : b;
  const Shape& shorter = a.size() >= b.size() ? b : a;
  const size_t offset = longer.size() - shorter.size();
  Shape out = longer;
  for (size_t i = 0; i < shorter.size(); ++i) {
    const Expr& x = longer[offset + i];
    const Expr& y = shorter[i];
    if (y.is_constant(1) || same_extent(x, y)) continue;
    if (!x.is_constant(1)) {
      // What cannot be equal may be 1 still.
      for (const Expr& condition : {expr::equal(x, 1), expr::equal(y, 1), expr::equal(x, y)})
        undecided.proves(condition);
      const bool known = x.as_constant() && y.as_constant();
      return fail(ErrorKind::invalid_model,
                  fmt::format("{} and {} do not broadcast: at axis {} from the end, {} and {} {}",
                              to_string(a), to_string(b), shorter.size() - i, expr::print(x), expr::print(y),
                              known ? "differ and neither is 1" : "are not known to be equal or 1"));
    }
    out[offset + i] = y;
  }
  return out;
}

}  // namespace weft::graph

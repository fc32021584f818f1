// Einsum: operands from left to right, two at a time, each pair as one matrix product.
#include <fmt/format.h>

#include <algorithm>

#include "frontends/onnx/ops/converters.hpp"
#include "frontends/onnx/ops/term.hpp"

namespace weft::onnx {
namespace {

struct Labelled {
  ValueId value;
  std::string labels;  ///< one an axis
};

bool contains(const std::string& text, char label) { return text.find(label) != text.npos; }

/// "ij,jk->ik" with ellipses written out: as capital letters that the equation does not use, the last axis'
/// last.
struct Equation {
  std::vector<std::string> operands;
  std::string result;
};

std::optional<Equation> read_equation(Call& c, std::string text) {
  std::erase(text, ' ');
  Equation e;
  const size_t arrow = text.find("->");
  std::string left = text.substr(0, arrow);
  constexpr std::string_view kFree = "\x01\x02\x03\x04\x05\x06\x07\x08";
  size_t ellipsis = 0;
  size_t begin = 0;
  for (size_t i = 0; i < c.input_count(); ++i) {
    if (begin > left.size()) return std::nullopt;
    const size_t end = std::min(left.find(',', begin), left.size());
    std::string labels = left.substr(begin, end - begin);
    begin = end + 1;
    const size_t rank = static_cast<size_t>(c.rank(c.in(i)));
    if (const size_t dots = labels.find("..."); dots != labels.npos) {
      const size_t named = labels.size() - 3;
      const size_t count = rank - std::min(rank, named);
      if (count > kFree.size()) return std::nullopt;
      ellipsis = std::max(ellipsis, count);
      labels.replace(dots, 3, kFree.substr(kFree.size() - count));
    }
    if (labels.size() != rank) {
      c.invalid(fmt::format("the equation \"{}\" does not fit the ranks", text));
      return std::nullopt;
    }
    e.operands.push_back(labels);
  }
  const std::string all_dots(kFree.substr(kFree.size() - ellipsis));
  if (arrow != text.npos) {
    e.result = text.substr(arrow + 2);
    if (const size_t dots = e.result.find("..."); dots != e.result.npos) e.result.replace(dots, 3, all_dots);
    return e;
  }
  // What occurs once, in order, behind the ellipsis.
  std::map<char, int> counts;
  for (const std::string& labels : e.operands)
    for (const char label : labels) ++counts[label];
  e.result = all_dots;
  for (const auto& [label, count] : counts)
    if (count == 1 && !contains(all_dots, label)) e.result += label;
  return e;
}

/// x[…, i, i]
ValueId diagonal_of(Call& c, ValueId x) {
  if (!c.ok()) return kNoValue;
  Dims shape = c.dims(x);
  const expr::Expr n = shape.back();
  shape.pop_back();
  if (!require_equal(c, shape.back(), n, "a diagonal") || !require_positive(c, {n})) return kNoValue;
  shape.back() = n * n;
  const ValueId flat = reshape(c, x, shape);
  const auto rank = static_cast<int64_t>(shape.size());
  if (const auto known = n.as_constant()) {
    Ints steps(shape.size(), 1);
    steps.back() = *known + 1;
    shape.back() = n;
    return slice(c, flat, Ints(shape.size(), 0), steps, shape);
  }
  const Term step = number(c, n + 1);
  const ValueId places = emit(c, iota({n}, 0) * step);
  return c.emit(Op::gather, {flat, places}, graph::AxisAttributes{rank - 1});
}

/// Repeated labels become their diagonal.
Labelled diagonal(Call& c, Labelled x) {
  for (size_t i = 0; i < x.labels.size() && c.ok(); ++i) {
    const size_t j = x.labels.find(x.labels[i], i + 1);
    if (j == x.labels.npos) continue;
    Ints order = axis_range(0, static_cast<int64_t>(x.labels.size()));
    order.erase(order.begin() + static_cast<std::ptrdiff_t>(j));
    order.erase(order.begin() + static_cast<std::ptrdiff_t>(i));
    const char label = x.labels[i];
    std::string labels;
    for (const int64_t axis : order) labels += x.labels[static_cast<size_t>(axis)];
    order.push_back(static_cast<int64_t>(i));
    order.push_back(static_cast<int64_t>(j));
    const ValueId moved = transpose(c, x.value, order);
    x = {diagonal_of(c, moved), labels + label};
    i = SIZE_MAX;  // again from the start
  }
  return x;
}

/// Axes in the order of `labels`, those it has not with extent 1.
ValueId aligned(Call& c, const Labelled& x, const std::string& labels) {
  if (!c.ok()) return kNoValue;
  Ints order;
  Dims shape;
  const Dims own = c.dims(x.value);
  for (const char label : labels) {
    const size_t at = x.labels.find(label);
    shape.push_back(at == x.labels.npos ? expr::Expr(1) : own[at]);
    if (at != x.labels.npos) order.push_back(static_cast<int64_t>(at));
  }
  return reshape(c, transpose(c, x.value, order), shape);
}

/// Sums away the labels that nothing else needs.
Labelled summed(Call& c, const Labelled& x, const std::string& needed) {
  Ints axes;
  std::string labels;
  for (size_t i = 0; i < x.labels.size(); ++i) {
    if (contains(needed, x.labels[i])) labels += x.labels[i];
    else axes.push_back(static_cast<int64_t>(i));
  }
  return {reduce(c, x.value, ReduceKind::sum, axes, false), labels};
}

/// The product of two, over the labels that are not needed any more.
Labelled product(Call& c, const Labelled& a, const Labelled& b, const std::string& needed) {
  std::string batch, rows, columns, inner;
  for (const char label : a.labels)
    (contains(b.labels, label) ? (contains(needed, label) ? batch : inner) : rows) += label;
  for (const char label : b.labels)
    if (!contains(a.labels, label)) columns += label;
  const ValueId left = aligned(c, a, batch + rows + inner), right = aligned(c, b, batch + inner + columns);
  if (!c.ok()) return a;
  const Dims l = c.dims(left), r = c.dims(right);
  const size_t nb = batch.size(), nr = rows.size(), ni = inner.size();
  for (size_t i = 0; i < ni; ++i)
    if (!require_equal(c, l[nb + nr + i], r[nb + i], "two axes with one label")) return a;
  Dims shape, left_shape, right_shape;
  for (size_t i = 0; i < nb; ++i) shape.push_back(l[i].is_constant(1) ? r[i] : l[i]);
  left_shape.assign(l.begin(), l.begin() + static_cast<std::ptrdiff_t>(nb));
  right_shape.assign(r.begin(), r.begin() + static_cast<std::ptrdiff_t>(nb));
  left_shape.push_back(element_count(l, nb, nb + nr));
  left_shape.push_back(element_count(l, nb + nr));
  right_shape.push_back(element_count(r, nb, nb + ni));
  right_shape.push_back(element_count(r, nb + ni));
  shape.insert(shape.end(), l.begin() + static_cast<std::ptrdiff_t>(nb),
               l.begin() + static_cast<std::ptrdiff_t>(nb + nr));
  shape.insert(shape.end(), r.begin() + static_cast<std::ptrdiff_t>(nb + ni), r.end());
  const ValueId x = reshape(c, left, left_shape);
  const ValueId y = reshape(c, right, right_shape);
  const ValueId made = c.emit(Op::matmul, {x, y});
  return {reshape(c, made, shape), batch + rows + columns};
}

}  // namespace

void convert_einsum(Call& c) {
  const auto equation = read_equation(c, c.text("equation", ""));
  if (!equation || !c.ok()) return c.invalid("its equation is not understood");
  std::vector<Labelled> operands;
  for (size_t i = 0; i < c.input_count(); ++i)
    operands.push_back(diagonal(c, {c.in(i), equation->operands[i]}));
  const auto needed_after = [&](size_t i) {
    std::string needed = equation->result;
    for (size_t k = i; k < operands.size(); ++k) needed += operands[k].labels;
    return needed;
  };
  if (operands.empty()) return c.invalid("it has no inputs");
  Labelled y = summed(c, operands[0], needed_after(1));
  for (size_t i = 1; i < operands.size() && c.ok(); ++i) {
    const Labelled next = summed(c, operands[i], needed_after(i + 1) + y.labels);
    y = product(c, y, next, needed_after(i + 1));
  }
  y = summed(c, y, equation->result);
  if (c.ok()) c.out(0, aligned(c, y, equation->result));
}

}  // namespace weft::onnx

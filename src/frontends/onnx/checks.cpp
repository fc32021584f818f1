// What must hold of values that data decides: indices within their axis, extents within their bound.
#include <fmt/format.h>

#include <algorithm>

#include "frontends/onnx/extents.hpp"
#include "frontends/onnx/importer.hpp"
#include "frontends/onnx/numbers.hpp"
#include "frontends/onnx/ops/term.hpp"
#include "graph/eval.hpp"

namespace weft::onnx {
namespace {

using expr::Expr;
using End = std::optional<Expr>;

End least(const End& a, const End& b) { return a && b ? End(expr::min(*a, *b)) : End(); }
End greatest_of(const End& a, const End& b) { return a && b ? End(expr::max(*a, *b)) : End(); }
ValueRange joined(const ValueRange& a, const ValueRange& b) {
  return {least(a.min, b.min), greatest_of(a.max, b.max)};
}

/// Of an elementwise operation on integers; what wraps around is not followed.
ValueRange range_of_operation(const graph::Node& node, const std::vector<ValueRange>& x) {
  switch (node.op) {
    case Op::add:
      return {x[0].min && x[1].min ? End(*x[0].min + *x[1].min) : End(),
              x[0].max && x[1].max ? End(*x[0].max + *x[1].max) : End()};
    case Op::sub:
      return {x[0].min && x[1].max ? End(*x[0].min - *x[1].max) : End(),
              x[0].max && x[1].min ? End(*x[0].max - *x[1].min) : End()};
    case Op::minimum:  // below both: one is enough
      return {least(x[0].min, x[1].min), x[0].max && x[1].max ? least(x[0].max, x[1].max)
                                         : x[0].max           ? x[0].max
                                                              : x[1].max};
    case Op::maximum:
      return {x[0].min && x[1].min ? greatest_of(x[0].min, x[1].min)
              : x[0].min           ? x[0].min
                                   : x[1].min,
              greatest_of(x[0].max, x[1].max)};
    case Op::mod:  // with the sign of the divisor
      if (std::get<graph::ModAttributes>(node.attributes).truncate || !x[1].min || !x[1].max) return {};
      if (!expr::always(expr::less(0, *x[1].min))) return {};
      return {Expr(0), *x[1].max - 1};
    case Op::select: return joined(x[1], x[2]);
    default: return {};
  }
}

}  // namespace

const graph::Node* Importer::producer(ValueId value) {
  // Nodes are appended only; those of a graph that was taken back are looked at again.
  indexed_ = std::min(indexed_, graph_.nodes.size());
  for (; indexed_ < graph_.nodes.size(); ++indexed_) producers_[graph_.nodes[indexed_].output] = indexed_;
  const auto found = producers_.find(value);
  if (found == producers_.end() || found->second >= graph_.nodes.size()) return nullptr;
  const graph::Node& node = graph_.nodes[found->second];
  return node.output == value ? &node : nullptr;
}

ValueRange Importer::range_of(ValueId value, int depth) {
  if (const auto known = ranges_.find(value); known != ranges_.end()) return known->second;
  if (!is_integer(graph_.values[value].type.dtype)) return {};
  if (const auto elements = known_elements(value)) {
    if (elements->empty()) return {Expr(0), Expr(0)};
    ValueRange range{elements->front(), elements->front()};
    for (const Expr& e : *elements) range = joined(range, {e, e});
    return range;
  }
  if (is_foldable(value)) return range_of_constant(value);
  const graph::Node* found = depth > 0 ? producer(value) : nullptr;
  if (found == nullptr) return {};
  const graph::Node node = *found;
  const auto operand = [&](size_t i) { return range_of(node.inputs[i], depth - 1); };
  switch (node.op) {
    case Op::iota: {
      const auto& iota = std::get<graph::IotaAttributes>(node.attributes);
      return {Expr(0), iota.shape[static_cast<size_t>(iota.axis)] - 1};
    }
    case Op::arg_reduce: {
      const auto& of = std::get<graph::ArgReduceAttributes>(node.attributes);
      return {Expr(0), graph_.values[node.inputs[0]].type.shape[static_cast<size_t>(of.axis)] - 1};
    }
    case Op::cast:
    case Op::reshape:
    case Op::transpose:
    case Op::expand:
    case Op::slice:
    case Op::gather: return operand(0);
    case Op::concat: {
      ValueRange range = operand(0);
      for (size_t i = 1; i < node.inputs.size(); ++i) range = joined(range, operand(i));
      return range;
    }
    case Op::add:
    case Op::sub:
    case Op::minimum:
    case Op::maximum:
    case Op::mod:
    case Op::select: {
      std::vector<ValueRange> x;
      for (size_t i = 0; i < node.inputs.size(); ++i) x.push_back(operand(i));
      return range_of_operation(node, x);
    }
    default: return {};
  }
}

ValueRange Importer::range_of_constant(ValueId value) const {
  const auto tensor = graph::load_constant(graph_, value, blobs_);
  if (!tensor) return {};
  const Ints elements = to_integers(tensor->dtype, tensor->bytes);
  if (elements.empty()) return {Expr(0), Expr(0)};
  const auto [min, max] = std::ranges::minmax(elements);
  return {Expr(min), Expr(max)};
}

void Call::set_range(ValueId value, const Expr& min, const Expr& max) {
  if (!failed_ && value != kNoValue) importer_.ranges_[value] = {min, max};
}

ValueId Call::where_it_runs(ValueId value, const Expr& otherwise) {
  const int32_t inner = importer_.loop_;
  for (int32_t at = inner; !failed_ && at > std::max(importer_.place(value), graph::kNoLoop);
       at = importer_.loop_) {
    const graph::Loop loop = importer_.graph_.loops[static_cast<size_t>(at)];
    importer_.loop_ = loop.parent;
    if (loop.condition == kNoValue && expr::always(expr::less(0, loop.trips))) continue;
    Term runs = less(scalar(DType::i64, 0), onnx::number(*this, loop.trips, DType::i64));
    if (loop.condition != kNoValue) runs = Term(Op::logical_and, {runs, loop.condition});
    const Term other = onnx::number(*this, otherwise, DType::i64);
    value = onnx::emit(*this, select(runs, reshape(*this, value, {}), other));
  }
  importer_.loop_ = inner;
  return value;
}

void Call::check(ValueId value, const Expr& min, const Expr& max, const std::string& what) {
  ValueId wide =
      dtype(value) == DType::i64 ? value : emit(Op::cast, {value}, graph::CastAttributes{DType::i64});
  if (failed_) return;
  if (const auto known = importer_.known_elements(wide)) {
    const bool holds = expr::always(expr::less_equal(min, known->front())) &&
                       expr::always(expr::less_equal(known->front(), max));
    if (holds) return;
    if (known->front().as_constant() && min.as_constant() && max.as_constant())
      return invalid(fmt::format("{} is {}, not in {}..{}", what, expr::print(known->front()),
                                 expr::print(min), expr::print(max)));
  }
  wide = where_it_runs(wide, min);
  if (failed_) return;
  importer_.graph_.checks.push_back({wide, min, max, what.substr(0, kMaxCheckName), source_});
}

void Call::check_indices(ValueId indices, const Expr& extent) {
  if (failed_) return;
  const Expr min = -extent, max = extent - 1;
  const ValueRange range = importer_.range_of(indices, kRangeDepth);
  if (range.min && range.max && expr::always(expr::less_equal(min, *range.min)) &&
      expr::always(expr::less_equal(*range.max, max)))
    return;
  if (!importer_.checked_.emplace(indices, expr::print(extent), importer_.loop_).second) return;
  // Counted from the least one and without a sign, what is too small is too large: one reduction finds it.
  const bool is_wide = dtype(indices) != DType::i32;
  const DType own = is_wide ? DType::i64 : DType::i32, plain = is_wide ? DType::u64 : DType::u32;
  const auto known = extent.as_constant();
  const ValueId count = known ? scalar(own, static_cast<double>(*known))
                              : onnx::emit(*this, convert(onnx::number(*this, extent), own));
  const ValueId place = onnx::emit(*this, convert(convert(indices, own) + count, plain));
  const ValueId last = reduce(*this, place, ReduceKind::max, axis_range(0, rank(place)), false);
  const ValueId worst = onnx::emit(*this, convert(convert(last, own) - count, DType::i64));
  if (!failed_) check(worst, min, max, importer_.graph_.values[indices].name);
}

std::optional<int64_t> Call::bound(const std::string& what, size_t place) {
  const auto& bounds = importer_.options_.bounds;
  const std::string name = node_.outputs.empty() ? std::string() : node_.outputs[0];
  auto given = bounds.find(name);
  if (given != bounds.end()) importer_.used_bounds_.insert(name);
  else given = bounds.find("");
  const Ints list = given == bounds.end() ? Ints{} : given->second;
  if (list.size() == 1) return list[0];
  if (place < list.size()) return list[place];
  unsupported(
      fmt::format("{} is computed from the model's inputs: say how large it may be with --bound "
                  "{}=N, or --bound N for all such extents",
                  what, name));
  return std::nullopt;
}

Expr Call::bounded(ValueId count, const std::string& what, size_t place, int64_t least) {
  if (failed_) return 0;
  if (const auto known = importer_.known_elements(count)) return known->front();
  const std::optional<int64_t> most = bound(what, place);
  if (!most) return 0;
  const ValueId flat = rank(count) == 0 ? count : reshape(*this, count, {});
  const ValueId wide =
      dtype(flat) == DType::i64 ? flat : emit(Op::cast, {flat}, graph::CastAttributes{DType::i64});
  check(wide, least, *most, what);
  // In range whether the check has come already or not.
  const double low = static_cast<double>(least), high = static_cast<double>(*most);
  const ValueId clamped =
      onnx::emit(*this, convert(minimum(maximum(Term(wide), Term(low)), Term(high)), DType::i32));
  return failed_ ? Expr(0) : measured(clamped, *most);
}

std::variant<Expr, ValueId> Call::element(ValueId value, int64_t index) {
  if (const auto known = importer_.known_elements(value)) return (*known)[static_cast<size_t>(index)];
  if (const graph::Node* node = importer_.producer(value); node != nullptr) {
    const std::vector<ValueId> inputs = node->inputs;
    if (node->op == Op::cast || node->op == Op::reshape) return element(inputs[0], index);
    int64_t at = index;
    for (const ValueId part : node->op == Op::concat && rank(value) == 1 ? inputs : std::vector<ValueId>()) {
      const auto extent = dims(part)[0].as_constant();
      if (!extent) break;
      if (at < *extent) return element(part, at);
      at -= *extent;
    }
  }
  const ValueId flat = reshape(*this, value, {element_count(dims(value))});
  return slice(*this, flat, {index}, {1}, {1});
}

Dims Call::extents_of(ValueId value, const std::string& what,
                      const std::function<Expr(ValueId, size_t)>& open) {
  if (failed_) return {};
  const auto shape = graph::constant_shape(dims(value));
  if (importer_.known_elements(value) || is_float(dtype(value)) || !shape || shape->size() != 1 ||
      (*shape)[0] > kMaxExtentElements)
    return known_extents(value, what);
  Dims extents;
  for (int64_t i = 0; i < (*shape)[0] && ok(); ++i) {
    const auto found = element(value, i);
    const auto* known = std::get_if<Expr>(&found);
    extents.push_back(known ? *known : open(std::get<ValueId>(found), static_cast<size_t>(i)));
  }
  return extents;
}

Dims Call::bounded_extents(ValueId value, const std::string& what, int64_t least) {
  return extents_of(value, what, [&](ValueId element, size_t place) {
    return bounded(element, fmt::format("{}[{}]", what, place), place, least);
  });
}

}  // namespace weft::onnx

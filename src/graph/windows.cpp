// Windows that slide over spatial axes.
#include "graph/windows.hpp"

#include <fmt/format.h>

#include "graph/types.hpp"

namespace weft::graph {

using expr::Expr;

std::string lengths_fault(size_t spatial,
                          std::initializer_list<std::pair<std::string_view, const Ints*>> lists) {
  for (const auto& [name, list] : lists)
    if (list->size() != spatial)
      return fmt::format("{} has {} entries, not one for each of {} spatial axes", name, list->size(),
                         spatial);
  return {};
}

std::string amount_fault(std::string_view name, size_t axis, int64_t value, int64_t least) {
  if (value >= least && value <= kMaxAmount) return {};
  return fmt::format("{}[{}] = {} is not in [{}, 2^31]", name, axis, value, least);
}

std::string slide_amounts_fault(const Slide& s, size_t axis, Undecided& undecided) {
  std::string fault = amount_fault("strides", axis, s.stride, 1);
  if (fault.empty()) fault = amount_fault("dilations", axis, s.dilation, 1);
  if (fault.empty()) fault = amount_fault("pads_begin", axis, s.pad_begin, 0);
  if (fault.empty()) fault = amount_fault("pads_end", axis, s.pad_end, 0);
  if (!fault.empty()) return fault;
  // With these the reach stays below 2^62.
  const expr::Interval window = expr::bounds(s.window);
  if (!undecided.proves(expr::less(0, s.window)))
    return fmt::format("the window {} of spatial axis {} may be empty", expr::print(s.window), axis);
  if (!window.max || *window.max > kMaxAmount)
    return fmt::format("the window {} of spatial axis {} may exceed 2^31", expr::print(s.window), axis);
  return {};
}

Expr reach(const Slide& s) { return (s.window - 1) * s.dilation + 1; }

std::string slide_fault(const Slide& s, size_t axis, Undecided& undecided) {
  std::string fault = slide_amounts_fault(s, axis, undecided);
  if (!fault.empty()) return fault;
  const Expr padded = s.in + s.pad_begin + s.pad_end;
  const Expr fit = expr::less_equal(reach(s), padded);
  if (undecided.proves(fit)) return {};
  return fmt::format("on spatial axis {} the window reaches over {}, {} than the padded extent {}", axis,
                     expr::print(reach(s)),
                     expr::prove(fit) == false ? "more" : "which is not known to be no more",
                     expr::print(padded));
}

Expr slide_extent(const Slide& s) {
  return expr::floor_div(s.in + s.pad_begin + s.pad_end - reach(s), s.stride) + 1;
}

}  // namespace weft::graph

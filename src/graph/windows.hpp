// Windows that slide over spatial axes: what convolutions and pooling share. Internal to graph/.
#pragma once

#include <initializer_list>
#include <utility>

#include "graph/undecided.hpp"

namespace weft::graph {

/// One spatial axis.
struct Slide {
  expr::Expr in, window;
  int64_t stride, dilation, pad_begin, pad_end;
};

/// What is wrong when a list has not one number for each spatial axis; empty when nothing is.
std::string lengths_fault(size_t spatial,
                          std::initializer_list<std::pair<std::string_view, const Ints*>> lists);
/// What is wrong when an amount is below `least` or beyond kMaxAmount; empty when nothing is.
std::string amount_fault(std::string_view name, size_t axis, int64_t value, int64_t least);
/// What is wrong with the stride, dilation and pads of spatial axis `axis`; empty when nothing is.
std::string slide_amounts_fault(const Slide& s, size_t axis, Undecided& undecided);
/// That, and whether the window is known to fit at least once into the padded input.
std::string slide_fault(const Slide& s, size_t axis, Undecided& undecided);
/// (window - 1) * dilation + 1
expr::Expr reach(const Slide& s);
/// floor((in + pads - reach) / stride) + 1
expr::Expr slide_extent(const Slide& s);

}  // namespace weft::graph

// Windows over spatial axes: strides, dilations and padding as convolutions and poolings share them.
#pragma once

#include "frontends/onnx/ops/emit.hpp"

namespace weft::onnx {

struct Spatial {
  Ints window, strides, dilations, pads_begin, pads_end;  ///< one entry a spatial axis
  /// Where the padding depends on symbols, x is padded ahead (and pads_* are 0): so much before, to these
  /// extents.
  Dims ahead_begin, ahead_extents;
  bool pads_ahead() const { return !ahead_extents.empty(); }
  size_t rank() const { return window.size(); }
  /// The extent that the dilated window covers.
  int64_t reach(size_t axis) const { return (window[axis] - 1) * dilations[axis] + 1; }
};

/// Reads the attributes kernel_shape (or takes `window`), strides, dilations, pads and auto_pad for an input
/// of extents `spatial`. Checks their counts and bounds.
Spatial read_spatial(Call& c, const Dims& spatial, const Ints& window);
/// x with `value` around it, where the padding depends on symbols.
ValueId padded_ahead(Call& c, ValueId x, const Spatial& s, double value);
/// The extents from axis 2 on; fails on rank < 3.
Dims spatial_extents(Call& c, ValueId x);
/// Requires that the window fits into the padded axis.
void require_fit(Call& c, const Spatial& s, const Dims& spatial, size_t axis);
/// Strides, pads and windows above this are refused: their products must fit 64 bits.
inline constexpr int64_t kMaxWindow = int64_t{1} << 30;
/// `count` integers from an attribute, each in [low, kMaxWindow].
Ints read_list(Call& c, std::string_view name, size_t count, int64_t fallback, int64_t low);

}  // namespace weft::onnx

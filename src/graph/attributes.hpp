// The attribute structs of ops.def. Each lists its fields once, in `fields`; printing, parsing and comparison
// come from there.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/dtype.hpp"
#include "expr/expr.hpp"

namespace weft::graph {

using Ints = std::vector<int64_t>;
using Shape = std::vector<expr::Expr>;

// Enumerations print as their enumerators' names (graph/attributes.cpp).
enum class ReduceKind : uint8_t { sum, mean, max, min, product };
enum class ScatterKind : uint8_t { replace, sum, product, max, min };
enum class PadMode : uint8_t { constant, edge, reflect };
enum class ResizeMode : uint8_t { nearest, linear, cubic };
enum class CoordinateMode : uint8_t { half_pixel, pytorch_half_pixel, align_corners, asymmetric };
enum class NearestMode : uint8_t { round_prefer_floor, round_prefer_ceil, floor, ceil };

// WEFT_FIELDS makes `fields(self, visit)`: calls visit("name", member) for each, in print order, and
// operator==.
#define WEFT_FIELDS(Type, ...)                                                      \
  template <class Self, class Visit>                                                \
  static void fields([[maybe_unused]] Self& self, [[maybe_unused]] Visit&& visit) { \
    __VA_ARGS__;                                                                    \
  }                                                                                 \
  friend bool operator==(const Type&, const Type&) = default

struct NoAttributes {
  WEFT_FIELDS(NoAttributes, (void)0);
};
struct CastAttributes {
  DType to = DType::f32;
  WEFT_FIELDS(CastAttributes, visit("to", self.to));
};
struct IotaAttributes {
  DType to = DType::i64;  ///< i64 or i32
  Shape shape;            ///< the result's shape
  int64_t axis = 0;
  WEFT_FIELDS(IotaAttributes, visit("to", self.to), visit("shape", self.shape), visit("axis", self.axis));
};
struct ExtentsAttributes {
  DType to = DType::i64;  ///< i64 or i32
  Shape values;           ///< the elements, each within 32 bits
  WEFT_FIELDS(ExtentsAttributes, visit("to", self.to), visit("values", self.values));
};
struct ModAttributes {
  bool truncate = false;  ///< C's fmod (sign of the dividend) instead of the sign of the divisor
  WEFT_FIELDS(ModAttributes, visit("truncate", self.truncate));
};
struct ReduceAttributes {
  ReduceKind kind = ReduceKind::sum;
  Ints axes;  ///< sorted, distinct, >= 0
  WEFT_FIELDS(ReduceAttributes, visit("kind", self.kind), visit("axes", self.axes));
};
struct ArgReduceAttributes {
  ReduceKind kind = ReduceKind::max;  ///< max or min
  int64_t axis = 0;
  bool last = false;  ///< among equals, the last index instead of the first
  WEFT_FIELDS(ArgReduceAttributes, visit("kind", self.kind), visit("axis", self.axis),
              visit("last", self.last));
};
/// All per spatial axis. The output extent is floor((in + begin + end - ((window - 1) * dilation + 1)) /
/// stride) + 1: a frontend turns ceil_mode into a larger pads_end.
struct WindowAttributes {
  ReduceKind kind = ReduceKind::max;  ///< max, sum or mean
  Ints window, strides, dilations, pads_begin, pads_end;
  /// mean only: the divisor counts the first `counted_begin/end` pads (count_include_pad), never what
  /// ceil_mode added.
  Ints counted_begin, counted_end;
  WEFT_FIELDS(WindowAttributes, visit("kind", self.kind), visit("window", self.window),
              visit("strides", self.strides), visit("dilations", self.dilations),
              visit("pads_begin", self.pads_begin), visit("pads_end", self.pads_end),
              visit("counted_begin", self.counted_begin), visit("counted_end", self.counted_end));
};
struct ConvAttributes {
  Ints strides, dilations, pads_begin, pads_end;  ///< per spatial axis
  int64_t groups = 1;
  WEFT_FIELDS(ConvAttributes, visit("strides", self.strides), visit("dilations", self.dilations),
              visit("pads_begin", self.pads_begin), visit("pads_end", self.pads_end),
              visit("groups", self.groups));
};
struct ConvTransposeAttributes {
  Ints strides, dilations, pads_begin, pads_end, output_padding;
  int64_t groups = 1;
  WEFT_FIELDS(ConvTransposeAttributes, visit("strides", self.strides), visit("dilations", self.dilations),
              visit("pads_begin", self.pads_begin), visit("pads_end", self.pads_end),
              visit("output_padding", self.output_padding), visit("groups", self.groups));
};
/// The three parts of Winograd's minimal filtering F(tile x tile, 3 x 3), see graph/winograd.hpp.
struct WinogradAttributes {
  int64_t tile = 4;           ///< outputs per tile and axis: 2 or 4
  Ints pads_begin, pads_end;  ///< winograd_input: of the convolution, per spatial axis
  Shape shape;                ///< winograd_output: the result's shape
  WEFT_FIELDS(WinogradAttributes, visit("tile", self.tile), visit("pads_begin", self.pads_begin),
              visit("pads_end", self.pads_end), visit("shape", self.shape));
};
struct ReshapeAttributes {
  Shape shape;  ///< the result's shape
  WEFT_FIELDS(ReshapeAttributes, visit("shape", self.shape));
};
struct TransposeAttributes {
  Ints permutation;  ///< y.shape[i] = x.shape[permutation[i]]
  WEFT_FIELDS(TransposeAttributes, visit("permutation", self.permutation));
};
struct SliceAttributes {
  Shape starts;  ///< per axis of x; already clamped, inside [0, extent)
  Ints steps;
  Shape sizes;  ///< the result's shape
  WEFT_FIELDS(SliceAttributes, visit("starts", self.starts), visit("steps", self.steps),
              visit("sizes", self.sizes));
};
struct SetSliceAttributes {
  Shape starts;  ///< per axis of x
  WEFT_FIELDS(SetSliceAttributes, visit("starts", self.starts));
};
struct ConcatAttributes {
  int64_t axis = 0;
  WEFT_FIELDS(ConcatAttributes, visit("axis", self.axis));
};
struct PadAttributes {
  Ints begin, end;
  PadMode mode = PadMode::constant;
  double value = 0;
  WEFT_FIELDS(PadAttributes, visit("begin", self.begin), visit("end", self.end), visit("mode", self.mode),
              visit("value", self.value));
};
struct ResizeAttributes {
  Shape shape;  ///< the result's shape
  std::vector<double>
      scales;  ///< per axis, as ONNX defines them (used for the coordinates, may differ from out / in)
  ResizeMode mode = ResizeMode::nearest;
  CoordinateMode coordinates = CoordinateMode::half_pixel;
  NearestMode nearest = NearestMode::round_prefer_floor;
  double cubic_a = -0.75;
  WEFT_FIELDS(ResizeAttributes, visit("shape", self.shape), visit("scales", self.scales),
              visit("mode", self.mode), visit("coordinates", self.coordinates),
              visit("nearest", self.nearest), visit("cubic_a", self.cubic_a));
};
struct ScatterAttributes {
  ScatterKind kind = ScatterKind::replace;
  WEFT_FIELDS(ScatterAttributes, visit("kind", self.kind));
};
/// An operation that whoever runs the graph knows by its name (docs/bundle.md lists them).
struct CustomAttributes {
  std::string name;
  std::vector<std::string> arguments;
  DType to = DType::i32;
  Shape shape;  ///< the result's shape
  WEFT_FIELDS(CustomAttributes, visit("name", self.name), visit("arguments", self.arguments),
              visit("to", self.to), visit("shape", self.shape));
};
struct AxisAttributes {
  int64_t axis = 0;
  WEFT_FIELDS(AxisAttributes, visit("axis", self.axis));
};

using Attributes =
    std::variant<NoAttributes, CastAttributes, ModAttributes, ReduceAttributes, ArgReduceAttributes,
                 WindowAttributes, ConvAttributes, ConvTransposeAttributes, ReshapeAttributes,
                 TransposeAttributes, SliceAttributes, ConcatAttributes, PadAttributes, ResizeAttributes,
                 AxisAttributes, WinogradAttributes, IotaAttributes, ScatterAttributes, ExtentsAttributes,
                 SetSliceAttributes, CustomAttributes>;

#undef WEFT_FIELDS

}  // namespace weft::graph

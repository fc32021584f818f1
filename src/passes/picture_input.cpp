// An input of normalised pixels -> the input "image" of RGBA bytes, and the nodes that normalise them.
#include <fmt/format.h>

#include <algorithm>

#include "passes/passes.hpp"
#include "passes/rewrite.hpp"

namespace weft::passes {

using graph::Graph;
using graph::Ints;
using graph::Node;
using graph::Op;
using graph::Port;
using graph::ValueId;

namespace {

constexpr int64_t kRgba = 4;
/// ITU-R BT.601, as Pillow and OpenCV make grey of colours.
const std::vector<float> kLuma = {0.299F, 0.587F, 0.114F, 0.0F};

/// Where a tensor has its channels, rows and columns; other axes have one element.
struct Layout {
  size_t channel = 0, height = 0, width = 0;
};

std::optional<Layout> layout_of(const Ints& shape, PixelLayout wanted, int64_t channels) {
  const size_t rank = shape.size();
  if (rank < 3 || rank > 4 || (rank == 4 && shape[0] != 1)) return std::nullopt;
  const bool first = shape[rank - 3] == channels, last = shape[rank - 1] == channels;
  if (wanted != PixelLayout::nhwc && first) return Layout{rank - 3, rank - 2, rank - 1};
  if (wanted != PixelLayout::nchw && last) return Layout{rank - 1, rank - 3, rank - 2};
  return std::nullopt;
}

class Normalisation {
 public:
  Normalisation(Graph& g, const Node& node, const PictureInput& spec, const Layout& layout)
      : g_(g), out_(g, node), spec_(spec), layout_(layout), type_(g.values[node.output].type) {}

  void run(ValueId image) {
    ValueId x = channels(out_.add(Op::cast, {image}, graph::CastAttributes{DType::f32}));
    x = affine(x);
    if (layout_.channel < layout_.height)
      x = out_.add(Op::transpose, {x}, graph::TransposeAttributes{{0, 3, 1, 2}});
    if (type_.dtype != DType::f32) x = out_.add(Op::cast, {x}, graph::CastAttributes{type_.dtype});
    out_.finish(Op::reshape, {x}, graph::ReshapeAttributes{type_.shape});
  }

 private:
  template <class T>
  ValueId per_channel(const std::vector<T>& values) {
    const std::vector<float> floats(values.begin(), values.end());
    return out_.constant({DType::f32, graph::make_shape({1, 1, 1, static_cast<int64_t>(values.size())})},
                         floats);
  }

  /// f32[1, H, W, 4] -> f32[1, H, W, C]
  ValueId channels(ValueId rgba) {
    graph::Shape shape = g_.values[rgba].type.shape;
    if (spec_.channels == PictureChannels::grey) {
      shape[3] = 1;
      const ValueId luma = out_.add(Op::reduce, {out_.add(Op::mul, {rgba, per_channel(kLuma)})},
                                    graph::ReduceAttributes{graph::ReduceKind::sum, {3}});
      return out_.add(Op::reshape, {luma}, graph::ReshapeAttributes{std::move(shape)});
    }
    shape[3] = 3;
    graph::SliceAttributes slice;
    slice.sizes = std::move(shape);
    slice.starts = graph::make_shape({0, 0, 0, 0});
    slice.steps = {1, 1, 1, 1};
    if (spec_.channels == PictureChannels::bgr) {
      slice.starts[3] = 2;
      slice.steps[3] = -1;
    }
    return out_.add(Op::slice, {rgba}, std::move(slice));
  }

  /// (x * scale - mean) / std
  ValueId affine(ValueId x) {
    std::vector<double> factor, offset;
    for (size_t c = 0; c < spec_.mean.size(); ++c) {
      factor.push_back(spec_.scale / spec_.std[c]);
      offset.push_back(-spec_.mean[c] / spec_.std[c]);
    }
    if (std::ranges::any_of(factor, [](double f) { return f != 1; }))
      x = out_.add(Op::mul, {x, per_channel(factor)});
    if (std::ranges::any_of(offset, [](double o) { return o != 0; }))
      x = out_.add(Op::add, {x, per_channel(offset)});
    return x;
  }

  Graph& g_;
  Replacement out_;
  const PictureInput& spec_;
  Layout layout_;
  graph::Type type_;
};

/// The input that is meant, by its place.
Result<size_t> find_input(const Graph& g, const std::string& name) {
  if (name.empty() && g.inputs.size() == 1) return 0;
  std::string all;
  for (size_t i = 0; i < g.inputs.size(); ++i) {
    if (g.inputs[i].name == name) return i;
    all += (i > 0 ? ", " : "") + g.inputs[i].name;
  }
  return fail(ErrorKind::invalid_argument,
              name.empty() ? "--preprocess: say which input is meant, as INPUT=image:…; there are " + all
                           : fmt::format("--preprocess: no input is called {}; there are {}", name, all));
}

void rename(Graph& g, ValueId value, std::string name) {
  while (g.names.contains(name)) name += "_";
  g.names.erase(g.values[value].name);
  g.names.insert(name);
  g.values[value].name = std::move(name);
}

}  // namespace

Result<Graph> picture_input(Graph g, const PictureInput& spec) {
  WEFT_ASSIGN(place, find_input(g, spec.input));
  const Port port = g.inputs[place];
  const graph::Type& type = g.values[port.value].type;
  const auto shape = graph::constant_shape(type.shape);
  const int64_t channels = spec.channels == PictureChannels::grey ? 1 : 3;
  const auto layout = shape ? layout_of(*shape, spec.layout, channels) : std::nullopt;
  if (!layout)
    return fail(ErrorKind::invalid_argument,
                fmt::format("--preprocess: {} is no picture of {} channel{}: give its extents by --shape, as "
                            "1x{}xHxW or 1xHxWx{}",
                            graph::to_string(type), channels, channels > 1 ? "s" : "", channels, channels),
                port.name);
  for (const Port& other : g.inputs)
    if (other.value != port.value && other.name == kPictureInput)
      return fail(ErrorKind::invalid_argument,
                  "--preprocess: another input of the model is called image already", other.name);
  const graph::Shape rgba = graph::make_shape({1, (*shape)[layout->height], (*shape)[layout->width], kRgba});
  rename(g, port.value, g.values[port.value].name + ".pixels");
  if (g.names.contains(kPictureInput))
    for (ValueId value = 0; value < g.values.size(); ++value)
      if (g.values[value].name == kPictureInput) rename(g, value, std::string(kPictureInput) + ".value");

  const std::vector<Node> nodes = std::exchange(g.nodes, {});
  // add_input appends; the order of the inputs stays.
  const ValueId image = graph::add_input(g, std::string(kPictureInput), {DType::u8, rgba});
  g.inputs[place] = g.inputs.back();
  g.inputs.pop_back();
  const Node replaced{Op::reshape, {}, {}, port.value, std::string(kPictureInput)};
  Normalisation(g, replaced, spec, *layout).run(image);
  g.nodes.insert(g.nodes.end(), nodes.begin(), nodes.end());
  return g;
}

}  // namespace weft::passes

// conv on f32, channels-last: rows of windows times packed weights; depthwise ones directly. A clip behind it
// (Relu, Clip) is computed along.
#include <algorithm>
#include <cstring>

#include "interpreter/gemm.hpp"
#include "interpreter/planner.hpp"
#include "interpreter/windows.hpp"

namespace weft::interpreter {
namespace {

using graph::Op;

/// The convolution's result after the clips that follow, and the last node of these.
struct Epilogue {
  Clip clip = kNoClip;
  ValueId output;
};

Epilogue take_epilogue(Planner& planner, const Node& conv) {
  Epilogue epilogue{kNoClip, conv.output};
  while (const Node* next = planner.only_reader(epilogue.output)) {
    if ((next->op != Op::maximum && next->op != Op::minimum) || next->loop != graph::kNoLoop) break;
    const ValueId other = next->inputs[0] == epilogue.output ? next->inputs[1] : next->inputs[0];
    const auto bound = planner.number(other);
    if (!bound || planner.shape(next->output) != planner.shape(conv.output)) break;
    // max after min: min(max(x, lo), hi) is max(min(x, hi), lo) where lo <= hi.
    Clip clip = epilogue.clip;
    if (next->op == Op::maximum) clip.lo = std::max(clip.lo, *bound);
    else clip.hi = std::min(clip.hi, *bound);
    if (!(clip.lo <= clip.hi)) break;
    epilogue = {clip, next->output};
    planner.absorb(*next);
  }
  return epilogue;
}

/// A convolution in two axes; of one axis the first is 1.
struct Conv {
  WindowShape window;
  int64_t groups = 1, channels = 1, outputs = 1;  ///< channels and outputs of one group
  Clip clip = kNoClip;
  Ref x, out;

  int64_t k() const { return window.window_y * window.window_x * channels; }
  int64_t rows() const { return window.images * window.out_y * window.out_x; }
};

/// Elements in chunks of four: writes, and reads, up to three more.
void copy_chunks(const float* from, float* to, int64_t n) {
  for (int64_t i = 0; i < n; i += 4) std::memcpy(to + i, from + i, 4 * sizeof(float));
}

/// A row's taps of one line of the image: zeros where it is outside.
void copy_line(const Conv& conv, const float* image, int64_t y, int64_t x, float* to) {
  const WindowShape& w = conv.window;
  const int64_t all = conv.channels * conv.groups, taps = w.window_x * conv.channels;
  if (y < 0 || y >= w.in_y) {
    std::fill_n(to, taps, 0.0F);
    return;
  }
  const float* line = image + y * w.in_x * all;
  if (conv.groups == 1 && w.dilation_x == 1 && x >= 0 && x + w.window_x <= w.in_x)
    return copy_chunks(line + x * all, to, taps);
  for (int64_t t = 0; t < w.window_x; ++t, to += conv.channels) {
    const int64_t at = x + t * w.dilation_x;
    if (at < 0 || at >= w.in_x) std::fill_n(to, conv.channels, 0.0F);
    else copy_chunks(line + at * all, to, conv.channels);
  }
}

/// Rows [first, first + n) of the matrix of windows of one group.
void gather_rows(const Conv& conv, int64_t group, int64_t first, int64_t n, float* to) {
  const WindowShape& w = conv.window;
  const int64_t all = conv.channels * conv.groups, line = w.window_x * conv.channels;
  int64_t x = first % w.out_x, y = first / w.out_x % w.out_y, image = first / w.out_x / w.out_y;
  for (int64_t r = 0; r < n; ++r, to += conv.k()) {
    const float* from = conv.x.floats() + image * w.in_y * w.in_x * all + group * conv.channels;
    for (int64_t t = 0; t < w.window_y; ++t)
      copy_line(conv, from, y * w.stride_y - w.pad_y + t * w.dilation_y, x * w.stride_x - w.pad_x,
                to + t * line);
    if (++x < w.out_x) continue;
    x = 0;
    if (++y < w.out_y) continue;
    y = 0;
    ++image;
  }
}

/// Windows of one point at stride 1: the image is the matrix.
bool is_matrix(const Conv& conv) {
  const WindowShape& w = conv.window;
  return w.window_x == 1 && w.window_y == 1 && w.stride_x == 1 && w.stride_y == 1 && w.pad_x == 0 &&
         w.pad_y == 0 && w.out_x == w.in_x && w.out_y == w.in_y;
}

void run_conv(const Conv& conv, const std::vector<const Panels*>& panels, float* rows_of_windows) {
  const int64_t all = conv.channels * conv.groups, out_all = conv.outputs * conv.groups, k = conv.k();
  const int64_t most = rows_at_a_time(k);
  for (int64_t first = 0; first < conv.rows(); first += most) {
    const int64_t n = std::min(most, conv.rows() - first);
    for (int64_t g = 0; g < conv.groups; ++g) {
      const float* a = conv.x.floats() + first * all + g * conv.channels;
      if (rows_of_windows != nullptr) {
        gather_rows(conv, g, first, n, rows_of_windows);
        a = rows_of_windows;
      }
      gemm(a, rows_of_windows != nullptr ? k : all, n, *panels[static_cast<size_t>(g)], conv.clip,
           conv.out.floats() + first * out_all + g * conv.outputs, out_all);
    }
  }
}

Result<graph::Tensor> load(Planner& planner, ValueId value) {
  return graph::load_constant(planner.graph(), value, planner.blobs());
}

const float* floats(const graph::Tensor& t) { return reinterpret_cast<const float*>(t.bytes.data()); }

/// w[outputs, channels, y, x] -> a matrix [y, x, channels] x outputs in panels, a group each.
Result<std::shared_ptr<const std::vector<Panels>>> pack_weights(Planner& planner, const Node& node,
                                                                const Conv& conv) {
  WEFT_ASSIGN(w, load(planner, node.inputs[1]));
  graph::Tensor bias;
  if (node.inputs.size() > 2) {
    WEFT_ASSIGN(loaded, load(planner, node.inputs[2]));
    bias = std::move(loaded);
  }
  const int64_t taps = conv.window.window_y * conv.window.window_x, k = conv.k();
  auto groups = std::make_shared<std::vector<Panels>>();
  std::vector<float> matrix(static_cast<size_t>(k * conv.outputs));
  for (int64_t g = 0; g < conv.groups; ++g) {
    groups->push_back(make_panels(k, conv.outputs));
    Panels& panels = groups->back();
    if (!panels.values.good() || !panels.bias.good())
      return fail(ErrorKind::limit, "there is no memory for packed weights", node.source);
    for (int64_t o = 0; o < conv.outputs; ++o)
      for (int64_t c = 0; c < conv.channels; ++c)
        for (int64_t t = 0; t < taps; ++t)
          matrix[static_cast<size_t>(o * k + t * conv.channels + c)] =
              floats(w)[((g * conv.outputs + o) * conv.channels + c) * taps + t];
    pack(matrix.data(), 1, k, panels);
    if (!bias.bytes.empty()) std::copy_n(floats(bias) + g * conv.outputs, conv.outputs, panels.bias.floats());
  }
  return groups;
}

/// Weights as [y, x, channels], then the bias.
Result<std::shared_ptr<const Held>> depthwise_weights(Planner& planner, const Node& node, const Conv& conv) {
  WEFT_ASSIGN(w, load(planner, node.inputs[1]));
  const int64_t taps = conv.window.window_y * conv.window.window_x, channels = conv.groups;
  auto held = std::make_shared<Held>(static_cast<uint64_t>((taps + 1) * channels) * sizeof(float));
  if (!held->good()) return fail(ErrorKind::limit, "there is no memory for packed weights", node.source);
  auto* to = reinterpret_cast<float*>(held->data());
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t t = 0; t < taps; ++t) to[t * channels + c] = floats(w)[c * taps + t];
  if (node.inputs.size() > 2) {
    WEFT_ASSIGN(bias, load(planner, node.inputs[2]));
    std::copy_n(floats(bias), channels, to + taps * channels);
  }
  return std::shared_ptr<const Held>(held);
}

/// What names the form of packed weights: biases belong to them.
std::string form(Planner& planner, const Node& node, const char* name) {
  std::string text = name + std::to_string(std::get<graph::ConvAttributes>(node.attributes).groups);
  if (node.inputs.size() < 3) return text;
  if (const auto* range = std::get_if<BlobRange>(&planner.graph().constants.at(node.inputs[2])))
    return text + " " + std::to_string(range->blob) + " " + std::to_string(range->offset);
  return text + " " + planner.graph().values[node.inputs[2]].name;
}

Planned plan_depthwise(Planner& planner, const Node& node, Conv conv) {
  WEFT_ASSIGN(weights,
              planner.weights().made<Held>(form(planner, node, "depthwise"), planner.graph(), node.inputs[1],
                                           [&] { return depthwise_weights(planner, node, conv); }));
  const Held* held = planner.keep(weights);
  Windows windows = padded_windows(planner, conv.x, conv.window, conv.groups, 0);
  windows.out = conv.out;
  planner.step([=, clip = conv.clip]() -> Result<void> {
    const auto* w = reinterpret_cast<const float*>(held->data());
    run_depthwise(windows, w, w + windows.shape.window_y * windows.shape.window_x * windows.channels, clip);
    return {};
  });
  return true;
}

Planned plan_dense(Planner& planner, const Node& node, const Conv& conv) {
  WEFT_ASSIGN(groups, planner.weights().made<std::vector<Panels>>(
                          form(planner, node, "conv"), planner.graph(), node.inputs[1],
                          [&] { return pack_weights(planner, node, conv); }));
  std::vector<const Panels*> panels;
  for (const Panels& p : *planner.keep(groups)) panels.push_back(&p);
  std::optional<Ref> rows;
  if (!is_matrix(conv)) {
    const int64_t most = std::min(rows_at_a_time(conv.k()), conv.rows());
    rows = planner.scratch(static_cast<uint64_t>(most * conv.k()) * sizeof(float));
  }
  planner.step([=]() -> Result<void> {
    run_conv(conv, panels, rows ? rows->floats() : nullptr);
    return {};
  });
  return true;
}

}  // namespace

Planned plan_conv(Planner& planner, const Node& node) {
  if (node.op != Op::conv || !planner.is_float(node.output)) return false;
  const auto& a = std::get<graph::ConvAttributes>(node.attributes);
  const Ints &w = planner.shape(node.inputs[1]), &y = planner.shape(node.output);
  const bool constant =
      planner.is_constant(node.inputs[1]) && (node.inputs.size() < 3 || planner.is_constant(node.inputs[2]));
  if (!constant || y.size() < 3 || y.size() > 4 || count(y) == 0) return false;
  Conv conv;
  conv.window = window_shape(planner.shape(node.inputs[0]), y, {w.begin() + 2, w.end()}, a.strides,
                             a.dilations, a.pads_begin);
  conv.groups = a.groups;
  conv.channels = w[1];
  conv.outputs = w[0] / a.groups;
  WEFT_ASSIGN(x, planner.dense(node.inputs[0], channels_last(y.size())));
  conv.x = x.data;
  const Epilogue epilogue = take_epilogue(planner, node);
  conv.clip = epilogue.clip;
  conv.out = planner.define(epilogue.output, channels_last(y.size())).data;
  if (conv.channels == 1 && conv.outputs == 1 && conv.groups > 1) return plan_depthwise(planner, node, conv);
  return plan_dense(planner, node, conv);
}

}  // namespace weft::interpreter

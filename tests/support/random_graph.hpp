// Seeded random graphs over every row of ops.def. They pass verify() and mean something definite: no integer
// division by zero, no index out of range, no window without an element, no empty value. So two evaluations
// can be compared.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/check.hpp"
#include "graph/graph.hpp"
#include "graph/half.hpp"

namespace weft::graph {

struct RandomGraphOptions {
  int nodes = 12;
  int64_t max_elements = 2048;  ///< of any value
  std::vector<DType> dtypes = {DType::f32, DType::f32, DType::f32, DType::i64, DType::i32, DType::boolean};
  std::vector<int64_t> extents = {1, 1, 2, 3, 4, 5, 7, 8, 11, 13};
  /// Which operations to draw from; empty: all. For example without those that are not continuous.
  std::vector<Op> ops;
};

/// But for custom, which is not the graph's own.
inline const std::vector<Op>& all_ops() {
  static const std::vector<Op> kOps = {
#define WEFT_OP(name, ...) Op::name,
#include "graph/ops.def"
#undef WEFT_OP
  };
  static const std::vector<Op> kOwn(kOps.begin(), std::ranges::find(kOps, Op::custom));
  return kOwn;
}

class RandomGraph {
 public:
  explicit RandomGraph(uint64_t seed, RandomGraphOptions options = {})
      : options_(std::move(options)), state_(seed * 0x9e3779b97f4a7c15u + 0x7654321u) {}

  Graph make() {
    g_.name = "random";
    fresh(any_dtype(), any_shape(), false);
    const std::vector<Op>& ops = options_.ops.empty() ? all_ops() : options_.ops;
    for (int tries = 0; static_cast<int>(g_.nodes.size()) < options_.nodes && tries < 50 * options_.nodes;
         ++tries)
      step(one_of(ops));
    std::vector<bool> used(g_.values.size(), false);
    for (const Node& n : g_.nodes)
      for (const ValueId id : n.inputs) used[id] = true;
    for (const Node& n : g_.nodes)
      if (!used[n.output] && n.loop == kNoLoop)
        g_.outputs.push_back({"out_" + g_.values[n.output].name, n.output});
    return std::move(g_);
  }

  uint64_t next() {  // splitmix64
    uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  int64_t below(int64_t n) { return static_cast<int64_t>(next() % static_cast<uint64_t>(n)); }
  bool chance(int percent) { return below(100) < percent; }

 private:
  using Fits = std::function<bool(const Type&)>;

  template <class T>
  T one_of(const std::vector<T>& list) {
    return list[static_cast<size_t>(below(static_cast<int64_t>(list.size())))];
  }
  DType any_dtype() { return one_of(options_.dtypes); }
  DType numeric_dtype() {
    const DType type = any_dtype();
    return type == DType::boolean ? DType::f32 : type;
  }
  int64_t any_extent() { return one_of(options_.extents); }
  Ints shape_of_rank(int64_t rank) {
    Ints shape;
    int64_t room = options_.max_elements / 8;
    for (int64_t i = 0; i < rank; ++i) {
      shape.push_back(std::min(any_extent(), std::max<int64_t>(room, 1)));
      room /= shape.back();
    }
    return shape;
  }
  Ints any_shape() { return shape_of_rank(below(5)); }
  static int64_t count(const Ints& shape) {
    int64_t n = 1;
    for (const int64_t extent : shape) n *= extent;
    return n;
  }
  static Ints extents(const Type& t) { return *constant_shape(t.shape); }
  const Type& type(ValueId id) const { return g_.values[id].type; }
  Ints shape(ValueId id) const { return extents(type(id)); }

  // Leaves
  // ---------------------------------------------------------------------------------------------------------
  static void append(std::vector<uint8_t>& bytes, uint64_t bits, uint32_t size) {
    for (uint32_t i = 0; i < size; ++i) bytes.push_back(static_cast<uint8_t>(bits >> (8 * i)));
  }
  uint64_t element(DType dtype, int64_t min, int64_t max) {
    const int64_t whole = min + below(max - min + 1);
    if (dtype == DType::boolean) return static_cast<uint64_t>(whole & 1);
    if (!is_float(dtype)) return static_cast<uint64_t>(whole);
    const double value = static_cast<double>(whole) + static_cast<double>(below(64)) / 64;
    if (dtype == DType::f64) return bits_of<uint64_t>(value);
    return dtype == DType::f32 ? bits_of<uint32_t>(static_cast<float>(value)) : round_to_half(dtype, value);
  }
  template <class Bits, class T>
  static Bits bits_of(T value) {
    static_assert(sizeof(Bits) == sizeof(T));
    Bits bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
  }
  ValueId constant(DType dtype, const Ints& extents, int64_t min = -8, int64_t max = 7) {
    std::vector<uint8_t> bytes;
    for (int64_t i = 0; i < count(extents); ++i) append(bytes, element(dtype, min, max), byte_size(dtype));
    return add_constant(g_, "c", {dtype, make_shape(extents)}, std::move(bytes));
  }
  ValueId fresh(DType dtype, const Ints& extents, bool may_be_constant = true) {
    if (may_be_constant && chance(50)) return constant(dtype, extents);
    return add_input(g_, "x" + std::to_string(g_.inputs.size()), {dtype, make_shape(extents)});
  }

  // Operands
  // -------------------------------------------------------------------------------------------------------
  /// A value that fits, rather a late one than an early one; kNoValue when there is none.
  ValueId existing(const Fits& fits) {
    for (size_t i = g_.values.size(); i-- > 0;)
      if (!hidden_.contains(static_cast<ValueId>(i)) && fits(g_.values[i].type) && chance(40))
        return static_cast<ValueId>(i);
    return kNoValue;
  }
  ValueId of_dtype(DType dtype) {
    const ValueId found = existing([&](const Type& t) { return t.dtype == dtype; });
    return found != kNoValue ? found : fresh(dtype, any_shape());
  }
  ValueId of_rank(DType dtype, int64_t lo, int64_t hi) {
    const ValueId found = existing([&](const Type& t) {
      const auto rank = static_cast<int64_t>(t.shape.size());
      return t.dtype == dtype && rank >= lo && rank <= hi;
    });
    if (found != kNoValue) return found;
    const Ints extents = shape_of_rank(lo + below(hi - lo + 1));
    return fresh(dtype, extents);
  }
  /// Some leading axes gone, some extents 1.
  Ints broadcast_from(Ints extents) {
    extents.erase(extents.begin(), extents.begin() + below(static_cast<int64_t>(extents.size()) + 1));
    for (int64_t& extent : extents)
      if (chance(30)) extent = 1;
    return extents;
  }
  ValueId broadcastable(DType dtype, ValueId with) {
    const Shape wanted = type(with).shape;
    const ValueId found = existing([&](const Type& t) {
      const auto shape =
          t.dtype == dtype ? broadcast(wanted, t.shape) : Result<Shape>(fail(ErrorKind::limit, ""));
      return shape && count(*constant_shape(*shape)) <= options_.max_elements;
    });
    if (found != kNoValue) return found;
    const Ints extents = chance(50) ? extents_of(wanted) : broadcast_from(extents_of(wanted));
    return fresh(dtype, extents);
  }
  static Ints extents_of(const Shape& shape) { return *constant_shape(shape); }

  // Nodes
  // ----------------------------------------------------------------------------------------------------------
  void node(Op op, std::vector<ValueId> inputs, Attributes attributes = NoAttributes{}) {
    std::vector<Type> operands;
    for (const ValueId id : inputs) operands.push_back(type(id));
    const auto result = infer_type(op, operands, attributes);
    WEFT_CHECK(result, result.error().message);
    if (count(extents(*result)) > options_.max_elements) return;
    const auto id =
        add_node(g_, op, std::move(inputs), std::move(attributes), "v" + std::to_string(g_.nodes.size()),
                 std::string(info(op).name) + "_" + std::to_string(g_.nodes.size()));
    WEFT_CHECK(id, id.error().message);
    g_.nodes.back().loop = loop_;
  }

  void step(Op op) {
    switch (op) {
      case Op::cast: return cast();
      case Op::select: return select();
      case Op::reduce: return reduce();
      case Op::arg_reduce: return arg_reduce();
      case Op::reduce_window: return reduce_window();
      case Op::conv: return conv();
      case Op::conv_transpose: return conv_transpose();
      case Op::matmul: return matmul();
      case Op::winograd_input: return winograd_input();
      case Op::winograd_weights: return winograd_weights();
      case Op::winograd_output: return winograd_output();
      case Op::reshape: return reshape();
      case Op::transpose: return transpose();
      case Op::expand: return expand();
      case Op::slice: return slice();
      case Op::concat: return concat();
      case Op::pad: return pad();
      case Op::resize: return resize();
      case Op::gather: return gather();
      case Op::iota: return iota();
      case Op::extents: return extents();
      case Op::bitcast: return bitcast();
      case Op::scatter: return scatter();
      case Op::set_slice: return set_slice();
      case Op::state: return loop();
      case Op::last: return loop();
      default: return elementwise(op);
    }
  }

  /// Asks the shape rule itself which element types the operation takes.
  bool accepts(Op op, DType dtype, const Attributes& attributes) {
    const std::vector<Type> scalars(static_cast<size_t>(info(op).min_inputs), Type{dtype, {}});
    return infer_type(op, scalars, attributes).has_value();
  }

  void elementwise(Op op) {
    Attributes attributes = NoAttributes{};
    DType dtype = any_dtype();
    if (op == Op::mod) attributes = ModAttributes{is_float(dtype) || chance(50)};
    for (int i = 0; i < 20 && !accepts(op, dtype, attributes); ++i) dtype = any_dtype();
    if (!accepts(op, dtype, attributes)) return;
    if (op == Op::mod) attributes = ModAttributes{is_float(dtype) || chance(50)};
    const ValueId a = of_dtype(dtype);
    if (info(op).min_inputs == 1) return node(op, {a}, std::move(attributes));
    const bool is_division = op == Op::div || op == Op::mod;
    ValueId b;
    if (!is_float(dtype) && (is_division || op == Op::pow))  // no division by zero, no negative exponent
      b = constant(dtype, broadcast_from(shape(a)), is_division ? 1 : 0, is_division ? 9 : 3);
    else b = broadcastable(dtype, a);
    const bool swap = !is_division && op != Op::pow && chance(30);
    node(op, swap ? std::vector{b, a} : std::vector{a, b}, std::move(attributes));
  }
  void cast() {
    const DType from = any_dtype();
    const DType to = any_dtype();
    node(Op::cast, {of_dtype(from)}, CastAttributes{to});
  }
  void select() {
    const DType dtype = any_dtype();
    const ValueId a = of_dtype(dtype);
    const ValueId condition = broadcastable(DType::boolean, a);
    // Of a's own shape, so that the three together cannot clash.
    const Shape wanted = type(a).shape;
    ValueId b = existing([&](const Type& t) { return t.dtype == dtype && t.shape == wanted; });
    if (b == kNoValue) b = constant(dtype, shape(a));
    node(Op::select, {condition, a, b});
  }
  void reduce() {
    const DType dtype = any_dtype();
    const ValueId x = of_dtype(dtype);
    ReduceAttributes a;
    constexpr ReduceKind kKinds[] = {ReduceKind::max, ReduceKind::min, ReduceKind::sum, ReduceKind::mean,
                                     ReduceKind::product};
    a.kind = kKinds[below(dtype == DType::boolean ? 2 : 5)];
    for (int64_t i = 0; i < static_cast<int64_t>(type(x).shape.size()); ++i)
      if (chance(50)) a.axes.push_back(i);
    node(Op::reduce, {x}, a);
  }
  void arg_reduce() {
    const ValueId x = of_rank(numeric_dtype(), 1, 4);
    ArgReduceAttributes a;
    a.kind = chance(50) ? ReduceKind::max : ReduceKind::min;
    a.axis = below(static_cast<int64_t>(type(x).shape.size()));
    a.last = chance(50);
    node(Op::arg_reduce, {x}, a);
  }
  void reduce_window() {
    const ValueId x = of_rank(numeric_dtype(), 3, 5);
    WindowAttributes a;
    constexpr ReduceKind kKinds[] = {ReduceKind::max, ReduceKind::sum, ReduceKind::mean};
    a.kind = kKinds[below(3)];
    for (size_t i = 2; i < type(x).shape.size(); ++i) {
      const int64_t in = shape(x)[i];
      const int64_t window = 1 + below(std::min<int64_t>(in, 4));
      // With pads below the window and no dilation, every window holds an element.
      const bool padded = chance(60);
      const int64_t most = window > 1 ? (in - 1) / (window - 1) : 2;
      a.window.push_back(window);
      a.strides.push_back(1 + below(3));
      a.dilations.push_back(padded ? 1 : 1 + below(std::max<int64_t>(std::min<int64_t>(most, 3), 1)));
      a.pads_begin.push_back(padded ? below(window) : 0);
      a.pads_end.push_back(padded ? below(window) : 0);
      a.counted_begin.push_back(below(a.pads_begin.back() + 1));
      a.counted_end.push_back(below(a.pads_end.back() + 1));
    }
    node(Op::reduce_window, {x}, a);
  }
  int64_t divisor_of(int64_t n) {
    int64_t d = 1 + below(n);
    while (n % d != 0) --d;
    return d;
  }
  void conv() {
    const DType dtype = numeric_dtype();
    const ValueId x = of_rank(dtype, 3, 5);
    const Ints in = shape(x);
    ConvAttributes a;
    a.groups = chance(60) ? 1 : divisor_of(in[1]);
    Ints w = {a.groups * (1 + below(4)), in[1] / a.groups};
    for (size_t i = 2; i < in.size(); ++i) {
      w.push_back(1 + below(3));
      a.strides.push_back(1 + below(3));
      a.dilations.push_back(1 + below(2));
      a.pads_begin.push_back(below(3));
      const int64_t missing = (w[i] - 1) * a.dilations.back() + 1 - in[i] - a.pads_begin.back();
      a.pads_end.push_back(std::max(below(3), missing));
    }
    std::vector<ValueId> inputs = {x, fresh(dtype, w)};
    if (chance(50)) inputs.push_back(fresh(dtype, {w[0]}));
    node(Op::conv, std::move(inputs), a);
  }
  void conv_transpose() {
    const DType dtype = numeric_dtype();
    const ValueId x = of_rank(dtype, 3, 4);
    const Ints in = shape(x);
    ConvTransposeAttributes a;
    a.groups = chance(60) ? 1 : divisor_of(in[1]);
    Ints w = {in[1], 1 + below(4)};
    for (size_t i = 2; i < in.size(); ++i) {
      w.push_back(1 + below(3));
      a.strides.push_back(1 + below(3));
      a.dilations.push_back(1 + below(2));
      a.output_padding.push_back(below(a.strides.back()));
      const int64_t full =
          (in[i] - 1) * a.strides.back() + (w[i] - 1) * a.dilations.back() + 1 + a.output_padding.back();
      a.pads_begin.push_back(below(std::min<int64_t>(full, 3)));
      a.pads_end.push_back(below(std::min<int64_t>(full - a.pads_begin.back(), 3)));
    }
    std::vector<ValueId> inputs = {x, fresh(dtype, w)};
    if (chance(50)) inputs.push_back(fresh(dtype, {w[1] * a.groups}));
    node(Op::conv_transpose, std::move(inputs), a);
  }
  DType float_dtype() { return chance(80) ? DType::f32 : DType::f64; }
  WinogradAttributes winograd_attributes() {
    WinogradAttributes a;
    a.tile = chance(50) ? 2 : 4;
    return a;
  }
  void winograd_input() {
    const ValueId x = of_rank(float_dtype(), 4, 4);
    WinogradAttributes a = winograd_attributes();
    for (const size_t axis : {size_t{2}, size_t{3}}) {
      a.pads_begin.push_back(below(3));
      a.pads_end.push_back(std::max(below(3), 3 - shape(x)[axis] - a.pads_begin.back()));
    }
    node(Op::winograd_input, {x}, a);
  }
  void winograd_weights() {
    const ValueId w = fresh(float_dtype(), {1 + below(4), 1 + below(3), 3, 3});
    node(Op::winograd_weights, {w}, winograd_attributes());
  }
  void winograd_output() {
    WinogradAttributes a = winograd_attributes();
    const Ints y = {1, 1 + below(3), 1 + below(6), 1 + below(6)};
    const auto tiles = [&](int64_t extent) { return (extent + a.tile - 1) / a.tile; };
    a.shape = make_shape(y);
    const ValueId x = fresh(float_dtype(), {(a.tile + 2) * (a.tile + 2), tiles(y[2]) * tiles(y[3]), y[1]});
    node(Op::winograd_output, {x}, a);
  }
  void matmul() {
    const DType dtype = numeric_dtype();
    const ValueId a = of_rank(dtype, 2, 4);
    const Ints left = shape(a);
    ValueId b = existing([&](const Type& t) {
      const auto rank = t.shape.size();
      return t.dtype == dtype && rank >= 2 && t.shape[rank - 2].is_constant(left.back()) &&
             infer_type(Op::matmul, std::vector<Type>{type(a), t}, NoAttributes{});
    });
    if (b == kNoValue) {
      Ints right = broadcast_from(Ints(left.begin(), left.end() - 2));
      right.push_back(left.back());
      right.push_back(any_extent());
      b = fresh(dtype, right);
    }
    node(Op::matmul, {a, b});
  }
  void reshape() {
    const ValueId x = of_dtype(any_dtype());
    int64_t rest = count(shape(x));
    Ints extents;
    while (rest > 1 && extents.size() < 4) {
      extents.push_back(divisor_of(rest));
      rest /= extents.back();
    }
    if (rest > 1) extents.push_back(rest);
    node(Op::reshape, {x}, ReshapeAttributes{make_shape(extents)});
  }
  void transpose() {
    const ValueId x = of_dtype(any_dtype());
    TransposeAttributes a;
    for (size_t i = 0; i < type(x).shape.size(); ++i) {
      const int64_t at = below(static_cast<int64_t>(i) + 1);
      a.permutation.insert(a.permutation.begin() + at, static_cast<int64_t>(i));
    }
    node(Op::transpose, {x}, a);
  }
  void expand() {
    const ValueId x = of_dtype(any_dtype());
    Ints extents = shape(x);
    for (int64_t& extent : extents)
      if (extent == 1 && chance(60)) extent = any_extent();
    if (extents.size() < 4 && chance(50)) extents.insert(extents.begin(), any_extent());
    node(Op::expand, {x}, ReshapeAttributes{make_shape(extents)});
  }
  void slice() {
    const ValueId x = of_dtype(any_dtype());
    SliceAttributes a;
    for (const int64_t extent : shape(x)) {
      constexpr int64_t kSteps[] = {1, 1, 1, 2, 3, -1, -2};
      const int64_t step = kSteps[below(7)];
      const int64_t start = below(extent);
      const int64_t most = step > 0 ? (extent - 1 - start) / step + 1 : start / -step + 1;
      a.starts.push_back(start);
      a.steps.push_back(step);
      a.sizes.push_back(chance(40) ? most : 1 + below(most));
    }
    node(Op::slice, {x}, a);
  }
  void concat() {
    const DType dtype = any_dtype();
    const ValueId x = of_rank(dtype, 1, 4);
    const int64_t axis = below(static_cast<int64_t>(type(x).shape.size()));
    std::vector<ValueId> inputs = {x};
    for (int64_t more = below(4); more > 0; --more) {
      const ValueId other = existing([&](const Type& t) {
        return t.dtype == dtype &&
               infer_type(Op::concat, std::vector<Type>{type(x), t}, ConcatAttributes{axis});
      });
      Ints extents = shape(x);
      extents[static_cast<size_t>(axis)] = any_extent();
      inputs.push_back(other != kNoValue ? other : fresh(dtype, extents));
    }
    node(Op::concat, std::move(inputs), ConcatAttributes{axis});
  }
  void pad() {
    const ValueId x = of_dtype(any_dtype());
    PadAttributes a;
    a.mode = static_cast<PadMode>(below(3));
    if (a.mode == PadMode::constant && chance(50))
      a.value = type(x).dtype == DType::boolean ? 1 : static_cast<double>(below(9) - 4);
    for (const int64_t extent : shape(x)) {
      const int64_t room = a.mode == PadMode::reflect ? std::min<int64_t>(extent, 4) : 4;
      a.begin.push_back(chance(50) ? 0 : below(room));
      a.end.push_back(chance(50) ? 0 : below(room));
    }
    node(Op::pad, {x}, a);
  }
  void resize() {
    ResizeAttributes a;
    a.mode = static_cast<ResizeMode>(below(3));
    const ValueId x = of_dtype(a.mode == ResizeMode::nearest ? any_dtype() : DType::f32);
    a.coordinates = static_cast<CoordinateMode>(below(4));
    a.nearest = static_cast<NearestMode>(below(4));
    if (chance(30)) a.cubic_a = -0.5;
    const Ints in = shape(x);
    for (size_t i = 0; i < in.size(); ++i) {
      const bool stays = i + 2 < in.size() || chance(30);
      const int64_t out = stays ? in[i] : 1 + below(2 * in[i] + 1);
      a.shape.push_back(out);
      a.scales.push_back(static_cast<double>(out) / static_cast<double>(in[i]));
    }
    node(Op::resize, {x}, a);
  }
  void gather() {
    const ValueId x = of_rank(any_dtype(), 1, 4);
    const int64_t axis = below(static_cast<int64_t>(type(x).shape.size()));
    const int64_t extent = shape(x)[static_cast<size_t>(axis)];
    const DType dtype = chance(50) ? DType::i64 : DType::i32;
    const Ints indices = shape_of_rank(below(3));
    node(Op::gather, {x, constant(dtype, indices, -extent, extent - 1)}, AxisAttributes{axis});
  }

  void iota() {
    const Ints extents = shape_of_rank(1 + below(3));
    const int64_t axis = below(static_cast<int64_t>(extents.size()));
    node(Op::iota, {}, IotaAttributes{chance(50) ? DType::i64 : DType::i32, make_shape(extents), axis});
  }
  void extents() {
    Ints values(static_cast<size_t>(1 + below(4)));
    for (int64_t& value : values) value = below(200) - 100;
    node(Op::extents, {}, ExtentsAttributes{chance(50) ? DType::i64 : DType::i32, make_shape(values)});
  }
  void bitcast() {
    // Of integers: the bits of any float are no definite number.
    const DType from = any_dtype();
    if (!is_integer(from)) return;
    const DType to = byte_size(from) == 8 ? DType::u64 : byte_size(from) == 4 ? DType::u32 : from;
    node(Op::bitcast, {of_dtype(from)}, CastAttributes{to});
  }
  void scatter() {
    const ValueId x = of_rank(numeric_dtype(), 1, 3);
    Ints rows = shape(x);
    const int64_t extent = rows[0];
    rows[0] = 1 + below(4);
    const DType dtype = chance(50) ? DType::i64 : DType::i32;
    const ValueId updates = constant(type(x).dtype, rows);
    const auto kind = static_cast<ScatterKind>(below(5));
    node(Op::scatter, {x, constant(dtype, {rows[0]}, -extent, extent - 1), updates}, ScatterAttributes{kind});
  }

  void set_slice() {
    const ValueId x = of_rank(any_dtype(), 1, 3);
    Ints part = shape(x);
    SetSliceAttributes a;
    for (int64_t& extent : part) {
      const int64_t whole = extent;
      extent = 1 + below(extent);
      a.starts.push_back(below(whole - extent + 1));
      if (loop_ != kNoLoop && chance(50)) a.starts.back() = expr::min(index(loop_), whole - extent);
    }
    ValueId y = existing([&](const Type& t) { return t == Type{type(x).dtype, make_shape(part)}; });
    if (y == kNoValue) y = fresh(type(x).dtype, part);
    node(Op::set_slice, {x, y}, a);
  }

  expr::Expr index(int32_t loop) const {
    const expr::Variable& v = g_.symbols.find(g_.loops[static_cast<size_t>(loop)].index)->second;
    return expr::variable(v.name, v.range);
  }

  /// kNoValue where it would be too large.
  ValueId add_state(ValueId init) {
    const size_t before = g_.nodes.size();
    node(Op::state, {init});
    return g_.nodes.size() == before ? kNoValue : g_.nodes.back().output;
  }

  /// A loop of a few trips, sometimes with a condition, with one or two states and a few nodes.
  void loop() {
    if (loop_ != kNoLoop && g_.loops[static_cast<size_t>(loop_)].parent != kNoLoop) return;
    std::vector<ValueId> states;
    for (int64_t i = below(2); i >= 0; --i) states.push_back(of_dtype(any_dtype()));
    const ValueId go = chance(40) ? of_rank(DType::boolean, 0, 0) : kNoValue;
    const size_t first = g_.values.size();
    const std::string name = "step.i" + std::to_string(g_.loops.size());
    g_.symbols.emplace(name, expr::Variable{name, {0, 3}, 1});
    const auto self = static_cast<int32_t>(g_.loops.size());
    g_.loops.push_back({std::exchange(loop_, self), name, chance(30) ? 1 : below(4), kNoValue, {}});
    for (ValueId& state : states) state = add_state(state);
    std::erase(states, kNoValue);
    const std::vector<Op>& ops = options_.ops.empty() ? all_ops() : options_.ops;
    for (int64_t more = 1 + below(5); more > 0; --more) step(one_of(ops));
    std::vector<Carried> carried;
    for (const ValueId state : states) {
      const ValueId next = existing([&](const Type& t) { return t == type(state); });
      carried.push_back({state, next == kNoValue ? state : next});
    }
    ValueId condition = go;
    if (go != kNoValue && chance(50)) {
      condition = add_state(go);
      const ValueId next = existing([&](const Type& t) { return t == type(go); });
      carried.push_back({condition, next == kNoValue ? condition : next});
    }
    Loop& made = g_.loops[static_cast<size_t>(self)];
    made.condition = condition;
    made.carried = carried;
    loop_ = made.parent;
    for (size_t i = first; i < g_.values.size(); ++i)
      if (is_computed(static_cast<ValueId>(i))) hidden_.insert(static_cast<ValueId>(i));
    for (const Carried& c : carried) node(Op::last, {c.state});
  }

  bool is_computed(ValueId id) const {
    return std::ranges::any_of(g_.nodes, [&](const Node& n) { return n.output == id; });
  }

  RandomGraphOptions options_;
  uint64_t state_;
  Graph g_;
  int32_t loop_ = kNoLoop;    ///< where nodes go
  std::set<ValueId> hidden_;  ///< in loops that have ended
};

}  // namespace weft::graph

// The evaluator's driver: values, their types in either precision, and their lifetimes.
#include "graph/eval.hpp"

#include <fmt/format.h>

#include <limits>
#include <set>

#include "graph/evaluators.hpp"

namespace weft::graph {
namespace {

using evaluators::convert;

constexpr evaluators::Evaluator kEvaluators[] = {
#define WEFT_OP(name, op_class, min_inputs, max_inputs, attributes, rule, evaluator) evaluators::evaluator,
#include "graph/ops.def"
#undef WEFT_OP
};

bool is_half(DType type) { return type == DType::f16 || type == DType::bf16; }

/// Whether an operation moves elements unchanged, so that 16-bit floats need no widening. cast reads them
/// itself.
bool keeps_elements(const Node& node) {
  if (node.op == Op::resize) {
    const auto* a = std::get_if<ResizeAttributes>(&node.attributes);
    return a && a->mode == ResizeMode::nearest;
  }
  const OpClass c = info(node.op).op_class;
  return c == OpClass::movement || c == OpClass::indexing || node.op == Op::cast || node.op == Op::bitcast ||
         node.op == Op::select;
}

/// Runs the node's evaluator for a result of `type`, whose f16 and bf16 are computed in f32 and rounded once.
Result<Tensor> run(const Node& node, std::span<const Tensor* const> operands, DType type, Ints shape,
                   Strings* strings = nullptr) {
  std::vector<Tensor> widened;
  std::vector<const Tensor*> used(operands.begin(), operands.end());
  const bool keeps = keeps_elements(node);
  if (!keeps) {
    widened.reserve(operands.size());
    for (const Tensor*& x : used) {
      if (!is_half(x->dtype)) continue;
      widened.push_back(convert(*x, DType::f32));
      x = &widened.back();
    }
  }
  const DType computed = is_half(type) && !keeps ? DType::f32 : type;
  WEFT_ASSIGN(y, evaluators::make_tensor(computed, std::move(shape)));
  WEFT_TRY(kEvaluators[static_cast<size_t>(node.op)]({node, used, y, strings}));
  return convert(y, type);
}

template <class T>
void canonicalize_as(Tensor& t) {
  T* x = evaluators::data<T>(t);
  const int64_t n = evaluators::element_count(t.shape);
  for (int64_t i = 0; i < n; ++i)
    if (x[i] != x[i]) x[i] = std::numeric_limits<T>::quiet_NaN();
}

/// One NaN for all, whatever the host's: folded constants are part of the output. (16-bit floats are rounded
/// so already.)
void canonicalize_nan(Tensor& t) {
  if (t.dtype == DType::f32) canonicalize_as<float>(t);
  if (t.dtype == DType::f64) canonicalize_as<double>(t);
}

/// The type of a value as it is held: every float is f64 in double precision.
DType held_type(DType type, const EvalOptions& options) {
  return options.double_precision && is_float(type) ? DType::f64 : type;
}

Result<Ints> static_shape(const Graph& g, ValueId id, const SymbolValues& symbols = {}) {
  const Shape& declared = g.values[id].type.shape;
  std::optional<Ints> shape = constant_shape(symbols.empty() ? declared : specialize(declared, symbols));
  if (!shape)
    return fail(ErrorKind::invalid_argument,
                fmt::format("the evaluator needs constant shapes, not {}", to_string(g.values[id].type)),
                g.values[id].name);
  return std::move(*shape);
}

/// How often each value is still to be read.
std::vector<uint32_t> count_uses(const Graph& g) {
  std::vector<uint32_t> uses(g.values.size(), 0);
  for (const Node& node : g.nodes)
    for (const ValueId x : node.inputs) ++uses[x];
  for (const ValueId x : results(g)) ++uses[x];
  return uses;
}

class Evaluation {
 public:
  Evaluation(const Graph& g, const Blobs& blobs, const EvalOptions& options)
      : graph_(g),
        blobs_(blobs),
        options_(options),
        uses_(count_uses(g)),
        own_strings_(g.strings),
        strings_(options.strings != nullptr ? options.strings : &own_strings_) {}

  Result<void> set_input(const Port& port, const Tensor& x) {
    const Type& type = graph_.values[port.value].type;
    WEFT_ASSIGN(shape, static_shape(graph_, port.value));
    const auto bytes = static_cast<uint64_t>(evaluators::element_count(shape)) * byte_size(type.dtype);
    if (x.dtype != type.dtype || x.shape != shape || x.bytes.size() != bytes)
      return fail(ErrorKind::invalid_argument,
                  fmt::format("the input is {}, not {}", to_string(Type{x.dtype, make_shape(x.shape)}),
                              to_string(type)),
                  port.name);
    values_[port.value] = convert(x, held_type(x.dtype, options_));
    return {};
  }

  /// Nodes [begin, end), which are those of a loop, or all.
  Result<void> run_nodes(size_t begin, size_t end, int32_t loop) {
    for (size_t i = begin; i < end;) {
      const Node& node = graph_.nodes[i];
      if (node.loop == loop) {
        ++i;
        if (!loop_states_.contains(node.output)) WEFT_TRY(run_node(node));
        continue;
      }
      int32_t inner = node.loop;
      while (graph_.loops[static_cast<size_t>(inner)].parent != loop)
        inner = graph_.loops[static_cast<size_t>(inner)].parent;
      size_t behind = i;
      while (behind < end && is_inside(graph_, graph_.nodes[behind].loop, inner)) ++behind;
      WEFT_TRY(run_loop(graph_.loops[static_cast<size_t>(inner)], i, behind, inner));
      i = behind;
    }
    return {};
  }

  Result<void> run_loop(const Loop& loop, size_t begin, size_t end, int32_t index) {
    std::vector<ValueId> states;
    for (size_t i = begin; i < end; ++i) {
      const Node& node = graph_.nodes[i];
      if (node.op != Op::state || node.loop != index) continue;
      WEFT_TRY(run_node(node));
      states.push_back(node.output);
    }
    for (const ValueId state : states) loop_states_.insert(state);
    for (int64_t k = 0;; ++k) {
      symbols_[loop.index] = k;
      if (k >= expr::evaluate(loop.trips, symbols_)) break;
      if (loop.condition != kNoValue) {
        WEFT_TRY(require(loop.condition));
        if (values_.at(loop.condition).bytes[0] == 0) break;
      }
      WEFT_TRY(run_nodes(begin, end, index));
      std::vector<Tensor> next;
      for (const Carried& carried : loop.carried) {
        WEFT_TRY(require(carried.next));
        next.push_back(values_.at(carried.next));
      }
      for (size_t i = 0; i < next.size(); ++i) values_[loop.carried[i].state] = std::move(next[i]);
    }
    for (const ValueId state : states) loop_states_.erase(state);
    return {};
  }

  Result<void> run_node(const Node& node) {
    std::vector<const Tensor*> operands;
    for (const ValueId x : node.inputs) {
      WEFT_TRY(require(x));
      operands.push_back(nullptr);
    }
    for (size_t i = 0; i < operands.size(); ++i) operands[i] = &values_.at(node.inputs[i]);
    WEFT_ASSIGN(shape, static_shape(graph_, node.output, symbols_));
    const DType type = held_type(graph_.values[node.output].type.dtype, options_);
    Node bound;
    if (!symbols_.empty()) {
      bound = node;
      specialize(bound.attributes, symbols_);
    }
    Result<Tensor> y = run(symbols_.empty() ? node : bound, operands, type, std::move(shape), strings_);
    if (!y) return fail(y.error().kind, y.error().message, node.source);
    if (node.loop == kNoLoop)  // what a loop reads, each iteration does
      for (const ValueId x : node.inputs) release(x);
    if (options_.on_value) options_.on_value(node.output, declared(node.output, *y));
    if (uses_[node.output] > 0) values_[node.output] = std::move(*y);
    return define(node.output);
  }

  /// The symbols that the value is.
  Result<void> define(ValueId id) {
    for (const Port& port : graph_.definitions) {
      if (port.value != id) continue;
      WEFT_TRY(require(id));
      const int64_t value = *evaluators::data<int32_t>(values_.at(id));
      const expr::Interval range = graph_.symbols.find(port.name)->second.range;
      if (value < range.min || value > range.max)
        return fail(ErrorKind::invalid_argument, fmt::format("the extent {} is out of its range", value),
                    port.name);
      symbols_[port.name] = value;
      release(id);
    }
    return check(id);
  }

  Result<void> check(ValueId id) {
    for (const Check& check : graph_.checks) {
      if (check.value != id) continue;
      WEFT_TRY(require(id));
      const int64_t value = *evaluators::data<int64_t>(values_.at(id));
      const int64_t min = expr::evaluate(check.min, symbols_), max = expr::evaluate(check.max, symbols_);
      if (value < min || value > max)
        return fail(ErrorKind::invalid_argument,
                    fmt::format("{} is {}, which is not in {}..{}", check.what, value, min, max),
                    check.source);
      release(id);
    }
    return {};
  }

  Result<Tensor> output(ValueId id) {
    WEFT_TRY(require(id));
    Tensor y = declared(id, values_.at(id));
    release(id);
    return y;
  }

 private:
  Tensor declared(ValueId id, const Tensor& y) const { return convert(y, graph_.values[id].type.dtype); }

  /// Constants are read when they are first needed.
  Result<void> require(ValueId id) {
    if (values_.contains(id)) return {};
    WEFT_CHECK(graph_.is_constant(id), "a value that is read before it is computed");
    WEFT_ASSIGN(t, load_constant(graph_, id, blobs_));
    values_[id] = convert(t, held_type(t.dtype, options_));
    return {};
  }

  void release(ValueId id) {
    if (--uses_[id] == 0) values_.erase(id);
  }

  const Graph& graph_;
  const Blobs& blobs_;
  const EvalOptions& options_;
  std::vector<uint32_t> uses_;
  std::map<ValueId, Tensor> values_;
  Strings own_strings_;
  Strings* strings_;
  SymbolValues symbols_;           ///< those that are computed
  std::set<ValueId> loop_states_;  ///< of loops that run: they have their values
};

}  // namespace

namespace evaluators {

Ints strides_of(std::span<const int64_t> shape) {
  Ints strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  return strides;
}

Result<Tensor> make_tensor(DType dtype, Ints shape) {
  uint64_t bytes = byte_size(dtype);
  constexpr uint64_t kLimit = UINT32_MAX;
  bool empty = false;
  for (const int64_t extent : shape) empty = empty || extent == 0;
  for (const int64_t extent : shape) {
    if (empty) break;
    if (static_cast<uint64_t>(extent) > kLimit / bytes)
      return fail(ErrorKind::limit, "a tensor is larger than 4 GiB");
    bytes *= static_cast<uint64_t>(extent);
  }
  Tensor t{dtype, std::move(shape), {}};
  if (!empty) t.bytes.resize(static_cast<size_t>(bytes));
  return t;
}

}  // namespace evaluators

Result<Tensor> load_constant(const Graph& g, ValueId id, const Blobs& blobs) {
  const auto found = g.constants.find(id);
  WEFT_CHECK(found != g.constants.end(), "not a constant");
  WEFT_ASSIGN(shape, static_shape(g, id));
  Tensor t{g.values[id].type.dtype, std::move(shape), {}};
  if (const auto* bytes = std::get_if<std::vector<uint8_t>>(&found->second)) {
    t.bytes = *bytes;
  } else {
    WEFT_ASSIGN(read, read_range(blobs, *std::get_if<BlobRange>(&found->second)));
    t.bytes = std::move(read);
  }
  const uint64_t expected = static_cast<uint64_t>(evaluators::element_count(t.shape)) * byte_size(t.dtype);
  if (t.bytes.size() != expected)
    return fail(ErrorKind::invalid_model,
                fmt::format("the constant has {} bytes, not {}", t.bytes.size(), expected),
                g.values[id].name);
  return t;
}

Result<Tensor> evaluate_node(const Graph&, const Node& node, std::span<const Tensor* const> operands) {
  std::vector<Type> types;
  for (const Tensor* x : operands) types.push_back({x->dtype, make_shape(x->shape)});
  WEFT_ASSIGN(type, infer_type(node.op, types, node.attributes));
  std::optional<Ints> shape = constant_shape(type.shape);
  if (!shape) return fail(ErrorKind::unsupported, "the evaluator needs constant shapes", node.source);
  WEFT_ASSIGN(y, run(node, operands, type.dtype, std::move(*shape)));
  if (!keeps_elements(node) || node.op == Op::cast) canonicalize_nan(y);
  return y;
}

Result<std::vector<Tensor>> evaluate(const Graph& g, const Blobs& blobs, const std::vector<Tensor>& inputs,
                                     const EvalOptions& options) {
  if (inputs.size() != g.inputs.size())
    return fail(ErrorKind::invalid_argument,
                fmt::format("{} inputs are given, {} are needed", inputs.size(), g.inputs.size()));
  Evaluation evaluation(g, blobs, options);
  for (size_t i = 0; i < inputs.size(); ++i) WEFT_TRY(evaluation.set_input(g.inputs[i], inputs[i]));
  for (const Port& port : g.inputs) WEFT_TRY(evaluation.define(port.value));
  for (const auto& entry : g.constants) WEFT_TRY(evaluation.define(entry.first));
  WEFT_TRY(evaluation.run_nodes(0, g.nodes.size(), kNoLoop));
  std::vector<Tensor> outputs;
  for (const Port& port : g.outputs) {
    WEFT_ASSIGN(y, evaluation.output(port.value));
    outputs.push_back(std::move(y));
  }
  return outputs;
}

}  // namespace weft::graph

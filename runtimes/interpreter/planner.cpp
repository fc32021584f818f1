#include "interpreter/planner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/check.hpp"

namespace weft::interpreter {

using graph::Op;
using graph::Tensor;

Planner::Planner(const graph::Graph& g, const Blobs& blobs, Weights& weights,
                 const std::vector<uint8_t* const*>& inputs)
    : g_(g), blobs_(blobs), weights_(weights), readers_(g.values.size(), 0) {
  for (const graph::Value& value : g.values) {
    const std::optional<Ints> shape = graph::constant_shape(value.type.shape);
    WEFT_CHECK(shape.has_value(), "a shape that is not known: " + value.name);
    shapes_.push_back(*shape);
  }
  for (const Node& node : g.nodes)
    for (const ValueId x : node.inputs) ++readers_[x];
  for (const ValueId x : graph::results(g)) ++readers_[x];
  for (size_t i = 0; i < g.inputs.size(); ++i) {
    const ValueId value = g.inputs[i].value;
    views_[value] = {{{inputs[i], 0}, dense_strides(shape(value), row_major(shape(value).size())), -1}};
  }
}

const Node* Planner::only_reader(ValueId value) const {
  if (readers_[value] != 1) return nullptr;
  for (const Node& node : g_.nodes)
    if (std::ranges::find(node.inputs, value) != node.inputs.end()) return &node;
  return nullptr;
}

std::optional<float> Planner::number(ValueId value) const {
  if (!is_constant(value) || !is_float(value) || count(shape(value)) != 1) return std::nullopt;
  const Result<Tensor> t = graph::load_constant(g_, value, blobs_);
  if (!t) return std::nullopt;
  float x = 0;
  std::memcpy(&x, t->bytes.data(), sizeof x);
  return x;
}

View Planner::place(uint64_t bytes, Ints strides) {
  const uint64_t offset = arena_.allocate(bytes);
  allocations_.push_back({offset, 1});
  return {{plan_.base.get(), static_cast<int64_t>(offset)},
          std::move(strides),
          static_cast<int>(allocations_.size() - 1)};
}

void Planner::hold(int allocation) {
  if (allocation >= 0) ++allocations_[static_cast<size_t>(allocation)].users;
}

void Planner::drop(int allocation) {
  if (allocation < 0) return;
  Allocation& a = allocations_[static_cast<size_t>(allocation)];
  if (--a.users == 0) arena_.release(a.offset);
}

Result<View> Planner::constant(ValueId value, const Order& order) {
  WEFT_ASSIGN(held, weights_.tensor(g_, value, blobs_));
  const graph::Ints& s = shape(value);
  View view{{keep(held)->address(), 0}, dense_strides(s, row_major(s.size())), -1};
  const Ints strides = dense_strides(s, order);
  if (view.strides == strides) return view;
  const uint32_t element = byte_size(dtype(value));
  const auto copy = std::make_shared<Held>(static_cast<uint64_t>(count(s)) * element);
  if (!copy->good()) return fail(ErrorKind::limit, "there is no memory for a constant");
  copy_strided(collapse(s, {view.strides, strides}), view.data.get(), copy->data(), element);
  return View{{keep(std::shared_ptr<const Held>(copy))->address(), 0}, strides, -1};
}

Result<View> Planner::view(ValueId value) {
  std::vector<View>& views = views_[value];
  if (views.empty()) {
    WEFT_CHECK(is_constant(value), "a value that nothing computed: " + g_.values[value].name);
    WEFT_ASSIGN(made, constant(value, row_major(shape(value).size())));
    views.push_back(made);
  }
  return views.front();
}

Result<View> Planner::dense(ValueId value, const Order& order) {
  WEFT_ASSIGN(from, view(value));
  const Ints strides = dense_strides(shape(value), order);
  for (const View& view : views_[value])
    if (view.strides == strides) return view;
  if (is_constant(value)) {
    WEFT_ASSIGN(made, constant(value, order));
    views_[value].push_back(made);
    return made;
  }
  const uint32_t element = byte_size(dtype(value));
  const View to = place(static_cast<uint64_t>(count(shape(value))) * element, strides);
  copy(from, to, shape(value), element);
  views_[value].push_back(to);
  return to;
}

void Planner::copy(const View& from, const View& to, const Ints& shape, uint32_t element_bytes) {
  step([loops = collapse(shape, {from.strides, to.strides}), a = from.data, b = to.data,
        element_bytes]() -> Result<void> {
    copy_strided(loops, a.get(), b.get(), element_bytes);
    return {};
  });
}

View Planner::define(ValueId value, const Order& order) {
  const View view = place(static_cast<uint64_t>(count(shape(value))) * byte_size(dtype(value)),
                          dense_strides(shape(value), order));
  views_[value] = {view};
  return view;
}

bool Planner::take_over(ValueId value, ValueId operand, const View& view) {
  if (readers_[operand] != 1 || view.allocation < 0) return false;
  if (allocations_[static_cast<size_t>(view.allocation)].users != 1) return false;
  if (byte_size(dtype(value)) != byte_size(dtype(operand)) || shape(value) != shape(operand)) return false;
  hold(view.allocation);
  views_[value] = {view};
  return true;
}

void Planner::alias(ValueId value, View view) {
  hold(view.allocation);
  views_[value] = {std::move(view)};
}

Ref Planner::scratch(uint64_t bytes) {
  const View view = place(bytes, {});
  scratch_.push_back(view.allocation);
  return view.data;
}

void Planner::read(ValueId value) {
  if (--readers_[value] == 0) release(value);
}

void Planner::release(ValueId value) {
  for (const View& view : views_[value]) drop(view.allocation);
  views_.erase(value);
}

namespace {

/// An operand of the evaluator: a constant, or a copy of what lies there when the node's turn comes.
struct Operand {
  std::shared_ptr<const Tensor> constant;
  graph::Type type;
  Ints shape;
  Ref data;
};

Result<void> evaluate_into(const graph::Graph& g, const Node& node, const std::vector<Operand>& operands,
                           uint8_t* to) {
  std::vector<Tensor> copies(operands.size());
  std::vector<const Tensor*> pointers;
  for (size_t i = 0; i < operands.size(); ++i) {
    const Operand& x = operands[i];
    if (!x.constant) {
      const uint8_t* from = x.data.get();
      const auto bytes = static_cast<size_t>(count(x.shape)) * byte_size(x.type.dtype);
      copies[i] = {x.type.dtype, x.shape, std::vector<uint8_t>(from, from + bytes)};
    }
    pointers.push_back(x.constant ? x.constant.get() : &copies[i]);
  }
  WEFT_ASSIGN(y, graph::evaluate_node(g, node, pointers));
  if (!y.bytes.empty()) std::memcpy(to, y.bytes.data(), y.bytes.size());
  return {};
}

}  // namespace

/// The evaluator, on tensors of its own kind.
Result<void> Planner::evaluate(const Node& node) {
  std::vector<Operand> operands;
  for (const ValueId x : node.inputs) {
    if (is_constant(x)) {
      WEFT_ASSIGN(constant,
                  weights_.made<Tensor>("evaluated", g_, x, [&]() -> Result<std::shared_ptr<const Tensor>> {
                    WEFT_ASSIGN(t, graph::load_constant(g_, x, blobs_));
                    return std::make_shared<const Tensor>(std::move(t));
                  }));
      operands.push_back({constant, {}, {}, {}});
      continue;
    }
    WEFT_ASSIGN(from, dense(x, row_major(shape(x).size())));
    operands.push_back({nullptr, g_.values[x].type, shape(x), from.data});
  }
  const View to = define(node.output, row_major(shape(node.output).size()));
  plan_.evaluated.insert(fmt::format("{} {}", graph::info(node.op).name, node.source));
  step([&node, &g = g_, operands, to = to.data] { return evaluate_into(g, node, operands, to.get()); });
  return {};
}

Result<void> Planner::add(const Node& node) {
  if (readers_[node.output] == 0) return {};
  for (const auto rule :
       {plan_elementwise, plan_movement, plan_conv, plan_matmul, plan_window, plan_reduce}) {
    WEFT_ASSIGN(planned, rule(*this, node));
    if (planned) return {};
  }
  return evaluate(node);
}

Result<void> Planner::check(ValueId value) {
  for (const graph::Check& check : g_.checks) {
    if (check.value != value) continue;
    WEFT_ASSIGN(at, view(value));
    step([&check, data = at.data]() -> Result<void> {
      int64_t number = 0;
      std::memcpy(&number, data.get(), sizeof number);
      const int64_t min = expr::evaluate(check.min, {}), max = expr::evaluate(check.max, {});
      if (number >= min && number <= max) return {};
      return fail(ErrorKind::invalid_argument,
                  fmt::format("{} is {}, which is not in {}..{}", check.what, number, min, max),
                  check.source);
    });
    read(value);
  }
  return {};
}

Result<Plan> Planner::run() {
  for (const graph::Port& port : g_.inputs) WEFT_TRY(check(port.value));
  for (const Node& node : g_.nodes) {
    if (!absorbed_.contains(&node)) WEFT_TRY(add(node));
    for (const int allocation : scratch_) drop(allocation);
    scratch_.clear();
    const bool is_read = readers_[node.output] > 0;
    for (const ValueId x : node.inputs) read(x);
    if (is_read && views_.contains(node.output)) WEFT_TRY(check(node.output));
  }
  for (const graph::Port& port : g_.outputs) {
    WEFT_ASSIGN(at, dense(port.value, row_major(shape(port.value).size())));
    if (at.allocation < 0) {  // an input, which may change while the output is still read, or a constant
      const uint32_t element = byte_size(dtype(port.value));
      const View own = place(static_cast<uint64_t>(count(shape(port.value))) * element, at.strides);
      copy(at, own, shape(port.value), element);
      at = own;
    }
    plan_.outputs.push_back(at);
    plan_.output_types.push_back(g_.values[port.value].type);
  }
  plan_.memory = Buffer(arena_.bytes());
  if (!plan_.memory.good()) return fail(ErrorKind::limit, "there is no memory for a run");
  *plan_.base = plan_.memory.data();
  return std::move(plan_);
}

}  // namespace weft::interpreter

#include "interpreter/run.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace weft::interpreter {
namespace {

graph::Tensor tensor_of(const graph::Type& type, const Ints& shape, const uint8_t* from) {
  const auto bytes = static_cast<size_t>(count(shape)) * byte_size(type.dtype);
  return {type.dtype, shape, std::vector<uint8_t>(from, from + bytes)};
}

}  // namespace

Run::Run(std::shared_ptr<LoadedModel> model)
    : model_(std::move(model)), inputs_(model_->prepared.g.inputs.size()) {}

Result<void> Run::set_input(size_t index, const Ints& shape, std::span<const uint8_t> bytes) {
  Input& input = inputs_[index];
  if (!input.buffer.good() || input.buffer.bytes() != bytes.size()) {
    Buffer buffer(bytes.size());
    if (!buffer.good()) return fail(ErrorKind::limit, "there is no memory for the input");
    input.buffer = std::move(buffer);
    *input.address = input.buffer.data();
  }
  input.shape = shape;
  std::ranges::copy(bytes, input.buffer.data());
  return {};
}

Result<graph::SymbolValues> Run::symbols() const {
  graph::SymbolValues values;
  const graph::Graph& g = model_->prepared.g;
  for (size_t i = 0; i < inputs_.size(); ++i) {
    const graph::Shape& declared = g.values[g.inputs[i].value].type.shape;
    for (size_t axis = 0; axis < declared.size(); ++axis)
      if (const auto symbol = graph::symbol_of(declared[axis]))
        values.try_emplace(symbol->symbol, inputs_[i].shape[axis] / symbol->step);
  }
  for (const auto& [name, symbol] : g.symbols)
    if (!graph::is_defined(g, name)) values.try_emplace(name, symbol.range.min.value_or(1));
  for (size_t i = 0; i < inputs_.size(); ++i) {
    const graph::Port& port = g.inputs[i];
    const auto shape = graph::constant_shape(graph::specialize(g.values[port.value].type.shape, values));
    if (shape && *shape != inputs_[i].shape)
      return fail(ErrorKind::invalid_argument, "the input's extents contradict another input's", port.name);
  }
  return values;
}

Result<void> Run::plan(const graph::SymbolValues& symbols) {
  WEFT_ASSIGN(shaped, with_shapes(model_->prepared, symbols));
  auto next = std::make_unique<Prepared>(std::move(shaped));
  std::vector<uint8_t* const*> addresses;
  for (const Input& input : inputs_) addresses.push_back(input.address.get());
  auto parts = std::make_unique<Split>(split(next->g));
  WEFT_ASSIGN(made, Planner(parts->head, next->blobs, model_->weights, addresses).run());
  plan_ = std::make_unique<Plan>(std::move(made));
  split_ = std::move(parts);
  shaped_ = std::move(next);
  chosen_ = symbols;
  evaluated_ = plan_->evaluated;
  if (split_->has_tail())
    for (const Node& node : split_->tail.nodes)
      evaluated_.insert(fmt::format("{} {}", graph::info(node.op).name, node.source));
  output_shapes_.assign(split_->outputs.size(), {});
  for (size_t i = 0; i < output_shapes_.size(); ++i)
    if (!split_->outputs[i].in_tail)
      output_shapes_[i] = *graph::constant_shape(plan_->output_types[split_->outputs[i].index].shape);
  return {};
}

/// What loops and data decide, of what the head has computed.
Result<void> Run::evaluate_tail() {
  std::vector<graph::Tensor> inputs;
  for (size_t i = 0; i < split_->tail_reads; ++i) {
    const graph::Type& type = plan_->output_types[i];
    inputs.push_back(tensor_of(type, *graph::constant_shape(type.shape), plan_->outputs[i].data.get()));
  }
  WEFT_ASSIGN(outputs, graph::evaluate(split_->tail, shaped_->blobs, inputs));
  evaluated_outputs_ = std::move(outputs);
  for (size_t i = 0; i < output_shapes_.size(); ++i)
    if (split_->outputs[i].in_tail) output_shapes_[i] = evaluated_outputs_[split_->outputs[i].index].shape;
  return {};
}

Result<void> Run::evaluate() {
  std::vector<graph::Tensor> inputs;
  for (size_t i = 0; i < inputs_.size(); ++i)
    inputs.push_back(tensor_of(shaped_->g.values[shaped_->g.inputs[i].value].type, inputs_[i].shape,
                               inputs_[i].buffer.data()));
  WEFT_ASSIGN(outputs, graph::evaluate(shaped_->g, shaped_->blobs, inputs));
  evaluated_outputs_ = std::move(outputs);
  output_shapes_.clear();
  for (const graph::Tensor& t : evaluated_outputs_) output_shapes_.push_back(t.shape);
  by_evaluator_ = true;
  return {};
}

Result<void> Run::prepare(uint64_t most_bytes) {
  WEFT_ASSIGN(chosen, symbols());
  if (!shaped_ || chosen != chosen_) WEFT_TRY(plan(chosen));
  if (bytes() > most_bytes)
    return fail(ErrorKind::limit, fmt::format("a run takes {} bytes, {} are allowed", bytes(), most_bytes));
  return {};
}

Result<void> Run::prepare_known() {
  WEFT_TRY(plan({}));
  if (split_->has_tail()) return {};
  shed_bytes(model_->prepared);
  shed_bytes(*shaped_);
  return {};
}

Result<void> Run::compute() {
  by_evaluator_ = false;
  for (const Step& step : plan_->steps) WEFT_TRY(step());
  if (split_->has_tail()) return evaluate_tail();
  return {};
}

std::span<const uint8_t> Run::output(size_t index) const {
  if (by_evaluator_) return evaluated_outputs_[index].bytes;
  const Split::Output& from = split_->outputs[index];
  if (from.in_tail) return evaluated_outputs_[from.index].bytes;
  const auto bytes =
      static_cast<size_t>(count(output_shapes_[index])) * byte_size(plan_->output_types[from.index].dtype);
  return {plan_->outputs[from.index].data.get(), bytes};
}

uint64_t Run::bytes() const {
  uint64_t all = plan_ ? plan_->memory.bytes() : 0;
  for (const Input& input : inputs_) all += input.buffer.bytes();
  return all;
}

}  // namespace weft::interpreter

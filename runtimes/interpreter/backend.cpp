#include "interpreter/backend.hpp"

#include "interpreter/run.hpp"

namespace weft::interpreter {
namespace {

/// Of a model that a guest loads. What needs an option (an open extent) is a form that is not taken so.
nn::Errno of_load(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid_model: return nn::Errno::invalid_encoding;
    case ErrorKind::limit: return nn::Errno::missing_memory;
    default: return nn::Errno::unsupported_operation;
  }
}

/// Of a run: inputs that contradict each other are found before anything is computed.
nn::Errno of_run(const Error& error, bool computing) {
  if (error.kind == ErrorKind::limit) return nn::Errno::missing_memory;
  if (error.kind == ErrorKind::invalid_argument && !computing) return nn::Errno::invalid_argument;
  return nn::Errno::runtime_error;
}

nn::Port port_of(const graph::Graph& g, const graph::Port& port) {
  const graph::Type& type = g.values[port.value].type;
  nn::Port out{port.name, type.dtype, {}};
  for (const expr::Expr& extent : type.shape) {
    const expr::Interval range = expr::bounds(extent);
    const auto min = static_cast<uint32_t>(range.min.value_or(0));
    const auto max = static_cast<uint32_t>(range.max.value_or(UINT32_MAX));
    out.dims.push_back({min, max, static_cast<uint32_t>(expr::known_divisor(extent))});
    if (extent.as_constant() || out.dims.back().step == 0) out.dims.back().step = 1;
  }
  return out;
}

class InterpretedInstance final : public nn::Instance {
 public:
  /// `ports`: of the outputs. The instance keeps the model.
  InterpretedInstance(std::shared_ptr<const nn::Model> model, std::span<const nn::Port> ports,
                      std::unique_ptr<Run> run)
      : model_(std::move(model)), ports_(ports), run_(std::move(run)), dims_(ports.size()) {}

  nn::Outcome<void> set_input(uint32_t index, const nn::TensorView& tensor) override {
    const auto done = run_->set_input(index, Ints(tensor.dims.begin(), tensor.dims.end()), tensor.data);
    if (!done) return nn::refuse(of_run(done.error(), false), to_string(done.error()));
    return {};
  }

  nn::Outcome<void> compute(uint64_t most_bytes) override {
    const auto ready = run_->prepare(most_bytes);
    if (!ready) return nn::refuse(of_run(ready.error(), false), to_string(ready.error()));
    const auto done = run_->compute();
    if (!done) return nn::refuse(of_run(done.error(), true), to_string(done.error()));
    return {};
  }

  uint64_t bytes() const override { return run_->bytes(); }

  nn::Outcome<nn::TensorView> output(uint32_t index) override {
    const Ints& shape = run_->output_shape(index);
    dims_[index].assign(shape.begin(), shape.end());
    return nn::TensorView{ports_[index].dtype, dims_[index], run_->output(index)};
  }

 private:
  std::shared_ptr<const nn::Model> model_;
  std::span<const nn::Port> ports_;
  std::unique_ptr<Run> run_;
  std::vector<std::vector<uint32_t>> dims_;
};

class InterpretedModel final : public nn::Model, public std::enable_shared_from_this<InterpretedModel> {
 public:
  explicit InterpretedModel(Prepared prepared) : model_(std::make_shared<LoadedModel>()) {
    model_->prepared = std::move(prepared);
    const graph::Graph& g = model_->prepared.g;
    for (const graph::Port& port : g.inputs) inputs_.push_back(port_of(g, port));
    for (const graph::Port& port : g.outputs) outputs_.push_back(port_of(g, port));
  }

  std::span<const nn::Port> inputs() const override { return inputs_; }
  std::span<const nn::Port> outputs() const override { return outputs_; }
  /// Where shapes are open, all of it comes with the inputs.
  uint64_t instance_bytes() const override { return instance_bytes_; }
  nn::Outcome<std::unique_ptr<nn::Instance>> instantiate() override {
    std::unique_ptr<Run> run = first_ ? std::move(first_) : std::make_unique<Run>(model_);
    return std::make_unique<InterpretedInstance>(shared_from_this(), outputs_, std::move(run));
  }

  /// What can be done before there are inputs.
  Result<void> plan() {
    if (!has_known_shapes(model_->prepared.g)) return {};
    first_ = std::make_unique<Run>(model_);
    WEFT_TRY(first_->prepare_known());
    instance_bytes_ = first_->bytes();
    return {};
  }

 private:
  std::shared_ptr<LoadedModel> model_;
  std::vector<nn::Port> inputs_, outputs_;
  std::unique_ptr<Run> first_;  ///< of the first instance
  uint64_t instance_bytes_ = 0;
};

}  // namespace

nn::Outcome<std::shared_ptr<nn::Model>> Backend::load(std::span<const std::span<const uint8_t>> parts,
                                                      nn::Encoding, nn::Target) {
  const std::span<const uint8_t> first = parts.front();
  if (first.size() >= 4 && first[0] == 0 && first[1] == 'a' && first[2] == 's' && first[3] == 'm')
    return nn::refuse(nn::Errno::invalid_encoding,
                      "this host is WebAssembly itself and cannot instantiate a module: load the ONNX model");
  if (parts.size() > 1)
    return nn::refuse(nn::Errno::unsupported_operation,
                      "an ONNX model is one part: external data in further parts cannot be told apart");
  auto prepared = prepare({first.begin(), first.end()});
  if (!prepared) return nn::refuse(of_load(prepared.error().kind), to_string(prepared.error()));
  const graph::Graph& g = prepared->g;
  for (const graph::Node& node : g.nodes)
    if (node.op == graph::Op::custom)
      return nn::refuse(nn::Errno::unsupported_operation, "the model computes with strings: " + node.source);
  auto model = std::make_shared<InterpretedModel>(std::move(*prepared));
  const Result<void> planned = model->plan();
  if (!planned) return nn::refuse(of_load(planned.error().kind), to_string(planned.error()));
  return model;
}

}  // namespace weft::interpreter

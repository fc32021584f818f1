#include "native/nn/backend.hpp"

#include <openssl/evp.h>

#include <algorithm>

#include "machine/nn/ports.hpp"
#include "native/nn/open_extents.hpp"

namespace weft::native {
namespace {

std::unexpected<nn::Error> failed(const Error& error) {
  return nn::refuse(machine::errno_of(error.status), error.message);
}

/// Of a model that a guest loads. What needs an option (an open extent) is a form that weft does not take so.
std::unexpected<nn::Error> failed(const weft::Error& error) {
  const auto code = [&] {
    switch (error.kind) {
      case ErrorKind::invalid_model: return nn::Errno::invalid_encoding;
      case ErrorKind::limit: return nn::Errno::missing_memory;
      default: return nn::Errno::unsupported_operation;
    }
  };
  return nn::refuse(code(), to_string(error));
}

class NnInstance final : public nn::Instance {
 public:
  explicit NnInstance(std::unique_ptr<native::Instance> instance) : instance_(std::move(instance)) {}

  nn::Outcome<void> set_input(uint32_t index, const nn::TensorView& tensor) override {
    const auto done = instance_->set_input(index, tensor.data, tensor.dims);
    return done ? nn::Outcome<void>() : failed(done.error());
  }

  nn::Outcome<void> compute(uint64_t most_bytes) override {
    const auto done = instance_->run(most_bytes);
    if (done) return {};
    return std::unexpected(machine::run_error(done.error()));
  }

  uint64_t bytes() const override { return instance_->memory_bytes(); }

  void reset() override { instance_->reset(); }

  nn::Outcome<nn::TensorView> output(uint32_t index) override {
    const auto tensor = instance_->output(index);
    if (!tensor) return nn::refuse(nn::Errno::runtime_error, tensor.error().message);
    return nn::TensorView{tensor->dtype, tensor->shape, tensor->data};
  }

 private:
  std::unique_ptr<native::Instance> instance_;
};

class NnModel final : public nn::Model {
 public:
  NnModel(std::shared_ptr<const native::Model> model, const std::atomic<bool>& stop)
      : model_(std::move(model)), stop_(stop) {
    const std::vector<Dimension>& dimensions = model_->manifest().dimensions;
    for (const VisiblePort& input : model_->inputs())
      inputs_.push_back(machine::port_of(*input.port, dimensions));
    for (const VisiblePort& output : model_->outputs())
      outputs_.push_back(machine::port_of(*output.port, dimensions));
  }

  std::span<const nn::Port> inputs() const override { return inputs_; }
  std::span<const nn::Port> outputs() const override { return outputs_; }
  bool keeps_states() const override { return model_->description().reset_input().has_value(); }
  uint64_t instance_bytes() const override { return model_->memory_bytes(); }
  nn::Outcome<std::unique_ptr<nn::Instance>> instantiate() override {
    auto instance = native::Instance::make(model_, &stop_);
    if (!instance) return failed(instance.error());
    return std::make_unique<NnInstance>(std::move(*instance));
  }

 private:
  std::shared_ptr<const native::Model> model_;
  const std::atomic<bool>& stop_;
  std::vector<nn::Port> inputs_, outputs_;
};

/// As errors of the compiler, for a person.
std::unexpected<weft::Error> as_compile_error(const Error& error) {
  return fail(error.status == WEFT_NO_MEMORY ? ErrorKind::limit : ErrorKind::unsupported, error.message);
}

Bytes copy_of(std::span<const uint8_t> bytes) { return keep({bytes.begin(), bytes.end()}); }

}  // namespace

nn::Outcome<std::shared_ptr<nn::Model>> Backend::load(std::span<const std::span<const uint8_t>> parts,
                                                      nn::Encoding, nn::Target) {
  // The hash is of the parts' hashes, so that where one ends counts.
  Hash hash{};
  std::vector<uint8_t> hashes;
  for (const std::span<const uint8_t> part : parts) {
    EVP_Digest(part.data(), part.size(), hash.data(), nullptr, EVP_sha256(), nullptr);
    hashes.insert(hashes.end(), hash.begin(), hash.end());
  }
  EVP_Digest(hashes.data(), hashes.size(), hash.data(), nullptr, EVP_sha256(), nullptr);
  if (const auto known = loaded_.find(hash); known != loaded_.end())
    if (std::shared_ptr<nn::Model> model = known->second.lock()) return model;
  std::erase_if(loaded_, [](const auto& entry) { return entry.second.expired(); });
  auto model = load_new(parts);
  if (model) loaded_[hash] = *model;
  return model;
}

nn::Outcome<std::shared_ptr<nn::Model>> Backend::load_new(std::span<const std::span<const uint8_t>> parts) {
  constexpr uint8_t kWasm[] = {0, 'a', 's', 'm'};
  const std::span<const uint8_t> first = parts.front();
  if (first.size() >= sizeof kWasm && std::equal(std::begin(kWasm), std::end(kWasm), first.begin()))
    return load_module(parts);
  if (parts.size() > 1)
    return nn::refuse(nn::Errno::unsupported_operation,
                      "an ONNX model is one part: external data in further parts cannot be told apart");
  if (model_engine_ == nullptr) {
    auto engine = Engine::make({});
    if (!engine) return failed(engine.error());
    model_engine_ = std::move(*engine);
  }
  auto model = compile_on(model_engine_, {std::make_shared<MemorySource>(first)}, {}, "model");
  if (!model) return failed(model.error());
  return std::move(*model);
}

nn::Outcome<std::shared_ptr<nn::Model>> Backend::load_module(
    std::span<const std::span<const uint8_t>> parts) {
  if (parts.size() > 2)
    return nn::refuse(nn::Errno::invalid_encoding,
                      "a weft bundle is at most two parts: a module, and model.weights");
  if (guest_engine_ == nullptr) {
    auto engine = Engine::make({.interruptible = true});
    if (!engine) return failed(engine.error());
    guest_engine_ = std::move(*engine);
    interruptible_ = guest_engine_.get();
  }
  const Bytes weights = parts.size() > 1 ? copy_of(parts[1]) : Bytes();
  auto model = Model::from_parts(copy_of(parts[0]), weights, "the module", guest_engine_);
  if (!model) return failed(model.error());
  return std::make_shared<NnModel>(std::move(*model), stop_);
}

Outcome<std::shared_ptr<nn::Model>> Backend::open_bundle(const std::string& folder) {
  WEFT_NATIVE_ASSIGN(engine, Engine::shared());
  WEFT_NATIVE_ASSIGN(model, Model::open(folder, "", engine));
  return std::make_shared<NnModel>(std::move(model), stop_);
}

Result<std::shared_ptr<nn::Model>> Backend::compile_on(const Outcome<std::shared_ptr<Engine>>& engine,
                                                       const Blobs& blobs, const onnx::ReadOptions& options,
                                                       const std::string& name) {
  compile::CompileOptions compile_options;
  compile_options.read = options;
  compile_options.variants = {"relaxed"};
  compile_options.name = name;
  WEFT_ASSIGN(compiled, compile_with_open_extents(blobs, std::move(compile_options)));
  Bytes module, weights;
  for (const bundle::BundleFile& file : compiled.bundle.files) {
    const bool is_weights = file.name == "model.weights";
    if (!is_weights && file.variant.empty()) continue;
    WEFT_ASSIGN(bytes, bundle::contents(file, compiled.blobs));
    (is_weights ? weights : module) = keep(std::move(bytes));
  }
  if (!engine) return as_compile_error(engine.error());
  auto model = Model::from_parts(module, weights, name, *engine);
  if (!model) return as_compile_error(model.error());
  return std::make_shared<NnModel>(std::move(*model), stop_);
}

void Backend::interrupt() {
  if (const Engine* engine = interruptible_) engine->interrupt();
}

}  // namespace weft::native

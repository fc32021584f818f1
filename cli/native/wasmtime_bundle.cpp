// Bundles on Wasmtime, in this process.
#include <chrono>
#include <filesystem>

#include "cli/native/host.hpp"
#include "cli/native/native_error.hpp"
#include "cli/run_request.hpp"
#include "cli/tensors.hpp"
#include "compile/compile.hpp"
#include "native/instance.hpp"

namespace weft::cli {
namespace {

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point from) {
  return std::chrono::duration<double, std::milli>(Clock::now() - from).count();
}

/// The files of a bundle that was just compiled.
struct Parts {
  native::Bytes module, weights;
};

Result<Parts> parts_of(const compile::Compiled& compiled) {
  Parts parts;
  for (const bundle::BundleFile& file : compiled.bundle.files) {
    const bool is_weights = file.name == "model.weights";
    if (!is_weights && file.variant.empty()) continue;
    WEFT_ASSIGN(bytes, bundle::contents(file, compiled.blobs));
    (is_weights ? parts.weights : parts.module) = native::keep(std::move(bytes));
  }
  return parts;
}

std::vector<TensorPort> ports_of(const std::vector<machine::VisiblePort>& visible) {
  std::vector<TensorPort> ports;
  for (const machine::VisiblePort& item : visible)
    ports.push_back({item.port->name,
                     item.port->dtype,
                     {item.port->shape.begin(), item.port->shape.end()},
                     item.port->is_open()});
  return ports;
}

/// What went wrong in a run: a caller's mistake, or the model's.
std::unexpected<RunFailure> run_failure(const native::Error& error) {
  const bool is_engine =
      error.status == WEFT_TRAP || error.status == WEFT_OUT_OF_RANGE || error.status == WEFT_BAD_BUNDLE;
  return std::unexpected(RunFailure{{kind_of(error.status), error.message, error.node}, is_engine});
}

class Bundle final : public LoadedBundle {
 public:
  Bundle(std::unique_ptr<native::Instance> instance, double load_ms) : instance_(std::move(instance)) {
    const native::Model& model = instance_->model();
    facts_.name = model.manifest().name;
    facts_.variant = model.variant().name;
    facts_.engine_version = native::wasmtime_version();
    facts_.inputs = ports_of(model.inputs());
    facts_.outputs = ports_of(model.outputs());
    facts_.load_ms = load_ms;
  }
  void set_sizes(uint64_t code, uint64_t weights) {
    facts_.code_bytes = code;
    facts_.weights_bytes = weights;
  }

  const Facts& facts() const override { return facts_; }
  uint64_t memory_bytes() const override { return instance_->memory_bytes(); }

  std::expected<Ran, RunFailure> run(const std::vector<graph::Tensor>& inputs) override {
    const Clock::time_point from = Clock::now();
    for (size_t i = 0; i < inputs.size(); ++i) {
      const std::vector<uint32_t> shape(inputs[i].shape.begin(), inputs[i].shape.end());
      if (const auto set = instance_->set_input(i, inputs[i].bytes, shape); !set)
        return run_failure(set.error());
    }
    if (const auto done = instance_->run(); !done) return run_failure(done.error());
    Ran ran;
    for (size_t i = 0; i < facts_.outputs.size(); ++i) {
      const auto output = instance_->output(i);
      if (!output) return run_failure(output.error());
      ran.outputs.push_back({output->dtype,
                             {output->shape.begin(), output->shape.end()},
                             {output->data.begin(), output->data.end()}});
    }
    ran.ms = ms_since(from);
    return ran;
  }

 private:
  std::unique_ptr<native::Instance> instance_;
  Facts facts_;
};

uint64_t size_of(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return error ? 0 : size;
}

}  // namespace

Result<int> NativeHost::run_on_wasmtime(const Options& options, const RunRequest& request) {
  return options.command == "bench" ? bench_on_wasmtime(options, request, *this)
                                    : cli::run_on_wasmtime(options, request, *this);
}

Result<std::vector<graph::Tensor>> NativeHost::read_inputs(std::span<const TensorPort> ports,
                                                           const std::vector<std::string>& values) {
  return cli::read_inputs(ports, values, *this);
}

Result<std::unique_ptr<LoadedBundle>> NativeHost::load_on_wasmtime(const BundleRequest& request) {
  Parts parts;
  if (request.compiled != nullptr) {
    WEFT_ASSIGN(compiled, parts_of(*request.compiled));
    parts = std::move(compiled);
  }
  const Clock::time_point from = Clock::now();
  const auto engine = native::Engine::shared();
  if (!engine) return failed(engine.error());
  if (!request.module_cache.empty())
    if (const auto kept = (*engine)->keep_modules_in(request.module_cache); !kept)
      return failed(kept.error());
  const auto model = request.compiled == nullptr
                         ? native::Model::open(request.folder, request.variant, *engine)
                         : native::Model::from_parts(parts.module, parts.weights, "the module", *engine);
  if (!model) return failed(model.error());
  auto instance = native::Instance::make(*model, nullptr);
  if (!instance) return failed(instance.error());
  auto bundle = std::make_unique<Bundle>(std::move(*instance), ms_since(from));
  if (request.compiled != nullptr) bundle->set_sizes(parts.module.data.size(), parts.weights.data.size());
  else
    bundle->set_sizes(size_of(request.folder + "/" + (*model)->variant().file),
                      size_of(request.folder + "/model.weights"));
  return bundle;
}

}  // namespace weft::cli

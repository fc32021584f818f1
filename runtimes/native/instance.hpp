// One instance of a model on Wasmtime: a store with its memory. For one thread at a time.
#pragma once

#include <atomic>
#include <memory>

#include "machine/instance.hpp"
#include "native/model.hpp"

namespace weft::native {

using machine::Tensor;

class Instance final : private machine::Code {
 public:
  /// Makes the memory and packs the weights into it. `stop`, which may be null and else outlives the
  /// instance: becomes true where what runs is to end.
  static Outcome<std::unique_ptr<Instance>> make(std::shared_ptr<const Model> model,
                                                 const std::atomic<bool>* stop);

  // As machine::Instance has them.
  Outcome<void> set_input(size_t index, std::span<const uint8_t> data, std::span<const uint32_t> shape) {
    return machine_.set_input(index, data, shape);
  }
  Outcome<void> run(uint64_t most_bytes = UINT64_MAX) { return machine_.run(most_bytes); }
  Outcome<Tensor> output(size_t index) { return machine_.output(index); }
  void reset() { machine_.reset(); }

  const Model& model() const { return *model_; }
  /// Of the memory as it is.
  uint64_t memory_bytes() const override { return api_.wasmtime_memory_data_size(context_, &memory_); }

 private:
  explicit Instance(std::shared_ptr<const Model> model)
      : model_(std::move(model)), api_(model_->engine().api()), machine_(model_->description(), *this) {}
  Outcome<void> instantiate();
  void allow_some_time();

  Outcome<void> grow(uint64_t bytes) override;
  void write(uint64_t address, std::span<const uint8_t> data) override;
  void read(uint64_t address, std::span<uint8_t> out) override;
  std::span<const uint8_t> view(uint64_t address, uint64_t bytes) override;
  void load(uint64_t offset, uint64_t address, uint64_t bytes) override;
  Outcome<int32_t> step(uint32_t context) override;

  std::shared_ptr<const Model> model_;
  const Wasmtime& api_;
  const std::atomic<bool>* stop_ = nullptr;
  Owned<wasmtime_store_t> store_;
  wasmtime_context_t* context_ = nullptr;
  wasmtime_memory_t memory_{};
  wasmtime_func_t step_{};
  machine::Instance machine_;
};

}  // namespace weft::native

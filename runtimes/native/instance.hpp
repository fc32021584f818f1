// One instance of a model: its memory, the inputs that are set, and runs. For one thread at a time.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "native/model.hpp"

namespace weft::native {

/// A row-major tensor in the model's memory.
struct Tensor {
  DType dtype = DType::f32;
  std::span<const uint32_t> shape;
  std::span<const uint8_t> data;
};

class Instance {
 public:
  /// Makes the memory and packs the weights into it. `stop`, which may be null and else outlives the
  /// instance: becomes true where what runs is to end.
  static Outcome<std::unique_ptr<Instance>> make(std::shared_ptr<const Model> model,
                                                 const std::atomic<bool>* stop);

  /// Copies; stays the input of all runs until it is replaced. `shape` may be empty for a port without open
  /// extents.
  Outcome<void> set_input(size_t index, std::span<const uint8_t> data, std::span<const uint32_t> shape);
  /// Fails with WEFT_INVALID_ARGUMENT (an input is missing, two inputs disagree on a dimension),
  /// WEFT_OUT_OF_RANGE, WEFT_TRAP, WEFT_NO_MEMORY or WEFT_INTERRUPTED. The instance takes further runs, but
  /// has no outputs.
  /// The memory grows to at most `most_bytes`: WEFT_NO_MEMORY beyond.
  Outcome<void> run(uint64_t most_bytes = UINT64_MAX);
  /// Of the last run; valid until the next call of run() or set_input().
  Outcome<Tensor> output(size_t index);
  /// States begin anew with the next run.
  void reset() { begins_ = true; }

  const Model& model() const { return *model_; }
  /// Of the memory as it is.
  uint64_t memory_bytes() const { return api_.wasmtime_memory_data_size(context_, &memory_); }

 private:
  /// An input that is set; `data` only where its place in the memory depends on the dimensions.
  struct Given {
    bool is_set = false;
    std::vector<uint32_t> shape;
    std::vector<uint8_t> data;
  };

  explicit Instance(std::shared_ptr<const Model> model)
      : model_(std::move(model)), api_(model_->engine().api()) {}
  Outcome<void> instantiate();
  Outcome<void> copy_listed_weights();

  Outcome<std::span<uint8_t>> memory(uint64_t address, uint64_t bytes);
  Outcome<uint32_t> word(uint64_t address);
  Outcome<void> write_words(uint64_t address, std::span<const uint32_t> words);
  Outcome<void> write_tensor(uint64_t address, DType dtype, std::span<const uint8_t> data);

  /// Runs an entry to its end; an entry that the module does not have is nothing to do.
  Outcome<void> execute(std::string_view entry, bool loads);
  void allow_some_time();
  Outcome<int32_t> step(int32_t budget);
  Outcome<void> load_weights();
  Error error_cell();

  Outcome<std::vector<uint32_t>> extents() const;
  Outcome<void> resize(uint64_t most_bytes);
  Outcome<void> grow(uint64_t bytes, uint64_t most_bytes);

  std::shared_ptr<const Model> model_;
  const Wasmtime& api_;
  const std::atomic<bool>* stop_ = nullptr;
  Owned<wasmtime_store_t> store_;
  wasmtime_context_t* context_ = nullptr;
  wasmtime_memory_t memory_{};
  wasmtime_func_t step_{};
  std::vector<Given> given_;              // by place in the manifest
  std::vector<uint32_t> at_in_, at_out_;  // addresses for the dimensions of the last run
  std::vector<uint32_t> shape_;           // of the output that was asked for last
  bool begins_ = true;
  bool has_result_ = false;
};

}  // namespace weft::native

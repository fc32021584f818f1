// One instance of a model: the inputs that are set, and runs. What a module asks of whoever drives it
// (docs/bundle.md), without an engine; for one thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "machine/description.hpp"

namespace weft::machine {

/// A module with its memory, and the weights. Callers have looked at addresses: they lie in the memory as it
/// is.
class Code {
 public:
  virtual ~Code() = default;

  virtual uint64_t memory_bytes() const = 0;
  /// To `bytes`, whole pages. WEFT_NO_MEMORY where the engine has none.
  virtual Outcome<void> grow(uint64_t bytes) = 0;
  virtual void write(uint64_t address, std::span<const uint8_t> data) = 0;
  virtual void read(uint64_t address, std::span<uint8_t> out) = 0;
  /// Valid until the next call but those of memory_bytes().
  virtual std::span<const uint8_t> view(uint64_t address, uint64_t bytes) = 0;
  /// Copies a part of the weights, which are there, to an address.
  virtual void load(uint64_t offset, uint64_t address, uint64_t bytes) = 0;
  /// Calls step() with as large a budget as suits the engine; what step returned. WEFT_TRAP, or
  /// WEFT_INTERRUPTED.
  virtual Outcome<int32_t> step(uint32_t context) = 0;
};

/// A row-major tensor in the model's memory.
struct Tensor {
  DType dtype = DType::f32;
  std::span<const uint32_t> shape;
  std::span<const uint8_t> data;
};

class Instance {
 public:
  /// Both outlive the instance.
  Instance(const Description& model, Code& code);

  /// Packs the weights; once, before all else.
  Outcome<void> prepare();
  /// Copies; stays the input of all runs until it is replaced. `shape` may be empty for a port without open
  /// extents.
  Outcome<void> set_input(size_t index, std::span<const uint8_t> data, std::span<const uint32_t> shape);
  /// As if no input had been set.
  void forget_inputs();
  /// Fails with WEFT_INVALID_ARGUMENT (an input is missing, two inputs disagree on a dimension),
  /// WEFT_OUT_OF_RANGE, WEFT_TRAP, WEFT_NO_MEMORY or WEFT_INTERRUPTED. The instance takes further runs, but
  /// has no outputs.
  /// The memory grows to at most `most_bytes`: WEFT_NO_MEMORY beyond.
  Outcome<void> run(uint64_t most_bytes = UINT64_MAX);
  /// Of the last run; valid until the next call of run() or set_input().
  Outcome<Tensor> output(size_t index);
  /// States begin anew with the next run.
  void reset() { begins_ = true; }

 private:
  /// An input that is set; `data` only where its place in the memory depends on the dimensions.
  struct Given {
    bool is_set = false;
    std::vector<uint32_t> shape;
    std::vector<uint8_t> data;
  };

  Outcome<void> check_inside(uint64_t address, uint64_t bytes) const;
  Outcome<uint32_t> word(uint64_t address);
  Outcome<std::array<uint32_t, 8>> eight_words(uint64_t address);
  Outcome<void> write_words(uint64_t address, std::span<const uint32_t> words);
  Outcome<void> write_tensor(uint64_t address, DType dtype, std::span<const uint8_t> data);

  /// Runs an entry to its end; an entry that the module does not have is nothing to do.
  Outcome<void> execute(std::string_view entry, bool loads);
  Outcome<void> load_weights();
  Error error_cell();

  Outcome<std::vector<uint32_t>> extents() const;
  Outcome<void> resize(uint64_t most_bytes);
  Outcome<void> grow(uint64_t bytes, uint64_t most_bytes);

  const Description& model_;
  Code& code_;
  std::vector<Given> given_;              // by place in the manifest
  std::vector<uint32_t> at_in_, at_out_;  // addresses for the dimensions of the last run
  std::vector<uint32_t> shape_;           // of the output that was asked for last
  bool begins_ = true;
  bool has_result_ = false;
};

}  // namespace weft::machine

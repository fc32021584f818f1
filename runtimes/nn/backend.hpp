// What an engine offers to the core: models from bytes, instances of them, runs.
//
// The core has looked at everything a guest can get wrong before it calls: encodings, targets, indices,
// types, shapes, the number of bytes, missing inputs, limits. A backend answers for what only it can know,
// with these codes (docs/wasi-nn.md):
//   invalid_encoding       the bytes are no model after all
//   unsupported_operation  a model that reads well but has operators or forms that weft refuses; the text
//   lists them missing_memory         the engine has no memory for it invalid_argument       inputs that only
//   contradict each other (two extents of one symbol) runtime_error          a trap, a value out of range, an
//   interruption: the instance takes another compute() afterwards
//   context_full           what the model keeps from run to run has grown to its end
// No call throws, and none of them calls back into the host that it was called from.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "nn/types.hpp"

namespace weft::nn {

/// One execution context: inputs, a run, outputs.
class Instance {
 public:
  virtual ~Instance() = default;

  /// Copies the tensor, whose dtype is the port's and whose shape is one that the port takes. It stays the
  /// input until it is replaced: through any number of compute() calls, and through later set_input() calls
  /// that fail. The outputs of the last compute() stay readable.
  virtual Outcome<void> set_input(uint32_t index, const TensorView& tensor) = 0;

  /// Runs the model on the inputs, all of which are set. Where their shapes need more memory than bytes(), it
  /// grows, at most to `most_bytes`: missing_memory beyond.
  virtual Outcome<void> compute(uint64_t most_bytes) = 0;

  /// What the instance takes now. Looked at after compute(), and counted against Limits::bytes.
  virtual uint64_t bytes() const = 0;

  /// States that the model keeps from run to run begin anew with the next compute().
  virtual void reset() {}

  /// An output of the last successful compute(), as the port's dtype. The view is valid until the next call
  /// of this instance.
  virtual Outcome<TensorView> output(uint32_t index) = 0;
};

/// A compiled model, shared by all who use it and never changed.
class Model {
 public:
  virtual ~Model() = default;

  virtual std::span<const Port> inputs() const = 0;
  virtual std::span<const Port> outputs() const = 0;

  /// Whether instances keep something from one run to the next: Instance::reset() is there for that.
  virtual bool keeps_states() const { return false; }

  /// What an instance takes when it begins, counted against Limits::bytes.
  virtual uint64_t instance_bytes() const = 0;

  virtual Outcome<std::unique_ptr<Instance>> instantiate() = 0;
};

/// Why there is nothing but a CPU; empty for the CPU.
std::string cpu_only(Target target);

// The virtual functions stand in the header: backends and tests with RTTI and without need their tables.
class Backend {
 public:
  virtual ~Backend() = default;

  /// Why this backend does not run on `target`; empty: it does. Here: the CPU and nothing else.
  virtual std::string refusal(Target target) const { return cpu_only(target); }

  /// A model from its parts, of which there is at least one; the first is what sniff() calls ONNX, or a
  /// WebAssembly module (a weft bundle: modules and weights in the order that the backend documents).
  /// `encoding` is onnx or, where the guest left that to the host, autodetect. Parts are valid during the
  /// call.
  virtual Outcome<std::shared_ptr<Model>> load(std::span<const std::span<const uint8_t>> parts,
                                               Encoding encoding, Target target) = 0;
};

}  // namespace weft::nn

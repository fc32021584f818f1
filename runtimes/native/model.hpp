// A bundle that is open: manifest, the code of one variant, weights. Shared by instances and never changed.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "native/bytes.hpp"
#include "native/engine.hpp"
#include "native/manifest.hpp"

namespace weft::native {

/// An input or output as callers see it: without the input that begins states anew, which the instance feeds.
struct VisiblePort {
  const Port* port = nullptr;
  size_t place = 0;  ///< in the manifest
};

class Model {
 public:
  /// The folder of a bundle. `variant` empty: the fastest that the bundle has.
  static Outcome<std::shared_ptr<const Model>> open(const std::string& folder, const std::string& variant,
                                                    std::shared_ptr<Engine> engine);
  /// A module with its `weft` sections, and model.weights as a whole (empty where there are none).
  static Outcome<std::shared_ptr<const Model>> from_parts(Bytes module, Bytes weights,
                                                          const std::string& where,
                                                          std::shared_ptr<Engine> engine);

  const Manifest& manifest() const { return manifest_; }
  const Variant& variant() const { return *variant_; }
  const Engine& engine() const { return *engine_; }
  const wasmtime_module_t* module() const { return module_.get(); }
  /// The data part of model.weights.
  std::span<const uint8_t> weights() const { return weights_data_; }

  const std::vector<VisiblePort>& inputs() const { return inputs_; }
  const std::vector<VisiblePort>& outputs() const { return outputs_; }
  /// The place of `state.reset` among the manifest's inputs, for models with states.
  std::optional<size_t> reset_input() const { return reset_input_; }
  /// Of an instance when it begins.
  uint64_t memory_bytes() const { return variant_->initial_pages * kPageBytes; }

 private:
  Model() = default;
  static Outcome<std::shared_ptr<const Model>> make(Manifest manifest, size_t variant, const Bytes& module,
                                                    Bytes weights, const std::string& where,
                                                    std::shared_ptr<Engine> engine);

  Manifest manifest_;
  const Variant* variant_ = nullptr;
  std::shared_ptr<Engine> engine_;
  Owned<wasmtime_module_t> module_;
  Bytes weights_;
  std::span<const uint8_t> weights_data_;
  std::vector<VisiblePort> inputs_, outputs_;
  std::optional<size_t> reset_input_;
};

}  // namespace weft::native

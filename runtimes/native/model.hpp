// A bundle that is open: manifest, the code of one variant, weights. Shared by instances and never changed.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "machine/description.hpp"
#include "native/bytes.hpp"
#include "native/engine.hpp"

namespace weft::native {

using machine::Dimension;
using machine::kPageBytes;
using machine::Manifest;
using machine::Port;
using machine::Variant;
using machine::VisiblePort;

class Model {
 public:
  /// The folder of a bundle. `variant` empty: the fastest that the bundle has.
  static Outcome<std::shared_ptr<const Model>> open(const std::string& folder, const std::string& variant,
                                                    std::shared_ptr<Engine> engine);
  /// A module with its `weft` sections, and model.weights as a whole (empty where there are none).
  static Outcome<std::shared_ptr<const Model>> from_parts(Bytes module, Bytes weights,
                                                          const std::string& where,
                                                          std::shared_ptr<Engine> engine);

  const machine::Description& description() const { return description_; }
  const Manifest& manifest() const { return description_.manifest(); }
  const Variant& variant() const { return description_.variant(); }
  const Engine& engine() const { return *engine_; }
  const wasmtime_module_t* module() const { return module_.get(); }
  /// The data part of model.weights.
  std::span<const uint8_t> weights() const { return weights_data_; }

  const std::vector<VisiblePort>& inputs() const { return description_.inputs(); }
  const std::vector<VisiblePort>& outputs() const { return description_.outputs(); }
  /// Of an instance when it begins.
  uint64_t memory_bytes() const { return description_.memory_bytes(); }

 private:
  Model(Manifest manifest, size_t variant) : description_(std::move(manifest), variant) {}
  static Outcome<std::shared_ptr<const Model>> make(Manifest manifest, size_t variant, const Bytes& module,
                                                    Bytes weights, const std::string& where,
                                                    std::shared_ptr<Engine> engine);

  machine::Description description_;
  std::shared_ptr<Engine> engine_;
  Owned<wasmtime_module_t> module_;
  Bytes weights_;
  std::span<const uint8_t> weights_data_;
};

}  // namespace weft::native

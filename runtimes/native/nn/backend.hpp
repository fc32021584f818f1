// The backend of the wasi-nn core (runtimes/nn) on the compiler and Wasmtime.
#pragma once

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <string>

#include "base/source.hpp"
#include "compile/compile.hpp"
#include "native/instance.hpp"
#include "nn/backend.hpp"

namespace weft::native {

/// Loads ONNX models, which are one part and are compiled here, and weft bundles: a module (any variant),
/// then model.weights where the model has weights. Bytes that are loaded while a model of the same bytes is
/// in use share that model.
class Backend final : public nn::Backend {
 public:
  /// `stop` outlives the backend: becomes true where what computes is to end (then `interrupt`, too).
  explicit Backend(const std::atomic<bool>& stop) : stop_(stop) {}

  nn::Outcome<std::shared_ptr<nn::Model>> load(std::span<const std::span<const uint8_t>> parts,
                                               nn::Encoding encoding, nn::Target target) override;

  /// Models of the embedder, whose code is trusted. Errors are for a person.
  Outcome<std::shared_ptr<nn::Model>> open_bundle(const std::string& folder);
  Result<std::shared_ptr<nn::Model>> compile(const Blobs& blobs, const onnx::ReadOptions& options,
                                             const std::string& name) {
    return compile_on(Engine::shared(), blobs, options, name);
  }

  /// Ends modules of guests whose step does not return. Does nothing but add to an atomic; for any thread.
  void interrupt();

 private:
  using Hash = std::array<uint8_t, 32>;
  nn::Outcome<std::shared_ptr<nn::Model>> load_new(std::span<const std::span<const uint8_t>> parts);
  nn::Outcome<std::shared_ptr<nn::Model>> load_module(std::span<const std::span<const uint8_t>> parts);

  Result<std::shared_ptr<nn::Model>> compile_on(const Outcome<std::shared_ptr<Engine>>& engine,
                                                const Blobs& blobs, const onnx::ReadOptions& options,
                                                const std::string& name);

  const std::atomic<bool>& stop_;
  /// Of models that are compiled for guests: it keeps no modules. Made with the first.
  std::shared_ptr<Engine> model_engine_;
  /// Of modules that guests bring; made with the first.
  std::shared_ptr<Engine> guest_engine_;
  std::atomic<const Engine*> interruptible_ = nullptr;
  std::map<Hash, std::weak_ptr<nn::Model>> loaded_;
};

}  // namespace weft::native

// The backend of the wasi-nn core that compiles nothing: any ONNX bytes, interpreted with a library of
// kernels.
#pragma once

#include "nn/backend.hpp"

namespace weft::interpreter {

/// Loads ONNX models, which are one part.
class Backend final : public nn::Backend {
 public:
  nn::Outcome<std::shared_ptr<nn::Model>> load(std::span<const std::span<const uint8_t>> parts,
                                               nn::Encoding encoding, nn::Target target) override;
};

}  // namespace weft::interpreter

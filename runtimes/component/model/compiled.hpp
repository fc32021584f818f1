// The model that is compiled into a component, for the core of wasi-nn: one module with one memory, which
// contexts use in turn.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "machine/instance.hpp"
#include "nn/backend.hpp"

namespace weft::component {

/// The file that a model was compiled from.
struct SourceFile {
  uint64_t bytes = 0;
  std::string sha256;
};

/// The module's memory by values.
class ModelCode final : public machine::Code {
 public:
  uint64_t memory_bytes() const override;
  machine::Outcome<void> grow(uint64_t bytes) override;
  void write(uint64_t address, std::span<const uint8_t> data) override;
  void read(uint64_t address, std::span<uint8_t> out) override;
  std::span<const uint8_t> view(uint64_t address, uint64_t bytes) override;
  void load(uint64_t offset, uint64_t address, uint64_t bytes) override;
  machine::Outcome<int32_t> step(uint32_t context) override;

 private:
  std::vector<uint8_t> copy_;  // what view() gave last
};

/// Its contexts take turns: the inputs of one are gone when another sets its own. In the WIT interface a run
/// takes all its inputs and gives all its outputs, so none notices. A model with states has one context at a
/// time.
class CompiledModel final : public nn::Model {
 public:
  /// Reads the facts. Errors: those of machine::read_manifest.
  static machine::Outcome<std::shared_ptr<CompiledModel>> make();

  const std::string& name() const { return description_.manifest().name; }
  const SourceFile& source() const { return source_; }

  std::span<const nn::Port> inputs() const override { return inputs_; }
  std::span<const nn::Port> outputs() const override { return outputs_; }
  /// The memory is there from the start, and everybody's.
  uint64_t instance_bytes() const override { return 0; }
  nn::Outcome<std::unique_ptr<nn::Instance>> instantiate() override;

 private:
  friend class Context;
  CompiledModel(machine::Manifest manifest, size_t variant, SourceFile source);

  machine::Description description_;
  SourceFile source_;
  std::vector<nn::Port> inputs_, outputs_;
  ModelCode code_;
  machine::Instance machine_;
  bool is_prepared_ = false;
  uint32_t contexts_ = 0;
  const nn::Instance* turn_ = nullptr;
};

}  // namespace weft::component

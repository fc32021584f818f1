// What is known of a model before it runs: its manifest, and the variant of it whose module is there.
#pragma once

#include <optional>
#include <vector>

#include "machine/manifest.hpp"

namespace weft::machine {

/// An input or output as callers see it: without the input that begins states anew, which instances feed.
struct VisiblePort {
  const Port* port = nullptr;
  size_t place = 0;  ///< in the manifest
};

class Description {
 public:
  /// `variant` is an index into `manifest.variants`.
  Description(Manifest manifest, size_t variant);
  Description(const Description&) = delete;
  Description& operator=(const Description&) = delete;

  const Manifest& manifest() const { return manifest_; }
  const Variant& variant() const { return *variant_; }
  const std::vector<VisiblePort>& inputs() const { return inputs_; }
  const std::vector<VisiblePort>& outputs() const { return outputs_; }
  /// The place of `state.reset` among the manifest's inputs, for models with states.
  std::optional<size_t> reset_input() const { return reset_input_; }
  /// Of an instance when it begins.
  uint64_t memory_bytes() const { return variant_->initial_pages * kPageBytes; }

 private:
  Manifest manifest_;
  const Variant* variant_;
  std::vector<VisiblePort> inputs_, outputs_;
  std::optional<size_t> reset_input_;
};

/// The fastest variant of a manifest, or the one that is wanted. WEFT_INVALID_ARGUMENT where it is not there,
/// WEFT_UNSUPPORTED where there is none that is known; `where` names the bundle.
Outcome<size_t> choose_variant(const Manifest& manifest, std::string_view wanted, const std::string& where);

}  // namespace weft::machine

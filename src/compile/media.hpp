// What the ports of a bundle take and give beside tensors: pictures, sound, labels.
#pragma once

#include "bundle/manifest.hpp"
#include "compile/compile.hpp"

namespace weft::compile {

/// Marks the inputs that take pictures and sound. Fails (invalid_argument) where there is no such input, or
/// sound is for one that is not f32[…, samples].
Result<void> mark_inputs(bundle::Manifest& manifest, const CompileOptions& options);

/// Gives the labels to the output whose last axis of more than one element has as many. Fails
/// (invalid_argument) when none, or more than one, does.
Result<void> add_labels(bundle::Manifest& manifest, const std::vector<std::string>& labels);

}  // namespace weft::compile

// The types of a model's inputs once the user's options are applied.
#pragma once

#include "frontends/onnx/dimensions.hpp"
#include "frontends/onnx/model.hpp"

namespace weft::onnx {

/// Types in the order of `inputs`; extents with a range are those of `dimensions`. Errors: unresolved
/// dimensions (one invalid_argument for all of them), options that name nothing, extents and sizes out of
/// bounds, inputs that are no tensors.
Result<std::vector<graph::Type>> resolve_inputs(const std::vector<const ValueInfoProto*>& inputs,
                                                const ReadOptions& options, Dimensions& dimensions);

/// "f32[batch, 3, ?, 320]"
std::string describe(const ValueInfoProto& value);

}  // namespace weft::onnx

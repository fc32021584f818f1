// The types of a model's inputs once the user's options are applied.
#pragma once

#include "frontends/onnx/dimensions.hpp"
#include "frontends/onnx/model.hpp"

namespace weft::onnx {

/// The inputs as tensors: the elements of sequences as "name.0", "name.1", …, and nothing of those that are
/// left out. Errors: sequences of no given length (one invalid_argument for all), options that name nothing,
/// inputs that are neither.
Result<std::vector<ValueInfoProto>> tensor_inputs(const std::vector<const ValueInfoProto*>& inputs,
                                                  const ReadOptions& options);

/// Types in the order of `inputs`, which are tensors; extents with a range are those of `dimensions`. Errors:
/// unresolved dimensions (one invalid_argument for all of them), options that name nothing, extents and sizes
/// out of bounds.
Result<std::vector<graph::Type>> resolve_inputs(const std::vector<const ValueInfoProto*>& inputs,
                                                const ReadOptions& options, Dimensions& dimensions);

/// "f32[batch, 3, ?, 320]"
std::string describe(const ValueInfoProto& value);

}  // namespace weft::onnx

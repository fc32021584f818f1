// The types of a model's inputs once the user's options are applied.
#pragma once

#include "frontends/onnx/model.hpp"
#include "frontends/onnx/onnx.hpp"

namespace weft::onnx {

using Symbols = std::map<std::string, expr::Variable, std::less<>>;

/// "dim.batch": unlike the others; letters that expressions do not know become underscores.
std::string symbol_name(std::string_view kind, std::string_view of, const Symbols& others);

/// Types in the order of `inputs`; extents with a range become symbols. Errors: unresolved dimensions (one
/// invalid_argument for all of them), options that name nothing, extents and sizes out of bounds, inputs that
/// are no tensors.
Result<std::vector<graph::Type>> resolve_inputs(const std::vector<const ValueInfoProto*>& inputs,
                                                const ReadOptions& options, Symbols& symbols);

/// "f32[batch, 3, ?, 320]"
std::string describe(const ValueInfoProto& value);

}  // namespace weft::onnx

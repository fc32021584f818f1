#include "native/nn/open_extents.hpp"

#include "frontends/onnx/open_extents.hpp"

namespace weft::native {

Result<compile::Compiled> compile_with_open_extents(const Blobs& blobs, compile::CompileOptions options) {
  Result<compile::Compiled> compiled = compile::compile_model(blobs, options);
  if (compiled || compiled.error().kind != ErrorKind::invalid_argument) return compiled;
  const Result<onnx::Summary> summary = onnx::summarize_onnx(blobs, options.read);
  if (!summary) return compiled;
  for (onnx::ReadOptions& read : onnx::open_extents(*summary, options.read)) {
    options.read = std::move(read);
    compiled = compile::compile_model(blobs, options);
    if (compiled || !onnx::may_fit_smaller(compiled.error(), *summary)) break;
  }
  return compiled;
}

}  // namespace weft::native

// Any bytes as a model file: read_onnx returns a graph that verifies, or an error. Run with -rss_limit_mb and
// -timeout.

// seeds: build/models/ppocr-cls/model.onnx LIGHT/light_squeezenet.onnx LIGHT/light_shufflenet.onnx
// seeds: LIGHT/../simple/*/model.onnx LIGHT/../pytorch-operator/*/model.onnx

#include <cstdlib>

#include "frontends/onnx/onnx.hpp"
#include "graph/graph.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weft;
  const auto file = std::make_shared<MemorySource>(std::span(data, size));
  onnx::ReadOptions options;
  options.open_external = [&](std::string_view path) -> Result<std::shared_ptr<const Source>> {
    // What must never reach the embedder.
    if (path.empty() || path[0] == '/' || path == ".." || path.starts_with("../")) std::abort();
    return file;
  };
  const Blobs blobs = {file};
  const auto summary = onnx::summarize_onnx(blobs, {});
  auto imported = onnx::read_onnx(blobs, options);
  if (summary && !imported) {
    // Most models leave dimensions open: give every input a small shape.
    for (const auto& input : summary->inputs) options.shapes[input.name] = {1, 3, 48, 192};
    imported = onnx::read_onnx(blobs, options);
  }
  if (imported) {
    if (!graph::verify(imported->graph)) std::abort();
  } else if (imported.error().message.empty()) {
    std::abort();
  }
  return 0;
}

#include "native/nn/open_extents.hpp"

#include <algorithm>
#include <cctype>

namespace weft::native {
namespace {

constexpr int64_t kLimits[] = {4096, 1024, 256, 64, 16, 4, 1};

/// "f32[batch, 3, ?, 320]" -> its extents.
std::vector<std::string> extents_of(const std::string& type) {
  std::vector<std::string> extents;
  const size_t open = type.find('['), close = type.rfind(']');
  if (open == std::string::npos || close == std::string::npos) return extents;
  for (size_t at = open + 1; at < close;) {
    const size_t end = std::min(type.find(", ", at), close);
    extents.push_back(type.substr(at, end - at));
    at = end + 2;
  }
  return extents;
}

bool is_number(const std::string& text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c) != 0; });
}

/// Every extent that has a name by its name; an input with one that has none by its shape.
void open_up(const onnx::Summary& summary, int64_t limit, onnx::ReadOptions& read) {
  const onnx::ExtentRange range(1, limit, 1);
  for (const onnx::Summary::Port& input : summary.inputs) {
    const std::vector<std::string> extents = extents_of(input.type);
    for (const std::string& extent : extents)
      if (!is_number(extent) && extent != "?") read.dims.try_emplace(extent, range);
    if (std::ranges::find(extents, "?") == extents.end()) continue;
    std::vector<onnx::ExtentRange>& shape = read.shapes[input.name];
    if (!shape.empty()) continue;
    for (const std::string& extent : extents)
      shape.push_back(is_number(extent) ? onnx::ExtentRange(std::stoll(extent)) : range);
  }
}

bool may_fit_smaller(const Error& error) {
  return error.kind == ErrorKind::limit || error.kind == ErrorKind::invalid_argument;
}

}  // namespace

Result<compile::Compiled> compile_with_open_extents(const Blobs& blobs, compile::CompileOptions options) {
  Result<compile::Compiled> compiled = compile::compile_model(blobs, options);
  if (compiled || compiled.error().kind != ErrorKind::invalid_argument) return compiled;
  const Result<onnx::Summary> summary = onnx::summarize_onnx(blobs, options.read);
  if (!summary) return compiled;
  const onnx::ReadOptions given = options.read;
  for (const int64_t limit : kLimits) {
    options.read = given;
    open_up(*summary, limit, options.read);
    compiled = compile::compile_model(blobs, options);
    if (compiled || !may_fit_smaller(compiled.error())) break;
  }
  return compiled;
}

}  // namespace weft::native

#include "cli/model_options.hpp"

#include <charconv>

namespace weft::cli {
namespace {

Result<int64_t> number(const std::string& text, const std::string& whole) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0)
    return fail(ErrorKind::invalid_argument, "\"" + text + "\" in \"" + whole + "\" is not an extent");
  return value;
}

/// "name=rest", split at the last '=': names may hold one.
Result<std::pair<std::string, std::string>> assignment(const std::string& text, const char* form) {
  const size_t equals = text.rfind('=');
  if (equals == std::string::npos || equals == 0)
    return fail(ErrorKind::invalid_argument, "\"" + text + "\" is not of the form " + form);
  return std::pair(text.substr(0, equals), text.substr(equals + 1));
}

Result<graph::Ints> shape(const std::string& text, const std::string& whole) {
  graph::Ints extents;
  if (text.empty()) return extents;
  for (size_t start = 0; start <= text.size();) {
    const size_t end = std::min(text.find_first_of("x,", start), text.size());
    WEFT_ASSIGN(extent, number(text.substr(start, end - start), whole));
    extents.push_back(extent);
    start = end + 1;
  }
  return extents;
}

const std::vector<std::string>& given(const Options& options, const char* name) {
  static const std::vector<std::string> none;
  const auto values = options.values.find(name);
  return values == options.values.end() ? none : values->second;
}

}  // namespace

Result<onnx::ReadOptions> read_options(const Options& options, Host& host) {
  onnx::ReadOptions read;
  for (const std::string& text : given(options, "dim")) {
    WEFT_ASSIGN(pair, assignment(text, "NAME=N"));
    WEFT_ASSIGN(extent, number(pair.second, text));
    read.dims[pair.first] = extent;
  }
  for (const std::string& text : given(options, "shape")) {
    WEFT_ASSIGN(pair, assignment(text, "INPUT=1x3x224x224"));
    WEFT_ASSIGN(extents, shape(pair.second, text));
    read.shapes[pair.first] = std::move(extents);
  }
  read.open_external = [&host, model = options.positional()](std::string_view path) {
    return host.open_external(model, path);
  };
  return read;
}

}  // namespace weft::cli

#include "cli/model_options.hpp"

#include <algorithm>
#include <charconv>
#include <initializer_list>

#include "cli/json.hpp"

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

/// "128", "1..512", "32..1920:32"
Result<onnx::ExtentRange> extent_range(const std::string& text, const std::string& whole) {
  const size_t dots = text.find("..");
  if (dots == std::string::npos) {
    WEFT_ASSIGN(extent, number(text, whole));
    return onnx::ExtentRange(extent);
  }
  const size_t colon = std::min(text.find(':', dots), text.size());
  WEFT_ASSIGN(least, number(text.substr(0, dots), whole));
  WEFT_ASSIGN(most, number(text.substr(dots + 2, colon - dots - 2), whole));
  if (colon == text.size()) return onnx::ExtentRange(least, most, 1);
  WEFT_ASSIGN(step, number(text.substr(colon + 1), whole));
  return onnx::ExtentRange(least, most, step);
}

Result<std::vector<onnx::ExtentRange>> shape(const std::string& text, const std::string& whole) {
  std::vector<onnx::ExtentRange> extents;
  if (text.empty()) return extents;
  for (size_t start = 0; start <= text.size();) {
    const size_t end = std::min(text.find_first_of("x,", start), text.size());
    WEFT_ASSIGN(extent, extent_range(text.substr(start, end - start), whole));
    extents.push_back(extent);
    start = end + 1;
  }
  return extents;
}

std::vector<std::string> split_list(const std::string& list) {
  std::vector<std::string> items;
  for (size_t start = 0; start <= list.size();) {
    const size_t end = std::min(list.find(',', start), list.size());
    if (end > start) items.push_back(list.substr(start, end - start));
    start = end + 1;
  }
  return items;
}

/// "1,2.5" -> its numbers.
Result<std::vector<double>> numbers(const std::string& list, const std::string& whole) {
  const std::string text = "[" + list + "]";
  const ordered_json parsed = parse_json({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
  std::vector<double> values;
  bool fits = parsed.is_array() && !parsed.empty();
  for (const ordered_json& value : fits ? parsed : ordered_json::array()) {
    fits = fits && (value.is_number() || value.is_boolean());
    if (fits) values.push_back(value.is_boolean() ? value.get<bool>() : value.get<double>());
  }
  if (fits) return values;
  return fail(ErrorKind::invalid_argument, "\"" + list + "\" in \"" + whole + "\" is no list of numbers");
}

}  // namespace

Result<size_t> one_of(const Options& options, const char* option, std::initializer_list<const char*> names) {
  const std::string value = options.get(option);
  if (value.empty() && !options.has(option)) return 0;
  std::string all;
  size_t index = 0;
  for (const char* name : names) {
    if (value == name) return index;
    all += (index++ == 0 ? "" : index == names.size() ? " or " : ", ") + std::string(name);
  }
  return fail(ErrorKind::invalid_argument, "--" + std::string(option) + " is " + all + ", not " + value);
}

Result<onnx::ReadOptions> read_options(const Options& options, Host& host) {
  onnx::ReadOptions read;
  for (const std::string& text : options.all("dim")) {
    WEFT_ASSIGN(pair, assignment(text, "NAME=N or NAME=N..N"));
    WEFT_ASSIGN(range, extent_range(pair.second, text));
    read.dims.insert_or_assign(pair.first, range);
  }
  for (const std::string& text : options.all("shape")) {
    WEFT_ASSIGN(pair, assignment(text, "INPUT=1x3x224x224"));
    WEFT_ASSIGN(extents, shape(pair.second, text));
    read.shapes[pair.first] = std::move(extents);
  }
  for (const std::string& text : options.all("constant")) {
    WEFT_ASSIGN(pair, assignment(text, "INPUT=V,V…"));
    WEFT_ASSIGN(values, numbers(pair.second, text));
    read.constants[pair.first] = std::move(values);
  }
  for (const std::string& text : options.all("sequence")) {
    WEFT_ASSIGN(pair, assignment(text, "INPUT=N"));
    WEFT_ASSIGN(count, number(pair.second, text));
    read.sequences[pair.first] = count;
  }
  for (const std::string& name : options.all("absent")) read.absent.insert(name);
  for (const std::string& text : options.all("bound")) {
    const size_t equals = text.rfind('=');
    const std::string name = equals == std::string::npos ? "" : text.substr(0, equals);
    WEFT_ASSIGN(extents, shape(equals == std::string::npos ? text : text.substr(equals + 1), text));
    graph::Ints& bounds = read.bounds[name];
    for (const onnx::ExtentRange& extent : extents) bounds.push_back(extent.max);
    const bool is_sane =
        !bounds.empty() && std::ranges::all_of(bounds, [](int64_t n) { return n <= INT32_MAX; });
    if (!is_sane) return fail(ErrorKind::invalid_argument, "\"" + text + "\" is no bound");
  }
  read.open_external = [&host, model = options.positional()](std::string_view path) {
    return host.open_external(model, path);
  };
  return read;
}

Result<compile::CompileOptions> read_compile_options(const Options& options, Host& host) {
  compile::CompileOptions compile_options;
  WEFT_ASSIGN(read, read_options(options, host));
  compile_options.read = std::move(read);
  compile_options.name = file_stem(options.positional());
  compile_options.deterministic = options.has("deterministic");
  compile_options.variants = split_list(options.get("variants"));
  if (compile_options.deterministic && !options.has("variants"))
    std::erase(compile_options.variants, "relaxed");
  WEFT_ASSIGN(target, one_of(options, "target", {"wasm", "webgpu"}));
  compile_options.webgpu = target == 1;
  WEFT_ASSIGN(optimize, one_of(options, "optimize", {"speed", "memory"}));
  compile_options.optimize = static_cast<compile::Optimize>(optimize);
  WEFT_ASSIGN(weights, one_of(options, "weights", {"f32", "f16", "q8"}));
  compile_options.weights = static_cast<passes::WeightFormat>(weights);
  WEFT_ASSIGN(int64, one_of(options, "int64", {"bigint", "number"}));
  compile_options.int64_numbers = int64 == 1;
  WEFT_TRY(read_media_options(options, compile_options, host));
  for (const std::string& text : options.all("state")) {
    WEFT_ASSIGN(pair, assignment(text, "OUTPUT=INPUT"));
    compile_options.states.push_back({std::move(pair.first), std::move(pair.second)});
  }
  if (compile_options.webgpu && !compile_options.states.empty())
    return fail(ErrorKind::unsupported, "--state is not for --target webgpu");
  compile_options.debug_names = options.has("debug-names");
  compile_options.profile_info = options.has("profile-info");
  return compile_options;
}

}  // namespace weft::cli

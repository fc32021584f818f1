#include "cli/run_request.hpp"

#include <algorithm>
#include <charconv>

#include "cli/model_options.hpp"
#include "cli/runner.hpp"

namespace weft::cli {
namespace {

constexpr uint64_t kMostRuns = 1'000'000;
constexpr const char* kVariants[] = {"scalar", "simd128", "relaxed"};

Result<uint64_t> count(const Options& options, const char* name, uint64_t least, uint64_t otherwise) {
  if (!options.has(name)) return otherwise;
  const std::string text = options.get(name);
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || end != text.data() + text.size() || error != std::errc{} || value < least ||
      value > kMostRuns)
    return fail(ErrorKind::invalid_argument, "--" + std::string(name) + " wants a number from " +
                                                 std::to_string(least) + " to " + std::to_string(kMostRuns) +
                                                 ", not \"" + text + "\"");
  return value;
}

template <class List>
Result<void> one_of(const std::string& value, const List& list, const std::string& what) {
  std::string all;
  for (const char* item : list) {
    if (value == item) return {};
    all += (all.empty() ? "" : ", ") + std::string(item);
  }
  return fail(ErrorKind::invalid_argument, "no " + what + " is called " + value + "; there are " + all);
}

std::string parent_folder(const std::string& path) { return path.substr(0, path.find_last_of("/\\")); }

}  // namespace

Result<RunRequest> read_request(const Options& options, Host& host) {
  RunRequest request;
  WEFT_ASSIGN(node, node_program(options, host));
  request.node = node;
  request.variant = options.get("variant");
  if (options.has("variant")) WEFT_TRY(one_of(request.variant, kVariants, "variant"));
  if (options.has("profile") || options.has("profile-output")) {
    request.profile = options.get("profile");
    constexpr const char* kinds[] = {"table", "json", "trace"};
    WEFT_TRY(one_of(request.profile, kinds, "kind of profile"));
  }
  const bool profiles = !request.profile.empty();
  const bool benches = options.command == "bench";
  WEFT_ASSIGN(repeat, count(options, "repeat", 1, benches ? 50 : profiles ? 20 : 1));
  WEFT_ASSIGN(warmup, count(options, "warmup", 0, benches || profiles ? 10 : 0));
  WEFT_ASSIGN(seconds, count(options, "seconds", 1, 10));
  if (benches) {
    constexpr const char* peers[] = {"auto", "onnxruntime-web", "none"};
    WEFT_TRY(one_of(options.get("peer"), peers, "peer"));
  }
  request.seconds = seconds;
  request.repeat = repeat;
  request.warmup = warmup;
  const std::string& given = options.positional();
  const bool is_folder = host.is_folder(given);
  request.is_bundle = is_folder || file_name(given) == "model.json";
  if (request.is_bundle) request.bundle = is_folder ? given : parent_folder(host.absolute(given));
  if (request.is_bundle && (options.has("dim") || options.has("shape") || options.has("constant")))
    return fail(ErrorKind::invalid_argument,
                "--dim, --shape and --constant are for .onnx files; a bundle's shapes are fixed");
  return request;
}

Result<compile::Compiled> compile_for_run(const Options& options, const RunRequest& request, Host& host) {
  const std::string& model = options.positional();
  WEFT_ASSIGN(source, host.open(model));
  compile::CompileOptions compile_options;
  WEFT_ASSIGN(read, read_options(options, host));
  compile_options.read = std::move(read);
  if (!request.variant.empty()) compile_options.variants = {request.variant};
  compile_options.name = file_stem(model);
  compile_options.debug_names = compile_options.profile_info = !request.profile.empty();
  return compile::compile_model({source}, compile_options);
}

}  // namespace weft::cli

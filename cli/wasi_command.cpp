// weft wasi: a program of WASI preview 1 with wasi-nn, on the engine of the host.
#include <charconv>

#include "cli/commands.hpp"

namespace weft::cli {
namespace {

Result<std::optional<uint64_t>> number(const Options& options, const char* name) {
  if (!options.has(name)) return std::nullopt;
  const std::string text = options.get(name);
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || end != text.data() + text.size() || error != std::errc{} || value == 0)
    return fail(ErrorKind::invalid_argument,
                "--" + std::string(name) + " wants a number above 0, not \"" + text + "\"");
  return value;
}

/// "left<separator>right", split at its first occurrence.
Result<std::pair<std::string, std::string>> pair(const std::string& text, const std::string& separator,
                                                 const std::string& form) {
  const size_t at = text.find(separator);
  if (at == std::string::npos || at == 0)
    return fail(ErrorKind::invalid_argument, "\"" + text + "\" is not of the form " + form);
  return std::pair(text.substr(0, at), text.substr(at + separator.size()));
}

}  // namespace

Result<int> run_wasi(const Options& options, Host& host) {
  WasiRequest request;
  request.arguments = options.positionals;
  for (const std::string& text : options.all("dir")) {
    if (text.find("::") == std::string::npos) {
      request.folders.emplace_back(text, text);
      continue;
    }
    WEFT_ASSIGN(folder, pair(text, "::", "HOST::GUEST"));
    request.folders.push_back(std::move(folder));
  }
  for (const std::string& text : options.all("env")) {
    WEFT_ASSIGN(variable, pair(text, "=", "NAME=VALUE"));
    request.environment.push_back(std::move(variable));
  }
  for (const std::string& text : options.all("nn-graph")) {
    WEFT_ASSIGN(graph, pair(text, "=", "NAME=MODEL"));
    request.graphs.push_back(std::move(graph));
  }
  WEFT_ASSIGN(fuel, number(options, "fuel"));
  request.fuel = fuel;
  WEFT_ASSIGN(memory, number(options, "max-memory"));
  request.memory_bytes = memory;
  request.module_cache = options.get("module-cache");
  return host.run_wasi(request);
}

}  // namespace weft::cli

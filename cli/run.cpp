// The whole program, for every host.

#include "cli/commands.hpp"
#include "cli/json.hpp"

namespace weft::cli {
namespace {

/// A person reads one sentence, a script one JSON object; both on the error stream.
int report(const Options& options, const Error& error, Host& host) {
  if (options.has("json")) {
    const ordered_json json = {
        {"error", {{"kind", to_string(error.kind)}, {"message", error.message}, {"node", error.node}}}};
    host.print_error(json_text(json) + "\n");
  } else {
    host.print_error("weft: " + options.positional() + ": " + to_string(error) + "\n");
  }
  return exit_code(error.kind);
}

struct Command {
  const char* name;
  Result<int> (*run)(const Options&, Host&);
};
constexpr Command kCommands[] = {{"compile", run_compile}, {"inspect", run_inspect}, {"run", run_run},
                                 {"bench", run_bench},     {"verify", run_verify},   {"diff", run_diff},
                                 {"wasi", run_wasi}};

}  // namespace

int run(std::span<const std::string> arguments, Host& host) {
  const auto options = parse_options(arguments);
  if (!options) {
    if (options.error().exit_code == 0) host.print(options.error().text);
    else host.print_error(options.error().text);
    return options.error().exit_code;
  }
  for (const Command& command : kCommands) {
    if (options->command != command.name) continue;
    const Result<int> result = command.run(*options, host);
    return result ? *result : report(*options, result.error(), host);
  }
  return 2;
}

}  // namespace weft::cli

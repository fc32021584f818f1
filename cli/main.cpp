#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"

namespace {

using namespace weft;

/// A person reads one sentence, a script one JSON object; both on the error stream.
int report(const cli::Options& options, const Error& error) {
  if (options.has("json")) {
    const nlohmann::ordered_json json = {
        {"error", {{"kind", to_string(error.kind)}, {"message", error.message}, {"node", error.node}}}};
    std::fprintf(stderr, "%s\n",
                 json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace).c_str());
  } else {
    std::fprintf(stderr, "weft: %s: %s\n", options.positional.c_str(), to_string(error).c_str());
  }
  return cli::exit_code(error.kind);
}

struct Command {
  const char* name;
  Result<void> (*run)(const cli::Options&);
};
constexpr Command kCommands[] = {
    {"compile", cli::run_compile}, {"inspect", cli::run_inspect}, {"run", cli::run_run}};

}  // namespace

int main(int argc, char** argv) {
  const auto options = cli::parse_options(argc, argv);
  if (!options) {
    std::fputs(options.error().text.c_str(), options.error().exit_code == 0 ? stdout : stderr);
    return options.error().exit_code;
  }
  for (const Command& command : kCommands) {
    if (options->command != command.name) continue;
    const Result<void> result = command.run(*options);
    return result ? 0 : report(*options, result.error());
  }
  return 2;
}

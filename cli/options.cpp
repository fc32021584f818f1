#include "cli/options.hpp"

#include <CLI/CLI.hpp>
#include <memory>

namespace weft::cli {
namespace {

struct CommandRow {
  std::string name, positional, positional_help, summary, examples;
};
struct OptionRow {
  std::string command, flags, value, fallback, help;
};

const std::vector<CommandRow> kCommands = {
#define WEFT_COMMAND(name, positional, positional_help, summary, examples) \
  {#name, positional, positional_help, summary, examples},
#define WEFT_OPTION(...)
#include "cli/options.def"
#undef WEFT_COMMAND
#undef WEFT_OPTION
};
const std::vector<OptionRow> kOptions = {
#define WEFT_COMMAND(...)
#define WEFT_OPTION(command, flags, value, fallback, help) {#command, flags, value, fallback, help},
#include "cli/options.def"
#undef WEFT_COMMAND
#undef WEFT_OPTION
};

constexpr const char* kExitCodes =
    "Exit codes: 0 done, 2 wrong usage, 3 the model is malformed, 4 the model uses what weft cannot "
    "compile,\n"
    "5 a wrong name, shape or value was given, 6 a file was not found, 7 a size limit was passed,\n"
    "8 the engine that runs the model failed.";

std::string long_name(const std::string& flags) { return flags.substr(flags.find("--") + 2); }

std::string examples(const CommandRow& row) {
  std::string text = "Examples:\n  ";
  for (const char c : row.examples) text += c == '\n' ? std::string("\n  ") : std::string(1, c);
  return text + "\n\n" + kExitCodes;
}

void add_options(CLI::App& command, const CommandRow& row, Options& options) {
  command.add_option(row.positional, options.positional, row.positional_help)->required();
  for (const OptionRow& option : kOptions) {
    if (option.command != row.name) continue;
    const std::string name = long_name(option.flags);
    if (option.value.empty()) {
      command.add_flag_callback(option.flags, [&options, name] { options.values[name] = {""}; }, option.help);
      continue;
    }
    const std::string help =
        option.fallback.empty() ? option.help : option.help + " [" + option.fallback + "]";
    const auto add = [&options, name](const std::vector<std::string>& given) {
      options.values[name].insert(options.values[name].end(), given.begin(), given.end());
    };
    command.add_option_function<std::vector<std::string>>(option.flags, add, help)
        ->type_name(option.value)
        ->allow_extra_args(false);
  }
  command.footer(examples(row));
}

/// An option whose value may be left out takes one only after '=': "--profile MODEL" means the default.
std::string with_default(std::string argument) {
  for (const OptionRow& option : kOptions)
    if (option.value.starts_with("[=") && argument == "--" + long_name(option.flags))
      return argument + "=" + option.fallback;
  return argument;
}

}  // namespace

std::string Options::get(const std::string& name) const {
  const auto given = values.find(name);
  if (given != values.end()) return given->second.back();
  for (const OptionRow& option : kOptions)
    if (option.command == command && long_name(option.flags) == name) return option.fallback;
  return {};
}

std::expected<Options, Stop> parse_options(int argc, const char* const* argv) {
  Options options;
  CLI::App app(
      "weft compiles trained models into WebAssembly: a few small files that run in browsers, Node and WASI "
      "engines.",
      "weft");
  app.set_version_flag("--version", "weft " WEFT_VERSION);
  app.require_subcommand(1);
  app.footer(kExitCodes);
  for (const CommandRow& row : kCommands) {
    CLI::App* command = app.add_subcommand(row.name, row.summary);
    add_options(*command, row, options);
    command->callback([&options, name = row.name] { options.command = name; });
  }
  try {
    std::vector<std::string> arguments;  // the last one first
    for (int i = argc - 1; i > 0; --i) arguments.push_back(with_default(argv[i]));
    app.parse(std::move(arguments));
  } catch (const CLI::ParseError& error) {
    std::ostringstream out, problems;
    const int code = app.exit(error, out, problems);
    return std::unexpected(Stop{out.str() + problems.str(), code == 0 ? 0 : 2});
  }
  return options;
}

int exit_code(ErrorKind kind) { return 3 + static_cast<int>(kind); }

}  // namespace weft::cli

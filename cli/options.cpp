#include "cli/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <optional>

namespace weft::cli {
namespace {

struct CommandRow {
  std::string name, positional, positional_help, summary, examples;
};
struct OptionRow {
  std::string command, flags, value, fallback, help;

  std::string long_name() const { return flags.substr(flags.find("--") + 2); }
  /// "o", or empty.
  std::string short_name() const { return flags.starts_with("--") ? "" : flags.substr(1, 1); }
  bool is_flag() const { return value.empty(); }
  /// Takes a value only after '='.
  bool value_is_optional() const { return value.starts_with("[="); }
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

constexpr const char* kPurpose =
    "weft compiles trained models into WebAssembly: a few small files that run in browsers, Node and WASI "
    "engines.";
constexpr const char* kExitCodes =
    "Exit codes: 0 done, 1 verify or diff found a difference, 2 wrong usage, 3 the model is malformed,\n"
    "4 the model uses what weft cannot compile, 5 a wrong name, shape or value was given, 6 a file was not "
    "found, 7 a size limit was passed,\n"
    "8 the engine that runs the model failed.\n";
constexpr size_t kHelpColumn = 28, kHelpWidth = 110;

std::vector<std::string> words(const std::string& text) {
  std::vector<std::string> out;
  for (size_t start = 0; start < text.size();) {
    const size_t end = std::min(text.find(' ', start), text.size());
    if (end > start) out.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return out;
}

/// One row of a help text: what it is called, what it does, wrapped.
std::string help_row(const std::string& name, const std::string& text) {
  std::string out = "  " + name, line;
  if (out.size() + 2 > kHelpColumn) out += "\n" + std::string(kHelpColumn, ' ');
  else out.append(kHelpColumn - out.size(), ' ');
  for (const std::string& word : words(text)) {
    if (!line.empty() && kHelpColumn + line.size() + 1 + word.size() > kHelpWidth) {
      out += line + "\n" + std::string(kHelpColumn, ' ');
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
  }
  return out + line + "\n";
}

std::string help_row(const OptionRow& option) {
  const std::string separator = option.value_is_optional() || option.is_flag() ? "" : " ";
  const std::string text = option.fallback.empty() ? option.help : option.help + " [" + option.fallback + "]";
  std::string flags = option.flags;
  if (const size_t comma = flags.find(','); comma != std::string::npos) flags.insert(comma + 1, " ");
  return help_row(flags + separator + option.value, text);
}

std::string program_help() {
  std::string text = fmt::format("{}\n\nUsage: weft COMMAND [OPTIONS] ...\n\nCommands:\n", kPurpose);
  for (const CommandRow& row : kCommands) text += help_row(row.name, row.summary);
  text += "\nOptions:\n" + help_row("-h, --help", "show this text; weft COMMAND --help: of a command") +
          help_row("--version", "show the version");
  return text + "\n" + kExitCodes;
}

std::string command_help(const CommandRow& row) {
  std::string text = fmt::format("weft {0}: {1}\n\nUsage: weft {0} [OPTIONS] {2}\n\n", row.name, row.summary,
                                 row.positional) +
                     help_row(row.positional, row.positional_help) + "\nOptions:\n";
  for (const OptionRow& option : kOptions)
    if (option.command == row.name) text += help_row(option);
  text += help_row("-h, --help", "show this text") + "\nExamples:\n  ";
  for (const char c : row.examples) text += c == '\n' ? std::string("\n  ") : std::string(1, c);
  return text + "\n\n" + kExitCodes;
}

size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0]++;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t substituted = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({substituted, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

/// "; did you mean ...?" where a known name is close.
std::string suggestion(const std::string& given, const std::vector<std::string>& known) {
  const auto nearest = std::ranges::min_element(
      known, {}, [&](const std::string& name) { return edit_distance(given, name); });
  if (nearest == known.end() || edit_distance(given, *nearest) > 2) return {};
  return "; did you mean " + *nearest + "?";
}

Stop wrong_usage(const std::string& what, const std::string& command) {
  return {fmt::format("weft: {}\nweft {}{}--help shows what there is.\n", what, command,
                      command.empty() ? "" : " "),
          2};
}

const CommandRow* find_command(const std::string& name) {
  const auto row = std::ranges::find(kCommands, name, &CommandRow::name);
  return row == kCommands.end() ? nullptr : &*row;
}

class Parser {
 public:
  Parser(std::span<const std::string> arguments, const CommandRow& command)
      : left_(arguments), command_(command) {
    options_.command = command.name;
  }

  std::expected<Options, Stop> run() {
    for (bool literal = false; !left_.empty();) {
      const std::string argument = take();
      if (!literal && argument == "--") {
        literal = true;
        continue;
      }
      if (!literal && (argument == "-h" || argument == "--help"))
        return std::unexpected(Stop{command_help(command_), 0});
      const bool is_option = !literal && argument.size() > 1 && argument[0] == '-';
      if (!is_option) {
        options_.positionals.push_back(argument);
        continue;
      }
      if (auto problem = option(argument)) return std::unexpected(wrong_usage(*problem, command_.name));
    }
    return checked();
  }

 private:
  std::string take() {
    const std::string argument = left_.front();
    left_ = left_.subspan(1);
    return argument;
  }

  /// Parses one option with its value; what is wrong with it, if anything.
  std::optional<std::string> option(const std::string& argument) {
    const bool is_long = argument.starts_with("--");
    const size_t equals = is_long ? argument.find('=') : std::string::npos;
    const std::string name = is_long ? argument.substr(2, equals - 2) : argument.substr(1, 1);
    const OptionRow* row = find(name, is_long);
    if (row == nullptr) {
      const std::string shown = is_long ? "--" + name : argument;
      return "there is no option " + shown + suggestion(shown, known_options());
    }
    std::optional<std::string> value;
    if (equals != std::string::npos) value = argument.substr(equals + 1);
    if (!is_long && argument.size() > 2) value = argument.substr(2);
    if (row->is_flag() && value) return row->flags + " takes no value";
    if (!value && row->value_is_optional()) value = row->fallback;
    if (!value && !row->is_flag()) {
      if (left_.empty()) return row->flags + " wants a value: " + row->value;
      value = take();
    }
    options_.values[row->long_name()].push_back(value.value_or(""));
    return std::nullopt;
  }

  const OptionRow* find(const std::string& name, bool is_long) const {
    for (const OptionRow& row : kOptions)
      if (row.command == command_.name && (is_long ? row.long_name() : row.short_name()) == name) return &row;
    return nullptr;
  }

  std::vector<std::string> known_options() const {
    std::vector<std::string> names;
    for (const OptionRow& row : kOptions)
      if (row.command == command_.name) names.push_back("--" + row.long_name());
    return names;
  }

  std::expected<Options, Stop> checked() {
    const std::vector<std::string> wanted = words(command_.positional);
    const size_t given = options_.positionals.size();
    const bool takes_more = command_.positional.ends_with("...]");
    if (given < wanted.size() - (takes_more ? 1 : 0))
      return std::unexpected(wrong_usage(wanted[given] + " is missing", command_.name));
    if (given > wanted.size() && !takes_more)
      return std::unexpected(wrong_usage(
          "\"" + options_.positionals[wanted.size()] + "\" is one argument too many", command_.name));
    return std::move(options_);
  }

  std::span<const std::string> left_;
  const CommandRow& command_;
  Options options_;
};

}  // namespace

std::string Options::get(const std::string& name) const {
  const auto given = values.find(name);
  if (given != values.end()) return given->second.back();
  for (const OptionRow& option : kOptions)
    if (option.command == command && option.long_name() == name) return option.fallback;
  return {};
}

const std::vector<std::string>& Options::all(const std::string& name) const {
  static const std::vector<std::string> none;
  const auto given = values.find(name);
  return given == values.end() ? none : given->second;
}

std::string help(const std::string& command) {
  const CommandRow* row = find_command(command);
  return row == nullptr ? program_help() : command_help(*row);
}

std::expected<Options, Stop> parse_options(std::span<const std::string> arguments) {
  if (arguments.empty()) return std::unexpected(Stop{program_help(), 2});
  const std::string& first = arguments[0];
  if (first == "-h" || first == "--help") return std::unexpected(Stop{program_help(), 0});
  if (first == "--version") return std::unexpected(Stop{"weft " WEFT_VERSION "\n", 0});
  const CommandRow* command = find_command(first);
  if (command == nullptr) {
    std::vector<std::string> names;
    for (const CommandRow& row : kCommands) names.push_back(row.name);
    return std::unexpected(wrong_usage("there is no command " + first + suggestion(first, names), ""));
  }
  return Parser(arguments.subspan(1), *command).run();
}

int exit_code(ErrorKind kind) { return 3 + static_cast<int>(kind); }

}  // namespace weft::cli

// The parsed command line. cli/options.def is its one description.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace weft::cli {

struct Options {
  std::string command;
  std::vector<std::string>
      positionals;  ///< as many as the command's row names, and any number for "[ARG...]"
  std::map<std::string, std::vector<std::string>>
      values;  ///< by long name without dashes; a flag has one empty value

  const std::string& positional() const { return positionals.front(); }
  bool has(const std::string& name) const { return values.contains(name); }
  /// All values given.
  const std::vector<std::string>& all(const std::string& name) const;
  /// The last value given, or the default of options.def.
  std::string get(const std::string& name) const;
};

/// What to do instead of running a command: text for a person and the exit code.
struct Stop {
  std::string text;
  int exit_code = 0;
};

/// Parses the arguments behind the program's name; a Stop for --help, --version and errors. "--name value"
/// and
/// "--name=value" are the same, "--" ends the options; a value that may be left out comes only after '='.
std::expected<Options, Stop> parse_options(std::span<const std::string> arguments);

/// The text of --help: of a command, or of the program when `command` is empty.
std::string help(const std::string& command);

/// Exit codes, the same in every command: 0 done, 2 usage, then one for each kind of error.
int exit_code(ErrorKind kind);

}  // namespace weft::cli

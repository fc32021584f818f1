// The parsed command line. cli/options.def is its one description.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace weft::cli {

struct Options {
  std::string command;
  std::string positional;
  std::map<std::string, std::vector<std::string>>
      values;  ///< by long name without dashes; a flag that was given has one empty value

  bool has(const std::string& name) const { return values.contains(name); }
  /// The last value given, or the default of options.def.
  std::string get(const std::string& name) const;
};

/// What to do instead of running a command: text for a person and the exit code.
struct Stop {
  std::string text;
  int exit_code = 0;
};

/// Parses argv; a Stop for --help, --version and errors.
std::expected<Options, Stop> parse_options(int argc, const char* const* argv);

/// Exit codes, the same in every command: 0 done, 2 usage, then one for each kind of error.
int exit_code(ErrorKind kind);

}  // namespace weft::cli

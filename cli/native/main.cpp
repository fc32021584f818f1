#include <string>
#include <vector>

#include "cli/commands.hpp"
#include "cli/native/host.hpp"

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  weft::cli::NativeHost host;
  return weft::cli::run(arguments, host);
}

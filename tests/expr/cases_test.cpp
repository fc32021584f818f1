// Text in, text out: tests/expr/cases/*.txt. WEFT_UPDATE=1 rewrites the expected sides.
//   # comment
//   name: min..max multiple_of     a variable of the cases below; either end of the range may be left out, so
//   may the multiple input => expected              what print(parse(input)) gives
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "expr/expr.hpp"

namespace weft::expr {
namespace {

using Scope = std::map<std::string, Variable, std::less<>>;

std::optional<int64_t> bound(const std::string& text) {
  if (text.empty()) return std::nullopt;
  return std::stoll(text);
}

Variable read_variable(const std::string& line) {
  Variable v;
  const size_t colon = line.find(':');
  v.name = line.substr(0, colon);
  std::istringstream rest(line.substr(colon + 1));
  std::string range;
  rest >> range >> v.multiple_of;
  if (!rest) v.multiple_of = 1;
  const size_t dots = range.find("..");
  v.range = {bound(range.substr(0, dots)), bound(range.substr(dots + 2))};
  return v;
}

std::string simplified(const std::string& input, const Scope& scope) {
  const auto e = parse(input, scope);
  return e ? print(*e) : "error: " + e.error().message;
}

/// The file with every expected side as it is now; reports each one that differs.
std::string run_cases(const std::string& path, std::istream& in, size_t& cases) {
  Scope scope;
  std::string line, out;
  for (int number = 1; std::getline(in, line); ++number) {
    const size_t arrow = line.find(" => ");
    if (line.empty() || line[0] == '#') {
      out += line + "\n";
    } else if (arrow == std::string::npos) {
      const Variable v = read_variable(line);
      scope[v.name] = v;
      out += line + "\n";
    } else {
      const std::string input = line.substr(0, arrow), got = simplified(input, scope);
      EXPECT_EQ(got, line.substr(arrow + 4)) << path << ":" << number << ": " << input;
      if (!got.starts_with("error: ")) {
        EXPECT_EQ(simplified(got, scope), got) << path << ":" << number << " again";
      }
      out += input + " => " + got + "\n";
      ++cases;
    }
  }
  return out;
}

TEST(ExprCases, AllFiles) {
  const std::filesystem::path folder = std::filesystem::path(WEFT_SOURCE_DIR) / "tests/expr/cases";
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  size_t cases = 0;
  for (const auto& file : files) {
    std::ifstream in(file);
    const std::string out = run_cases(file.filename().string(), in, cases);
    in.close();
    if (std::getenv("WEFT_UPDATE")) std::ofstream(file) << out;
  }
  EXPECT_GE(cases, 100u);
}

}  // namespace
}  // namespace weft::expr

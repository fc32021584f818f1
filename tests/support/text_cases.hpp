// Text in, text out: the cases of every stage. A file of tests/<layer>/cases/*.txt holds one case or several:
//   <word>                 which function of the stage runs: `verify`, `roundtrip`, …
//   the input
//   ---
//   the expected output
//   ===                    another case follows, beginning with its word
// Lines before the word that begin with # are comments. Texts are compared without their trailing newlines.
// WEFT_UPDATE=1 in the environment rewrites the expected sides.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace weft::testing {

/// By header word, what turns a case's input into what is compared. Errors come back as text too.
using TextFunctions = std::map<std::string, std::function<std::string(const std::string&)>>;

struct TextCase {
  std::string comment;  ///< the comment lines, newlines included
  std::string word, input, expected;
  int line = 0;  ///< of the word, from 1
};

inline std::string without_trailing_newlines(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

inline std::vector<TextCase> read_text_cases(const std::filesystem::path& file) {
  enum class Part { comment, input, expected };
  std::vector<TextCase> cases(1);
  Part part = Part::comment;
  std::ifstream in(file);
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    TextCase& c = cases.back();
    if (part == Part::comment) {
      if (line.empty() || line[0] == '#') {
        c.comment += line + "\n";
      } else {
        c.word = line;
        c.line = number;
        part = Part::input;
      }
    } else if (part == Part::input && line == "---") {
      part = Part::expected;
    } else if (line == "===") {
      cases.emplace_back();
      part = Part::comment;
    } else {
      (part == Part::input ? c.input : c.expected) += line + "\n";
    }
  }
  for (TextCase& c : cases) c.expected = without_trailing_newlines(c.expected);
  return cases;
}

inline void write_text_cases(const std::filesystem::path& file, const std::vector<TextCase>& cases) {
  std::ofstream out(file);
  for (size_t i = 0; i < cases.size(); ++i) {
    const TextCase& c = cases[i];
    if (i > 0) out << "===\n";
    out << c.comment << c.word << "\n" << c.input << "---\n" << c.expected << "\n";
  }
}

/// Runs every case of `folder` (relative to the project's root) and fails the test where one differs, where a
/// word has no function, and where fewer than `at_least` cases were found.
inline void run_text_cases(const std::string& folder, const TextFunctions& functions, size_t at_least) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(WEFT_SOURCE_DIR) / folder))
    if (entry.path().extension() == ".txt") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  const bool update = std::getenv("WEFT_UPDATE") != nullptr;
  size_t count = 0;
  for (const auto& file : files) {
    std::vector<TextCase> cases = read_text_cases(file);
    for (TextCase& c : cases) {
      const std::string where = file.filename().string() + ":" + std::to_string(c.line);
      const auto function = functions.find(c.word);
      if (function == functions.end()) {
        ADD_FAILURE() << where << ": no function for the word `" << c.word << "`";
        continue;
      }
      ++count;
      const std::string got = without_trailing_newlines(function->second(c.input));
      if (!update) {
        EXPECT_EQ(got, c.expected) << where << ": " << c.word;
      }
      c.expected = got;
    }
    if (update) write_text_cases(file, cases);
  }
  EXPECT_GE(count, at_least) << folder << ": cases are missing";
}

}  // namespace weft::testing

// The text cases of tests/lower/cases: a graph with groups in, the stages of each group out.
#include <gtest/gtest.h>

#include "lower/lower.hpp"
#include "support/text_cases.hpp"

namespace weft::lower {
namespace {

std::string lowered(const std::string& text) {
  const auto g = graph::parse(text);
  if (!g) return "parse: " + g.error().message;
  if (const auto sound = graph::verify(*g); !sound) return "input: " + to_string(sound.error());
  std::string out;
  for (const Group& group : collect_groups(*g)) {
    out += std::string("# group of %") + g->values[group.output].name + (group.constant ? ", constant" : "") +
           "\n";
    for (const loops::Stage& stage : lower_group(*g, group)) out += loops::print(stage);
  }
  return out;
}

TEST(Lower, Cases) { weft::testing::run_text_cases("tests/lower/cases", {{"lower", lowered}}, 4); }

}  // namespace
}  // namespace weft::lower

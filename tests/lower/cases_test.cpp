// The text cases of tests/lower/cases: a graph with groups in, the stages of each group out.
#include <gtest/gtest.h>

#include "loops/cost.hpp"
#include "lower/lower.hpp"
#include "schedule/analysis.hpp"
#include "support/text_cases.hpp"

namespace weft::lower {
namespace {

/// What `print` says of every stage of every group.
template <class Print>
std::string lowered(const std::string& text, Print print) {
  const auto g = graph::parse(text);
  if (!g) return "parse: " + g.error().message;
  if (const auto sound = graph::verify(*g); !sound) return "input: " + to_string(sound.error());
  std::string out;
  for (const Group& group : collect_groups(*g)) {
    out += std::string("# group of %") + g->values[group.output].name + (group.constant ? ", constant" : "") +
           "\n";
    for (const loops::Stage& stage : lower_group(*g, group)) out += print(stage);
  }
  return out;
}

std::string stages(const std::string& text) {
  return lowered(text, [](const loops::Stage& stage) { return loops::print(stage); });
}

std::string costs(const std::string& text) {
  return lowered(text, [](const loops::Stage& stage) {
    const loops::Cost cost = loops::cost_of(stage, schedule::deciding_axes(stage));
    return stage.name + ": " + loops::to_string(cost.work) + ", " + std::to_string(cost.flops) + " flops, " +
           std::to_string(cost.bytes) + " bytes\n";
  });
}

TEST(Lower, Cases) {
  weft::testing::run_text_cases("tests/lower/cases", {{"lower", stages}, {"cost", costs}}, 4);
}

}  // namespace
}  // namespace weft::lower

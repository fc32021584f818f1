// Random graphs: they verify, their text reads back, and damaged texts and graphs are refused without a
// crash.
#include <gtest/gtest.h>

#include <map>

#include "graph/graph.hpp"
#include "support/random_graph.hpp"

namespace weft::graph {
namespace {

constexpr uint64_t kSeeds = 800;

TEST(RandomGraphs, VerifyAndReadBack) {
  std::map<Op, int> seen;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    const Graph g = RandomGraph(seed, {.nodes = 16, .max_elements = 512, .ops = {}}).make();
    EXPECT_GE(g.nodes.size(), 16u) << "seed " << seed;
    for (const Node& n : g.nodes) ++seen[n.op];
    const auto valid = verify(g);
    ASSERT_TRUE(valid) << "seed " << seed << ": " << valid.error().message << "\n" << print(g);
    const std::string text = print(g);
    const auto again = parse(text);
    ASSERT_TRUE(again) << "seed " << seed << ": " << again.error().message << "\n" << text;
    ASSERT_EQ(print(*again), text) << "seed " << seed;
    const auto still_valid = verify(*again);
    ASSERT_TRUE(still_valid) << "seed " << seed << ": " << still_valid.error().message << "\n" << text;
  }
  for (const Op op : all_ops()) EXPECT_GE(seen[op], 20) << info(op).name;
}

TEST(RandomGraphs, OneSeedIsOneGraph) {
  EXPECT_EQ(print(RandomGraph(7).make()), print(RandomGraph(7).make()));
  EXPECT_NE(print(RandomGraph(7).make()), print(RandomGraph(8).make()));
}

void damage(std::string& text, RandomGraph& random) {
  const auto at = static_cast<size_t>(random.below(static_cast<int64_t>(text.size())));
  constexpr std::string_view kLetters = "09-+.,:=%@\"\\[](){}xnei #\n/*";
  switch (random.below(5)) {
    case 0: text.resize(at); break;
    case 1: text[at] = static_cast<char>(text[at] ^ (1 << random.below(8))); break;
    case 2:
      text[at] = kLetters[static_cast<size_t>(random.below(static_cast<int64_t>(kLetters.size())))];
      break;
    case 3: text.erase(at, static_cast<size_t>(random.below(9))); break;
    default:
      text.insert(at, text.substr(static_cast<size_t>(random.below(static_cast<int64_t>(text.size()))), 7));
      break;
  }
}

// What parses may verify or not, but prints, and reads back to the same text.
TEST(RandomGraphs, DamagedTextIsRefusedOrMeansItself) {
  int refused = 0, accepted = 0;
  for (uint64_t seed = 0; seed < 12000; ++seed) {
    RandomGraph random(seed);
    std::string text = print(RandomGraph(seed % 60, {.nodes = 6, .max_elements = 48, .ops = {}}).make());
    if (seed % 2 == 0)
      text.insert(text.find('\n') + 1,
                  "  symbol n in [1, 16] multiple of 1\n  %n = input \"n\" : f32[n*(n + 3)/4 % 7]\n");
    for (int64_t hits = 1 + random.below(3); hits > 0 && !text.empty(); --hits) damage(text, random);
    const auto g = parse(text);
    if (!g) {
      ++refused;
      EXPECT_TRUE(g.error().message.starts_with("line ")) << g.error().message;
      continue;
    }
    ++accepted;
    const std::string once = print(*g);
    const auto again = parse(once);
    ASSERT_TRUE(again) << again.error().message << "\n" << once;
    ASSERT_EQ(print(*again), once);
    EXPECT_EQ(verify(*g).has_value(), verify(*again).has_value()) << once;
  }
  EXPECT_GT(refused, 2000);
  EXPECT_GT(accepted, 400);
}

}  // namespace
}  // namespace weft::graph

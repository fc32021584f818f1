// tests/graph/cases/*.txt. Words:
//   roundtrip   print(parse(input))
//   verify      `ok`, or what verify finds
//   infer       each node's inferred type: the input is a graph whose nodes may state any type
#include "graph/graph.hpp"
#include "support/text_cases.hpp"

namespace weft::graph {
namespace {

std::string error_text(const Error& error) {
  return std::string(to_string(error.kind)) + ": " + to_string(error);
}

std::string roundtrip(const std::string& text) {
  const auto g = parse(text);
  if (!g) return error_text(g.error());
  const std::string once = print(*g);
  const auto again = parse(once);
  EXPECT_TRUE(again) << once;
  EXPECT_EQ(again ? print(*again) : "", once);
  return once;
}

std::string verified(const std::string& text) {
  const auto g = parse(text);
  if (!g) return error_text(g.error());
  const auto result = verify(*g);
  return result ? "ok" : error_text(result.error());
}

std::string inferred(const std::string& text) {
  auto g = parse(text);
  if (!g) return error_text(g.error());
  std::string out;
  for (const Node& n : g->nodes) {
    std::vector<Type> operands;
    for (const ValueId id : n.inputs) operands.push_back(g->values[id].type);
    const auto type = infer_type(n.op, operands, n.attributes);
    out += g->values[n.output].name + ": " + (type ? to_string(*type) : error_text(type.error())) + "\n";
    if (type) g->values[n.output].type = *type;
  }
  return out;
}

TEST(GraphCases, AllFiles) {
  testing::run_text_cases("tests/graph/cases",
                          {{"roundtrip", roundtrip}, {"verify", verified}, {"infer", inferred}}, 20);
}

}  // namespace
}  // namespace weft::graph

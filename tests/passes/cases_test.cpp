// The text cases of tests/passes/cases. What a pass leaves unused is dropped before printing.
#include <gtest/gtest.h>

#include "passes/passes.hpp"
#include "passes/verify_groups.hpp"
#include "support/text_cases.hpp"

namespace weft::passes {
namespace {

using graph::Graph;

std::string transformed(const std::string& text, const std::function<Result<Graph>(Graph)>& pass) {
  auto g = graph::parse(text);
  if (!g) return "parse: " + g.error().message;
  if (const auto before = graph::verify(*g); !before) return "input: " + to_string(before.error());
  auto result = pass(std::move(*g));
  if (!result) return to_string(result.error());
  if (const auto after = graph::verify(*result); !after)
    return "output: " + to_string(after.error()) + "\n" + graph::print(*result);
  const Graph live = remove_dead(std::move(*result));
  if (const auto after = graph::verify(live); !after) return "live output: " + to_string(after.error());
  return graph::print(live);
}

std::string fused(const std::string& text) {
  return transformed(text, [](Graph g) -> Result<Graph> {
    Graph result = fuse_groups(std::move(g));
    WEFT_TRY(verify_groups(result));
    return result;
  });
}

std::string verified_groups(const std::string& text) {
  const auto g = graph::parse(text);
  if (!g) return "parse: " + g.error().message;
  const auto result = verify_groups(*g);
  return result ? "accepted" : result.error().message;
}

std::function<std::string(const std::string&)> text_function(Graph (*pass)(Graph)) {
  return [pass](const std::string& text) { return transformed(text, pass); };
}

std::function<std::string(const std::string&)> narrowing(WeightFormat format) {
  return [format](const std::string& text) {
    return transformed(text, [format](Graph g) { return narrow_weights(std::move(g), {}, format, 4); });
  };
}

/// Every output "NAME.next" is the input NAME of the next run; the states stand behind the graph.
std::string kept(const std::string& text) {
  std::string states;
  const std::string graph = transformed(text, [&](Graph g) -> Result<Graph> {
    std::vector<State> wanted;
    for (const graph::Port& port : g.outputs)
      if (port.name.ends_with(".next"))
        wanted.push_back({port.name, port.name.substr(0, port.name.size() - 5)});
    WEFT_ASSIGN(result, keep_states(std::move(g), wanted, "reset"));
    for (const State& state : result.states) states += "state " + state.output + " = " + state.input + "\n";
    return std::move(result.graph);
  });
  return graph + states;
}

const weft::testing::TextFunctions kFunctions{
    {"remove_dead", text_function(remove_dead)},
    {"fold_scales", text_function(fold_scales)},
    {"simplify", text_function(simplify)},
    {"expand_resize", text_function(expand_resize)},
    {"expand_conv_transpose", text_function(expand_conv_transpose)},
    {"winograd", text_function(winograd)},
    {"fold_constants",
     [](const std::string& text) {
       return transformed(text, [](Graph g) { return fold_constants(std::move(g), {}, 64); });
     }},
    {"narrow_weights_f16", narrowing(WeightFormat::f16)},
    {"narrow_weights_q8", narrowing(WeightFormat::q8)},
    {"keep_states", kept},
    {"fuse_groups", fused},
    {"verify_groups", verified_groups},
};

TEST(PassCases, TextInTextOut) { weft::testing::run_text_cases("tests/passes/cases", kFunctions, 30); }

}  // namespace
}  // namespace weft::passes

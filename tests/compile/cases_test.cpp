#include "compile/build_program.hpp"
#include "passes/passes.hpp"
#include "schedule/rules.hpp"
#include "support/text_cases.hpp"

namespace weft::compile {
namespace {

/// The lines of a program but its kernels' bodies; each call with its kernel's first word.
std::string without_bodies(const std::string& program) {
  std::string text, line;
  std::istringstream in(program);
  bool inside = false;
  while (std::getline(in, line)) {
    if (line.starts_with("  kernel ")) inside = true;
    if (!inside) text += line + "\n";
    if (line == "  }") inside = false;
  }
  return text;
}

std::string storage(const std::string& input) {
  auto g = graph::parse(input);
  if (!g) return to_string(g.error());
  const BuildOptions options{.machine = {.lanes = 4, .tiles = {{6, 8}}, .unroll = 1}};
  auto built = build_program(passes::fuse_groups(*g), options, Dump({}));
  if (!built) return to_string(built.error());
  const auto sound = plan::verify(built->program);
  EXPECT_TRUE(sound.has_value()) << to_string(sound.error());
  // Names say more than numbers here, and shared kernels have one.
  for (plan::Entry& entry : built->program.entries)
    for (plan::Statement& statement : entry.statements)
      if (auto* call = std::get_if<plan::Call>(&statement))
        call->source = built->program.kernels[call->kernel].name;
  return without_bodies(plan::print(built->program));
}

TEST(Compile, Cases) { weft::testing::run_text_cases("tests/compile/cases", {{"storage", storage}}, 8); }

}  // namespace
}  // namespace weft::compile

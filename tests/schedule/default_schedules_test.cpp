// The kernels that default schedules make of typical graphs, in cases/*.txt.
//   kernels <engine>   a graph -> the kernels of `run`, as targets get them
//   prepare <engine>   a graph -> those of `prepare`
//   schedules <engine> a graph -> the schedules of all stages
#include "lower/pipeline.hpp"
#include "support/text_cases.hpp"

namespace weft::testing {
namespace {

const Engine& engine(const std::string& name) {
  for (const Engine& e : engines())
    if (e.name == name) return e;
  ADD_FAILURE() << "no engine " << name;
  return engines()[0];
}

std::string kernels(const compile::BuiltProgram& built, size_t entry) {
  std::string text;
  for (const plan::Statement& statement : built.program.entries[entry].statements)
    if (const auto* call = std::get_if<plan::Call>(&statement))
      text += print(built.program.kernels[call->kernel]);
  return text;
}

enum class Shown : uint8_t { run, prepare, schedules };

std::string show(const std::string& text, const std::string& name, Shown shown) {
  const auto g = graph::parse(text);
  if (!g) return "error: " + g.error().message;
  std::string schedules;
  const compile::OnStage on_stage = [&](std::string_view stage, std::string_view dumped) {
    if (stage == "schedules") schedules += std::string(dumped);
  };
  const auto built =
      compile::build_program(passes::fuse_groups(*g), engine(name).options, compile::Dump(on_stage));
  if (!built) return "error: " + built.error().message;
  for (const loops::Kernel& kernel : built->program.kernels)
    if (const auto valid = loops::verify(kernel); !valid) return "error: " + valid.error().message;
  if (shown == Shown::schedules) return schedules;
  return kernels(*built, shown == Shown::prepare ? 0 : 1);
}

TEST(DefaultSchedules, Cases) {
  TextFunctions functions;
  for (const Engine& e : engines()) {
    functions["kernels " + e.name] = [&e](const std::string& text) { return show(text, e.name, Shown::run); };
    functions["prepare " + e.name] = [&e](const std::string& text) {
      return show(text, e.name, Shown::prepare);
    };
    functions["schedules " + e.name] = [&e](const std::string& text) {
      return show(text, e.name, Shown::schedules);
    };
  }
  run_text_cases("tests/schedule/cases/default", functions, 1);
}

}  // namespace
}  // namespace weft::testing

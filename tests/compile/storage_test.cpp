// Storage assignment: values that share memory compute what they compute apart, and the arena stays near what
// is live.
#include <gtest/gtest.h>

#include <iostream>

#include "lower/pipeline.hpp"
#include "support/random_net.hpp"
#include "support/run_placed.hpp"

namespace weft::compile {
namespace {

using weft::testing::Engine;

size_t calls(const BuiltProgram& built) {
  size_t count = 0;
  for (const plan::Statement& statement : built.program.entries[1].statements)
    count += std::holds_alternative<plan::Call>(statement);
  return count;
}

uint64_t arena_buffers(const BuiltProgram& built) {
  uint64_t bytes = 0;
  for (const plan::Buffer& buffer : built.program.buffers)
    if (buffer.kind == plan::BufferKind::arena) bytes += buffer.bytes;
  return bytes;
}

struct Totals {
  size_t calls_shared = 0, calls_apart = 0, overwriting = 0;
  uint64_t bytes_shared = 0, bytes_apart = 0;
  double worst_ratio = 0;
};

void count(const BuiltProgram& shared, const BuiltProgram& apart, Totals& totals) {
  totals.calls_shared += calls(shared);
  totals.calls_apart += calls(apart);
  totals.bytes_shared += arena_buffers(shared);
  totals.bytes_apart += arena_buffers(apart);
  for (const loops::Kernel& kernel : shared.program.kernels)
    totals.overwriting += static_cast<size_t>(
        std::ranges::count(kernel.buffers, loops::BufferSpace::read_write, &loops::Buffer::space));
}

/// The placed program on one memory gives what the graph's evaluator does.
void check(const graph::Graph& original, Engine engine, Totals& totals) {
  const graph::Graph g = passes::fuse_groups(original);
  std::vector<graph::Tensor> inputs;
  for (size_t i = 0; i < g.inputs.size(); ++i)
    inputs.push_back(weft::testing::random_tensor(g.values[g.inputs[i].value].type, i + 1, {}));
  const auto expected = graph::evaluate(original, {}, inputs);
  ASSERT_TRUE(expected.has_value()) << expected.error().message;
  std::string log;
  engine.options.share_memory = false;
  const auto apart = weft::testing::build_verified(g, engine, log);
  ASSERT_TRUE(apart.has_value()) << apart.error().message << "\n" << graph::print(g) << log;
  engine.options.share_memory = true;
  log.clear();
  auto built = weft::testing::build_verified(g, engine, log);
  ASSERT_TRUE(built.has_value()) << built.error().message << "\n" << graph::print(g) << log;
  count(*built, *apart, totals);

  const auto plan = plan::place_buffers(built->program, 1024);
  ASSERT_TRUE(plan.has_value()) << plan.error().message;
  const auto sound = plan::verify(built->program);
  ASSERT_TRUE(sound.has_value()) << sound.error().message << graph::print(g) << plan::print(built->program);
  totals.worst_ratio = std::max(totals.worst_ratio, static_cast<double>(plan->arena_bytes) /
                                                        static_cast<double>(plan->peak_live_bytes));
  plan::Contents contents(built->program.buffers.size());
  for (const auto& [value, buffer] : built->weights)
    contents[buffer] = graph::load_constant(g, value, {})->bytes;
  for (size_t i = 0; i < inputs.size(); ++i) contents[built->inputs[i]] = inputs[i].bytes;
  weft::testing::PlacedMemory memory(built->program, plan->total_bytes, contents);
  for (size_t i = 0; i < expected->size(); ++i) {
    graph::Tensor got = (*expected)[i];
    got.bytes = memory.contents(built->outputs[i]);
    weft::testing::expect_close(got, (*expected)[i], {1e-3, 1e-3},
                                engine.name + " output " + g.outputs[i].name);
  }
  if (::testing::Test::HasFailure()) FAIL() << graph::print(g) << plan::print(built->program);
}

TEST(Storage, RandomNetsComputeTheSame) {
  Totals totals;
  const auto& engines = weft::testing::engines();
  for (uint64_t seed = 0; seed < 120 && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    check(weft::testing::RandomNet(seed).make(6 + static_cast<int>(seed % 20)), engines[seed % 3], totals);
  }
  std::cout << "calls " << totals.calls_apart << " -> " << totals.calls_shared << ", arena buffers "
            << totals.bytes_apart << " -> " << totals.bytes_shared << " bytes, " << totals.overwriting
            << " overwriting kernels, worst arena / live " << totals.worst_ratio << "\n";
  EXPECT_LE(totals.worst_ratio, 1.25);
  EXPECT_LT(totals.calls_shared * 10, totals.calls_apart * 9);
  EXPECT_LT(totals.bytes_shared * 10, totals.bytes_apart * 9);
  EXPECT_GT(totals.overwriting, 20u);
}

}  // namespace
}  // namespace weft::compile

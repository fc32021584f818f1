// Graphs with loops through the whole middle: what the placed program leaves in one memory is what the
// graph's evaluator computes.
#include <gtest/gtest.h>

#include "lower/pipeline.hpp"
#include "passes/passes.hpp"
#include "passes/verify_groups.hpp"
#include "support/random_graph.hpp"
#include "support/run_placed.hpp"

namespace weft::compile {
namespace {

using graph::Op;
using weft::testing::Engine;

/// The statements of the program for `original`, in which all values may share memory or none.
std::string check(const graph::Graph& original, const Engine& engine, uint64_t seed, bool share) {
  std::vector<graph::Tensor> inputs;
  for (size_t i = 0; i < original.inputs.size(); ++i)
    inputs.push_back(
        weft::testing::random_tensor(original.values[original.inputs[i].value].type, seed + i + 1, {}));
  const auto expected = graph::evaluate(original, {}, inputs);
  if (!expected) return to_string(expected.error());
  const graph::Graph g = passes::fuse_groups(passes::simplify(original));
  if (const auto groups = passes::verify_groups(g); !groups) return to_string(groups.error());
  const OnStage none;
  BuildOptions options = engine.options;
  options.share_memory = share;
  options.stream_weights = false;
  auto built = build_program(g, options, Dump(none));
  if (!built) return to_string(built.error()) + graph::print(g);
  const auto memory = plan::place_buffers(built->program, 1024);
  if (!memory) return to_string(memory.error());
  const std::string text = graph::print(g) + plan::print(built->program);
  if (const auto sound = plan::verify(built->program); !sound) return to_string(sound.error()) + text;
  plan::Contents contents(built->program.buffers.size());
  for (const auto& [value, buffer] : built->weights)
    contents[buffer] = graph::load_constant(g, value, {})->bytes;
  for (size_t i = 0; i < inputs.size(); ++i) contents[built->inputs[i]] = inputs[i].bytes;
  weft::testing::PlacedMemory placed(built->program, memory->total_bytes, contents);
  for (size_t i = 0; i < expected->size(); ++i) {
    graph::Tensor got = (*expected)[i];
    const std::vector<uint8_t> bytes = placed.contents(built->outputs[i]);
    got.bytes.assign(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(got.bytes.size()));
    weft::testing::expect_close(got, (*expected)[i], {1e-4, 1e-4}, engine.name + " " + g.outputs[i].name);
  }
  if (::testing::Test::HasFailure()) return text;
  return plan::print(built->program);
}

TEST(Loops, RandomGraphs) {
  graph::RandomGraphOptions options;
  options.max_elements = 256;
  options.nodes = 10;
  options.dtypes = {DType::f32, DType::f32, DType::f32, DType::boolean};
  options.ops = {Op::state, Op::state,  Op::state,   Op::set_slice,   Op::tanh,
                 Op::add,   Op::sub,    Op::minimum, Op::transpose,   Op::reshape,
                 Op::slice, Op::concat, Op::matmul,  Op::logical_and, Op::abs,
                 Op::less,  Op::select, Op::expand,  Op::gather,      Op::reduce};
  size_t loops = 0, branches = 0;
  for (uint64_t seed = 1; seed <= 250; ++seed) {
    SCOPED_TRACE(seed);
    const graph::Graph g = graph::RandomGraph(seed, options).make();
    for (const Engine& engine : weft::testing::engines()) {
      if (engine.name == "gpu" || (engine.name == "relaxed" && seed % 4 != 0)) continue;
      const std::string text = check(g, engine, seed, seed % 5 != 0);
      ASSERT_TRUE(text.starts_with("program")) << text;
      loops += text.find("  loop ") != std::string::npos;
      branches += text.find("  if ") != std::string::npos;
    }
  }
  EXPECT_GT(loops, 100u);
  EXPECT_GT(branches, 10u);
}

constexpr const char* kRecurrence = R"(graph "recurrence" {
  symbol step.i in [0, 39] multiple of 1
  %x = input "x" : f32[40, 4]
  %w = input "w" : f32[4, 4]
  %zero = constant "zero" : f32[] = {0}
  %h0 = expand(%zero) {shape = [1, 4]} : f32[1, 4]
  %y0 = expand(%zero) {shape = [40, 4]} : f32[40, 4]
  loop step.i [40] {
    %h = state(%h0) : f32[1, 4]
    %c = state(%h0) : f32[1, 4]
    %all = state(%y0) : f32[40, 4]
    %row = slice(%x) {starts = [step.i, 0], steps = [1, 1], sizes = [1, 4]} : f32[1, 4]
    %p = matmul(%h, %w) : f32[1, 4]
    %q = add(%p, %row) : f32[1, 4]
    %s = sigmoid(%q) : f32[1, 4]
    %d = mul(%s, %c) : f32[1, 4]
    %e = add(%d, %s) : f32[1, 4]
    %t = tanh(%e) : f32[1, 4]
    %more = set_slice(%all, %t) {starts = [step.i, 0]} : f32[40, 4]
    next %h = %t
    next %c = %e
    next %all = %more
  }
  %y = last(%all) : f32[40, 4]
  output "y" = %y
}
)";

/// States change in place, rows are read and written where they lie, and what is collected lies in the
/// output.
TEST(Loops, AStepOfARecurrenceMovesNothing) {
  const auto g = graph::parse(kRecurrence);
  ASSERT_TRUE(g.has_value()) << to_string(g.error());
  ASSERT_TRUE(graph::verify(*g).has_value());
  for (const Engine& engine : weft::testing::engines()) {
    if (engine.name == "gpu") continue;
    const std::string text = check(*g, engine, 1, true);
    ASSERT_FALSE(::testing::Test::HasFailure()) << text;
    const std::string body = text.substr(text.find("    loop "));
    size_t calls = 0;
    for (size_t at = body.find("call "); at != std::string::npos; at = body.find("call ", at + 1)) ++calls;
    EXPECT_EQ(calls, 3u) << text;  // the product and the cell, the state, the row
    EXPECT_EQ(body.find("copy"), std::string::npos) << text;
  }
}

constexpr const char* kOuterNext = R"(graph "outer" {
  symbol step.i in [0, 3] multiple of 1
  symbol step.j in [0, 3] multiple of 1
  %x = input "x" : f32[4]
  %go = input "go" : boolean[]
  loop step.i [3] {
    %a = state(%x) : f32[4]
    %b = state(%x) : f32[4]
    %d = sub(%b, %a) : f32[4]
    loop step.j [2] {
      %c = state(%x) : f32[4]
      next %c = %d
      while %go
    }
    %e = last(%c) : f32[4]
    %f = tanh(%a) : f32[4]
    next %a = %e
    next %b = %f
  }
  %y = last(%a) : f32[4]
  output "y" = %y
}
)";

/// What a state becomes may be a value of outside, which then comes before the loop.
TEST(Loops, ANextValueOfOutside) {
  const auto g = graph::parse(kOuterNext);
  ASSERT_TRUE(g.has_value()) << to_string(g.error());
  for (const Engine& engine : weft::testing::engines()) {
    if (engine.name == "gpu") continue;
    EXPECT_TRUE(check(*g, engine, 1, true).starts_with("program"));
  }
}

}  // namespace
}  // namespace weft::compile

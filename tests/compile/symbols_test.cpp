// Programs over symbols: one program computes, for extents in the range, what the graph's evaluator computes
// for the graph with these extents. The loop evaluator holds every access to the buffers' sizes;
// loops::verify does not prove them for all extents yet (products of a symbol and a quotient of it are beyond
// it).
#include <gtest/gtest.h>

#include "lower/pipeline.hpp"
#include "passes/passes.hpp"
#include "support/run_placed.hpp"

namespace weft::compile {
namespace {

using weft::testing::Engine;

constexpr const char* kAttention = R"(graph "attention" {
  symbol dim.n in [1, 40] multiple of 1
  symbol dim.b in [1, 3] multiple of 1
  %x = input "x" : f32[dim.b, dim.n, 24]
  %w = input "w" : f32[24, 24]
  %p = matmul(%x, %w) : f32[dim.b, dim.n, 24]
  %h = reshape(%p) {shape = [dim.b, dim.n, 3, 8]} : f32[dim.b, dim.n, 3, 8]
  %q = transpose(%h) {permutation = [0, 2, 1, 3]} : f32[dim.b, 3, dim.n, 8]
  %k = transpose(%h) {permutation = [0, 2, 3, 1]} : f32[dim.b, 3, 8, dim.n]
  %s = matmul(%q, %k) : f32[dim.b, 3, dim.n, dim.n]
  %m = reduce(%s) {kind = max, axes = [3]} : f32[dim.b, 3, dim.n]
  %mk = reshape(%m) {shape = [dim.b, 3, dim.n, 1]} : f32[dim.b, 3, dim.n, 1]
  %d = sub(%s, %mk) : f32[dim.b, 3, dim.n, dim.n]
  %e = exp(%d) : f32[dim.b, 3, dim.n, dim.n]
  %t = reduce(%e) {kind = sum, axes = [3]} : f32[dim.b, 3, dim.n]
  %tk = reshape(%t) {shape = [dim.b, 3, dim.n, 1]} : f32[dim.b, 3, dim.n, 1]
  %a = div(%e, %tk) : f32[dim.b, 3, dim.n, dim.n]
  %v = matmul(%a, %q) : f32[dim.b, 3, dim.n, 8]
  %u = transpose(%v) {permutation = [0, 2, 1, 3]} : f32[dim.b, dim.n, 3, 8]
  %y = reshape(%u) {shape = [dim.b, dim.n, 24]} : f32[dim.b, dim.n, 24]
  %z = reduce(%y) {kind = mean, axes = [1]} : f32[dim.b, 24]
  output "y" = %y
  output "z" = %z
}
)";

constexpr const char* kConvolution = R"(graph "convolution" {
  symbol dim.h in [8, 64] multiple of 8
  symbol dim.w in [4, 40] multiple of 4
  %x = input "x" : f32[1, 3, dim.h, dim.w]
  %k = input "k" : f32[8, 3, 3, 3]
  %l = input "l" : f32[8, 8, 3, 3]
  %c = conv(%x, %k) {strides = [2, 2], dilations = [1, 1], pads_begin = [1, 1], pads_end = [1, 1], groups = 1} : f32[1, 8, dim.h/2, dim.w/2]
  %r = tanh(%c) : f32[1, 8, dim.h/2, dim.w/2]
  %e = conv(%r, %l) {strides = [1, 1], dilations = [1, 1], pads_begin = [1, 1], pads_end = [1, 1], groups = 1} : f32[1, 8, dim.h/2, dim.w/2]
  %s = add(%e, %r) : f32[1, 8, dim.h/2, dim.w/2]
  %p = reduce_window(%s) {kind = max, window = [2, 2], strides = [2, 2], dilations = [1, 1], pads_begin = [0, 0], pads_end = [0, 0], counted_begin = [0, 0], counted_end = [0, 0]} : f32[1, 8, dim.h/4, dim.w/4]
  %j = concat(%p, %p) {axis = 2} : f32[1, 8, 2*(dim.h/4), dim.w/4]
  output "j" = %j
}
)";

constexpr const char* kMovement = R"(graph "movement" {
  symbol dim.n in [2, 30] multiple of 1
  symbol dim.m in [1, 9] multiple of 1
  %x = input "x" : f32[dim.n, 5]
  %z = input "z" : f32[dim.m, 5]
  %j = concat(%x, %z, %x) {axis = 0} : f32[2*dim.n + dim.m, 5]
  %t = tanh(%j) : f32[2*dim.n + dim.m, 5]
  %s = slice(%t) {starts = [dim.n, 0], steps = [1, 2], sizes = [dim.m + 1, 3]} : f32[dim.m + 1, 3]
  %i = iota() {to = i64, shape = [dim.n], axis = 0} : i64[dim.n]
  %e = extents() {to = i64, values = [dim.m - 1]} : i64[1]
  %g = add(%i, %e) : i64[dim.n]
  %f = gather(%t, %g) {axis = 0} : f32[dim.n, 5]
  %q = pad(%f) {begin = [1, 2], end = [3, 0], mode = constant, value = 1} : f32[dim.n + 4, 7]
  output "s" = %s
  output "q" = %q
  output "e" = %e
}
)";

constexpr const char* kComputed = R"(graph "computed" {
  symbol dim.n in [1, 40] multiple of 1
  symbol size.m in [0, 40] multiple of 1
  %x = input "x" : f32[dim.n, 5]
  %least = constant "least" : f32[] = {0.25}
  %means = reduce(%x) {kind = mean, axes = [1]} : f32[dim.n]
  %flags = less(%least, %means) : boolean[dim.n]
  %ones = cast(%flags) {to = i32} : i32[dim.n]
  %count = reduce(%ones) {kind = sum, axes = [0]} : i32[]
  %rows = iota() {to = i32, shape = [size.m], axis = 0} : i32[size.m]
  %t = tanh(%x) : f32[dim.n, 5]
  %y = gather(%t, %rows) {axis = 0} : f32[size.m, 5]
  %flat = reshape(%y) {shape = [5*size.m]} : f32[5*size.m]
  %folded = reshape(%flat) {shape = [5, size.m]} : f32[5, size.m]
  %turned = transpose(%folded) {permutation = [1, 0]} : f32[size.m, 5]
  %j = concat(%y, %x, %turned) {axis = 0} : f32[2*size.m + dim.n, 5]
  %s = reduce(%y) {kind = sum, axes = [0]} : f32[5]
  %p = matmul(%turned, %folded) : f32[size.m, size.m]
  output "y" = %y
  output "j" = %j
  output "s" = %s
  output "p" = %p
  define size.m = %count
}
)";

void check(const graph::Graph& original, const Engine& engine, const plan::SymbolValues& values) {
  const graph::Graph concrete = graph::specialize(original, values);
  std::vector<graph::Tensor> inputs;
  for (size_t i = 0; i < concrete.inputs.size(); ++i)
    inputs.push_back(weft::testing::random_tensor(concrete.values[concrete.inputs[i].value].type, i + 1, {}));
  const auto expected = graph::evaluate(concrete, {}, inputs);
  ASSERT_TRUE(expected.has_value()) << expected.error().message;
  const graph::Graph g = passes::fuse_groups(original);
  const OnStage none;
  auto built = build_program(g, engine.options, Dump(none));
  ASSERT_TRUE(built.has_value()) << built.error().message << "\n" << graph::print(g);
  const auto memory = plan::place_buffers(built->program, 1024);
  ASSERT_TRUE(memory.has_value()) << memory.error().message;
  const auto sound = plan::verify(built->program);
  ASSERT_TRUE(sound.has_value()) << sound.error().message << plan::print(built->program);
  plan::Contents contents(built->program.buffers.size());
  for (size_t i = 0; i < inputs.size(); ++i) contents[built->inputs[i]] = inputs[i].bytes;
  weft::testing::PlacedMemory placed(built->program, memory->total_bytes, contents, values);
  size_t answer = 0;
  for (size_t i = 0; i < expected->size(); ++i) {
    graph::Tensor got = (*expected)[i];
    for (const int64_t extent : got.shape)
      EXPECT_EQ(expr::evaluate(built->program.answers[answer++], placed.symbols()), extent);
    const std::vector<uint8_t> bytes = placed.contents(built->outputs[i]);
    got.bytes.assign(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(got.bytes.size()));
    weft::testing::expect_close(got, (*expected)[i], {1e-4, 1e-4}, engine.name + " " + g.outputs[i].name);
  }
  if (::testing::Test::HasFailure()) FAIL() << graph::print(g) << plan::print(built->program);
}

void check_all(const char* text, const std::vector<plan::SymbolValues>& cases) {
  const auto g = graph::parse(text);
  ASSERT_TRUE(g.has_value()) << g.error().message;
  const auto valid = graph::verify(*g);
  ASSERT_TRUE(valid.has_value()) << valid.error().message;
  for (const Engine& engine : weft::testing::engines()) {
    if (engine.name == "gpu") continue;  // its schedules ask for constant extents
    for (const plan::SymbolValues& values : cases) {
      check(*g, engine, values);
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
}

TEST(Symbols, Attention) {
  check_all(kAttention, {{{"dim.n", 1}, {"dim.b", 1}},
                         {{"dim.n", 7}, {"dim.b", 2}},
                         {{"dim.n", 12}, {"dim.b", 3}},
                         {{"dim.n", 40}, {"dim.b", 3}}});
}
TEST(Symbols, Convolution) {
  check_all(kConvolution,
            {{{"dim.h", 8}, {"dim.w", 4}}, {{"dim.h", 24}, {"dim.w", 40}}, {{"dim.h", 64}, {"dim.w", 20}}});
}
TEST(Symbols, Movement) {
  check_all(kMovement,
            {{{"dim.n", 2}, {"dim.m", 1}}, {{"dim.n", 17}, {"dim.m", 9}}, {{"dim.n", 30}, {"dim.m", 4}}});
}
TEST(Symbols, Computed) {
  check_all(kComputed, {{{"dim.n", 1}}, {{"dim.n", 2}}, {{"dim.n", 9}}, {{"dim.n", 40}}});
}

}  // namespace
}  // namespace weft::compile

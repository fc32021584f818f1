// Groups of several nodes, as models have them: text of a graph, fused, through the middle, against the
// evaluator.
#include "lower/pipeline.hpp"

namespace weft::testing {
namespace {

struct GroupCase {
  std::string name, text;
  int kernels;  ///< that `run` calls on the first engine: what fusion and layout are expected to leave
  Tolerance tolerance = {2e-5, 2e-5};
  Values values = {};
};

/// %w = random "f32[8, 3, 3, 3]": a constant with seeded contents. The text form has no such thing; this
/// makes it one.
std::string with_constants(const std::string& text) {
  std::string result;
  uint64_t seed = 50;
  for (size_t at = 0; at < text.size();) {
    const size_t line_end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, line_end - at);
    at = line_end + 1;
    const size_t mark = line.find("random ");
    if (mark == std::string::npos) {
      result += line + "\n";
      continue;
    }
    const std::string type = line.substr(mark + 7),
                      name = line.substr(line.find('%') + 1,
                                         line.find(' ', line.find('%')) - line.find('%') - 1);
    std::string declaration = "  %" + name + " = constant \"" + name + "\" : " + type + " = {";
    const auto empty =
        graph::parse("graph \"t\" {\n  %x = input \"x\" : " + type + "\n  output \"x\" = %x\n}\n");
    if (!empty) {
      ADD_FAILURE() << empty.error().message << " in " << line;
      return text;
    }
    const graph::Tensor tensor = random_tensor(empty->values[0].type, seed++, {.low = -1, .high = 1});
    const size_t count = tensor.bytes.size() / byte_size(tensor.dtype);
    for (size_t i = 0; i < count; ++i) {
      if (i > 0) declaration += ", ";
      declaration += is_float(tensor.dtype) ? std::to_string(static_cast<float>(element(tensor, i)))
                                            : std::to_string(static_cast<int64_t>(element(tensor, i)));
    }
    result += declaration + "}\n";
  }
  return result;
}

class Groups : public ::testing::TestWithParam<GroupCase> {};

int run_calls(const graph::Graph& fused) {
  std::string log;
  const auto built = build_verified(fused, engines()[0], log);
  if (!built) return -1;
  int calls = 0;
  for (const plan::Statement& statement : built->program.entries[1].statements)
    calls += std::holds_alternative<plan::Call>(statement);
  return calls;
}

TEST_P(Groups, MatchTheEvaluator) {
  const auto g = graph::parse(with_constants(GetParam().text));
  ASSERT_TRUE(g.has_value()) << g.error().message;
  expect_same_results(*g, GetParam().tolerance, GetParam().values);
  EXPECT_EQ(run_calls(passes::fuse_groups(*g)), GetParam().kernels) << graph::print(passes::fuse_groups(*g));
}

const GroupCase kCases[] = {
    {"conv_hard_swish_residual", R"(graph "g" {
  %x = input "x" : f32[1, 8, 7, 9]
  %r = input "r" : f32[1, 16, 7, 9]
  %w = random f32[16, 8, 3, 3]
  %b = random f32[16]
  %three = constant "three" : f32[] = {3}
  %zero = constant "zero" : f32[] = {0}
  %six = constant "six" : f32[] = {6}
  %c = conv(%x, %w, %b) {strides = [1, 1], dilations = [1, 1], pads_begin = [1, 1], pads_end = [1, 1], groups = 1} : f32[1, 16, 7, 9]
  %s = add(%c, %three) : f32[1, 16, 7, 9]
  %l = maximum(%s, %zero) : f32[1, 16, 7, 9]
  %h = minimum(%l, %six) : f32[1, 16, 7, 9]
  %d = div(%h, %six) : f32[1, 16, 7, 9]
  %m = mul(%c, %d) : f32[1, 16, 7, 9]
  %y = add(%m, %r) : f32[1, 16, 7, 9]
  output "y" = %y
})",
     3},
    {"two_convs_and_pool", R"(graph "g" {
  %x = input "x" : f32[1, 3, 17, 15]
  %w = random f32[8, 3, 3, 3]
  %b = random f32[8]
  %v = random f32[13, 8, 3, 3]
  %zero = constant "zero" : f32[] = {0}
  %c = conv(%x, %w, %b) {strides = [2, 2], dilations = [1, 1], pads_begin = [1, 1], pads_end = [1, 1], groups = 1} : f32[1, 8, 9, 8]
  %r = maximum(%c, %zero) : f32[1, 8, 9, 8]
  %p = reduce_window(%r) {kind = max, window = [3, 3], strides = [2, 2], dilations = [1, 1], pads_begin = [1, 1], pads_end = [1, 1], counted_begin = [0, 0], counted_end = [0, 0]} : f32[1, 8, 5, 4]
  %d = conv(%p, %v) {strides = [1, 1], dilations = [1, 1], pads_begin = [1, 1], pads_end = [1, 1], groups = 1} : f32[1, 13, 5, 4]
  %m = reduce(%d) {kind = mean, axes = [2, 3]} : f32[1, 13]
  output "y" = %m
})",
     5},
    {"depthwise_block", R"(graph "g" {
  %x = input "x" : f32[1, 12, 8, 8]
  %w = random f32[12, 1, 3, 3]
  %v = random f32[24, 12, 1, 1]
  %zero = constant "zero" : f32[] = {0}
  %six = constant "six" : f32[] = {6}
  %c = conv(%x, %w) {strides = [1, 1], dilations = [1, 1], pads_begin = [1, 1], pads_end = [1, 1], groups = 12} : f32[1, 12, 8, 8]
  %l = maximum(%c, %zero) : f32[1, 12, 8, 8]
  %h = minimum(%l, %six) : f32[1, 12, 8, 8]
  %y = conv(%h, %v) {strides = [1, 1], dilations = [1, 1], pads_begin = [0, 0], pads_end = [0, 0], groups = 1} : f32[1, 24, 8, 8]
  output "y" = %y
})",
     4},
    {"squeeze_excite", R"(graph "g" {
  %x = input "x" : f32[1, 16, 6, 6]
  %w = random f32[16, 16, 1, 1]
  %a = random f32[4, 16, 1, 1]
  %b = random f32[16, 4, 1, 1]
  %zero = constant "zero" : f32[] = {0}
  %c = conv(%x, %w) {strides = [1, 1], dilations = [1, 1], pads_begin = [0, 0], pads_end = [0, 0], groups = 1} : f32[1, 16, 6, 6]
  %m = reduce(%c) {kind = mean, axes = [2, 3]} : f32[1, 16]
  %q = reshape(%m) {shape = [1, 16, 1, 1]} : f32[1, 16, 1, 1]
  %s = conv(%q, %a) {strides = [1, 1], dilations = [1, 1], pads_begin = [0, 0], pads_end = [0, 0], groups = 1} : f32[1, 4, 1, 1]
  %t = maximum(%s, %zero) : f32[1, 4, 1, 1]
  %u = conv(%t, %b) {strides = [1, 1], dilations = [1, 1], pads_begin = [0, 0], pads_end = [0, 0], groups = 1} : f32[1, 16, 1, 1]
  %v = sigmoid(%u) : f32[1, 16, 1, 1]
  %y = mul(%c, %v) : f32[1, 16, 6, 6]
  output "y" = %y
})",
     7},
    {"softmax", R"(graph "g" {
  %x = input "x" : f32[5, 37]
  %m = reduce(%x) {kind = max, axes = [1]} : f32[5]
  %n = reshape(%m) {shape = [5, 1]} : f32[5, 1]
  %d = sub(%x, %n) : f32[5, 37]
  %e = exp(%d) : f32[5, 37]
  %s = reduce(%e) {kind = sum, axes = [1]} : f32[5]
  %t = reshape(%s) {shape = [5, 1]} : f32[5, 1]
  %y = div(%e, %t) : f32[5, 37]
  output "y" = %y
})",
     4},
    {"layer_norm", R"(graph "g" {
  %x = input "x" : f32[2, 5, 24]
  %g = random f32[24]
  %b = random f32[24]
  %eps = constant "eps" : f32[] = {1e-5}
  %m = reduce(%x) {kind = mean, axes = [2]} : f32[2, 5]
  %n = reshape(%m) {shape = [2, 5, 1]} : f32[2, 5, 1]
  %d = sub(%x, %n) : f32[2, 5, 24]
  %q = mul(%d, %d) : f32[2, 5, 24]
  %v = reduce(%q) {kind = mean, axes = [2]} : f32[2, 5]
  %u = reshape(%v) {shape = [2, 5, 1]} : f32[2, 5, 1]
  %w = add(%u, %eps) : f32[2, 5, 1]
  %s = sqrt(%w) : f32[2, 5, 1]
  %h = div(%d, %s) : f32[2, 5, 24]
  %k = mul(%h, %g) : f32[2, 5, 24]
  %y = add(%k, %b) : f32[2, 5, 24]
  output "y" = %y
})",
     5},
    {"gelu",
     R"(graph "g" {
  %x = input "x" : f32[7, 16]
  %w = random f32[16, 40]
  %b = random f32[40]
  %root = constant "root" : f32[] = {1.4142135}
  %one = constant "one" : f32[] = {1}
  %half = constant "half" : f32[] = {0.5}
  %p = matmul(%x, %w) : f32[7, 40]
  %a = add(%p, %b) : f32[7, 40]
  %d = div(%a, %root) : f32[7, 40]
  %e = erf(%d) : f32[7, 40]
  %f = add(%e, %one) : f32[7, 40]
  %m = mul(%a, %f) : f32[7, 40]
  %y = mul(%m, %half) : f32[7, 40]
  output "y" = %y
})",
     1,
     {1e-4, 1e-4}},
    {"attention",
     R"(graph "g" {
  %x = input "x" : f32[1, 10, 16]
  %w = random f32[16, 16]
  %q = matmul(%x, %w) : f32[1, 10, 16]
  %r = reshape(%q) {shape = [1, 10, 2, 8]} : f32[1, 10, 2, 8]
  %t = transpose(%r) {permutation = [0, 2, 1, 3]} : f32[1, 2, 10, 8]
  %k = transpose(%r) {permutation = [0, 2, 3, 1]} : f32[1, 2, 8, 10]
  %s = matmul(%t, %k) : f32[1, 2, 10, 10]
  %o = matmul(%s, %t) : f32[1, 2, 10, 8]
  %u = transpose(%o) {permutation = [0, 2, 1, 3]} : f32[1, 10, 2, 8]
  %y = reshape(%u) {shape = [1, 10, 16]} : f32[1, 10, 16]
  output "y" = %y
})",
     6,
     {5e-2, 1e-4}},
    {"transpose_add", R"(graph "g" {
  %x = input "x" : f32[13, 9]
  %b = input "b" : f32[9, 13]
  %t = transpose(%x) {permutation = [1, 0]} : f32[9, 13]
  %y = add(%t, %b) : f32[9, 13]
  output "y" = %y
})",
     1},
    {"gather_add",
     R"(graph "g" {
  %i = input "i" : i64[1, 6]
  %t = random f32[30, 16]
  %p = random f32[6, 16]
  %e = gather(%t, %i) {axis = 0} : f32[1, 6, 16]
  %y = add(%e, %p) : f32[1, 6, 16]
  output "y" = %y
})",
     1,
     {},
     {.indices = 30}},
    {"concat_three", R"(graph "g" {
  %x = input "x" : f32[1, 4, 5, 5]
  %w = random f32[8, 4, 1, 1]
  %v = random f32[6, 4, 3, 3]
  %a = conv(%x, %w) {strides = [1, 1], dilations = [1, 1], pads_begin = [0, 0], pads_end = [0, 0], groups = 1} : f32[1, 8, 5, 5]
  %b = conv(%x, %v) {strides = [1, 1], dilations = [1, 1], pads_begin = [1, 1], pads_end = [1, 1], groups = 1} : f32[1, 6, 5, 5]
  %c = concat(%a, %b, %x) {axis = 1} : f32[1, 18, 5, 5]
  output "y" = %c
})",
     5},
    {"upsample_concat_conv", R"(graph "g" {
  %x = input "x" : f32[1, 4, 3, 3]
  %w = random f32[8, 4, 1, 1]
  %v = random f32[6, 16, 3, 3]
  %i = constant "i" : i64[6] = {0, 0, 1, 1, 2, 2}
  %s = input "s" : f32[1, 8, 6, 6]
  %a = conv(%x, %w) {strides = [1, 1], dilations = [1, 1], pads_begin = [0, 0], pads_end = [0, 0], groups = 1} : f32[1, 8, 3, 3]
  %p = gather(%a, %i) {axis = 2} : f32[1, 8, 6, 3]
  %q = gather(%p, %i) {axis = 3} : f32[1, 8, 6, 6]
  %c = concat(%q, %s) {axis = 1} : f32[1, 16, 6, 6]
  %y = conv(%c, %v) {strides = [1, 1], dilations = [1, 1], pads_begin = [1, 1], pads_end = [1, 1], groups = 1} : f32[1, 6, 6, 6]
  output "y" = %y
})",
     7},
    {"pad_reflect_conv", R"(graph "g" {
  %x = input "x" : f32[1, 4, 6, 6]
  %w = random f32[8, 4, 3, 3]
  %p = pad(%x) {begin = [0, 0, 1, 1], end = [0, 0, 1, 1], mode = reflect, value = 0} : f32[1, 4, 8, 8]
  %y = conv(%p, %w) {strides = [1, 1], dilations = [1, 1], pads_begin = [0, 0], pads_end = [0, 0], groups = 1} : f32[1, 8, 6, 6]
  output "y" = %y
})",
     3},
    {"reduce_with_prologue", R"(graph "g" {
  %x = input "x" : f32[6, 40]
  %z = input "z" : f32[6, 40]
  %d = sub(%x, %z) : f32[6, 40]
  %q = mul(%d, %d) : f32[6, 40]
  %s = reduce(%q) {kind = sum, axes = [0]} : f32[40]
  %y = sqrt(%s) : f32[40]
  output "y" = %y
})",
     1},
    {"shuffle_channels", R"(graph "g" {
  %x = input "x" : f32[1, 12, 4, 4]
  %w = random f32[12, 12, 1, 1]
  %c = conv(%x, %w) {strides = [1, 1], dilations = [1, 1], pads_begin = [0, 0], pads_end = [0, 0], groups = 1} : f32[1, 12, 4, 4]
  %r = reshape(%c) {shape = [1, 3, 4, 4, 4]} : f32[1, 3, 4, 4, 4]
  %t = transpose(%r) {permutation = [0, 2, 1, 3, 4]} : f32[1, 4, 3, 4, 4]
  %s = reshape(%t) {shape = [1, 12, 4, 4]} : f32[1, 12, 4, 4]
  %l = slice(%s) {starts = [0, 3, 0, 0], steps = [1, 1, 1, 1], sizes = [1, 6, 4, 4]} : f32[1, 6, 4, 4]
  output "y" = %l
})",
     3},
    {"narrow_integers", R"(graph "g" {
  %x = input "x" : u8[40]
  %z = input "z" : u8[40]
  %a = add(%x, %z) : u8[40]
  %b = div(%a, %z) : u8[40]
  %c = cast(%b) {to = f32} : f32[40]
  output "y" = %c
})",
     1},
    {"prepared_weights", R"(graph "g" {
  %x = input "x" : f32[3, 8]
  %w = random f32[16, 8]
  %s = random f32[16, 1]
  %m = mul(%w, %s) : f32[16, 8]
  %t = transpose(%m) {permutation = [1, 0]} : f32[8, 16]
  %y = matmul(%x, %t) : f32[3, 16]
  output "y" = %y
})",
     1},
    {"two_outputs", R"(graph "g" {
  %x = input "x" : f32[4, 8]
  %a = exp(%x) : f32[4, 8]
  %b = neg(%a) : f32[4, 8]
  output "a" = %a
  output "b" = %b
  output "x" = %x
})",
     2},
};

INSTANTIATE_TEST_SUITE_P(Graphs, Groups, ::testing::ValuesIn(kCases),
                         [](const ::testing::TestParamInfo<GroupCase>& c) { return c.param.name; });

}  // namespace
}  // namespace weft::testing

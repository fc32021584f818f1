// Every other operation but resize (a pass expands it): movement, reductions, contractions, over classes of
// shapes.
#include "lower/op_case.hpp"

namespace weft::testing {
namespace {

using graph::ConvAttributes;
using graph::ConvTransposeAttributes;
using graph::Op;
using graph::PadAttributes;
using graph::PadMode;
using graph::ReduceAttributes;
using graph::ReduceKind;
using graph::WindowAttributes;

/// Sums in another order.
constexpr Tolerance kSum = {2e-5, 1e-5};

class Operation : public ::testing::TestWithParam<OpCase> {};
TEST_P(Operation, MatchesTheEvaluator) { run_case(GetParam()); }

std::vector<OpCase> movement() {
  const auto transpose = [](graph::Ints p) { return graph::TransposeAttributes{std::move(p)}; };
  const auto reshape = [](graph::Ints s) { return graph::ReshapeAttributes{graph::make_shape(s)}; };
  const auto slice = [](graph::Ints starts, graph::Ints steps, graph::Ints sizes) {
    return graph::SliceAttributes{graph::make_shape(starts), std::move(steps), graph::make_shape(sizes)};
  };
  return {
      {"transpose_2d", Op::transpose, {"f32[13, 37]"}, transpose({1, 0})},
      {"transpose_inner", Op::transpose, {"f32[3, 8, 16]"}, transpose({0, 2, 1})},
      {"transpose_outer", Op::transpose, {"f32[3, 5, 16]"}, transpose({1, 0, 2})},
      {"transpose_nchw", Op::transpose, {"f32[2, 3, 5, 7]"}, transpose({0, 2, 3, 1})},
      {"transpose_ones", Op::transpose, {"f32[1, 5, 1, 7]"}, transpose({3, 2, 1, 0})},
      {"transpose_i64", Op::transpose, {"i64[6, 10]"}, transpose({1, 0})},
      {"transpose_u8", Op::transpose, {"u8[6, 10]"}, transpose({1, 0})},
      {"reshape_join", Op::reshape, {"f32[3, 4, 5]"}, reshape({60})},
      {"reshape_split", Op::reshape, {"f32[60]"}, reshape({4, 3, 5})},
      {"reshape_cross", Op::reshape, {"f32[4, 6]"}, reshape({3, 8})},
      {"reshape_ones", Op::reshape, {"f32[4, 1, 6]"}, reshape({1, 4, 2, 3, 1})},
      {"reshape_scalar", Op::reshape, {"f32[1, 1]"}, reshape({})},
      {"reshape_to_ones", Op::reshape, {"f32[]"}, reshape({1, 1, 1})},
      {"expand_rows", Op::expand, {"f32[1, 7]"}, reshape({5, 7})},
      {"expand_rank", Op::expand, {"f32[3, 1]"}, reshape({2, 3, 9})},
      {"expand_boolean", Op::expand, {"boolean[1]"}, reshape({19})},
      {"slice_plain", Op::slice, {"f32[9, 20]"}, slice({2, 3}, {1, 1}, {4, 17})},
      {"slice_steps", Op::slice, {"f32[9, 20]"}, slice({1, 19}, {2, -3}, {4, 7})},
      {"slice_one", Op::slice, {"f32[9, 20]"}, slice({8, 0}, {1, 1}, {1, 20})},
      {"slice_i64", Op::slice, {"i64[5]"}, slice({4}, {-1}, {5})},
      {"concat_two", Op::concat, {"f32[3, 4]", "f32[3, 5]"}, graph::ConcatAttributes{1}},
      {"concat_rows",
       Op::concat,
       {"f32[3, 4]", "constant f32[2, 4]", "f32[1, 4]"},
       graph::ConcatAttributes{0}},
      {"concat_one", Op::concat, {"f32[3, 4]"}, graph::ConcatAttributes{0}},
      {"concat_empty", Op::concat, {"f32[0, 4]", "f32[2, 4]"}, graph::ConcatAttributes{0}},
      {"concat_channels", Op::concat, {"f32[1, 3, 5, 5]", "f32[1, 8, 5, 5]"}, graph::ConcatAttributes{1}},
      {"concat_i64", Op::concat, {"i64[2]", "i64[1]"}, graph::ConcatAttributes{0}},
      {"pad_zero", Op::pad, {"f32[4, 9]"}, PadAttributes{{1, 2}, {0, 3}, PadMode::constant, 0}},
      {"pad_value", Op::pad, {"f32[4, 9]"}, PadAttributes{{1, 2}, {0, 3}, PadMode::constant, -1.5}},
      {"pad_none", Op::pad, {"f32[4, 9]"}, PadAttributes{{0, 0}, {0, 0}, PadMode::constant, 7}},
      {"pad_image",
       Op::pad,
       {"f32[1, 3, 6, 8]"},
       PadAttributes{{0, 0, 1, 1}, {0, 0, 1, 1}, PadMode::constant, 0}},
      {"pad_edge", Op::pad, {"f32[4, 9]"}, PadAttributes{{3, 2}, {5, 1}, PadMode::edge, 0}},
      {"pad_reflect", Op::pad, {"f32[4, 9]"}, PadAttributes{{3, 2}, {1, 8}, PadMode::reflect, 0}},
      {"pad_i64", Op::pad, {"i64[5]"}, PadAttributes{{2}, {1}, PadMode::constant, -3}},
      {"pad_u8", Op::pad, {"u8[5]"}, PadAttributes{{2}, {1}, PadMode::constant, 200}},
      {"pad_boolean", Op::pad, {"boolean[5]"}, PadAttributes{{2}, {1}, PadMode::constant, 1}},
      {"gather_rows", Op::gather, {"f32[10, 37]", "i64[5]"}, graph::AxisAttributes{0}, {}, {.indices = 10}},
      {"gather_columns",
       Op::gather,
       {"f32[6, 11]", "i64[3, 2]"},
       graph::AxisAttributes{1},
       {},
       {.indices = 11}},
      {"gather_scalar", Op::gather, {"f32[6, 11]", "i64[]"}, graph::AxisAttributes{0}, {}, {.indices = 6}},
      {"gather_i32", Op::gather, {"f32[6, 4, 5]", "i32[7]"}, graph::AxisAttributes{1}, {}, {.indices = 4}},
      {"gather_constant",
       Op::gather,
       {"constant f32[50, 8]", "i64[1, 6]"},
       graph::AxisAttributes{0},
       {},
       {.indices = 50}},
      {"gather_constant_index",
       Op::gather,
       {"f32[50, 8]", "constant i64[3]"},
       graph::AxisAttributes{0},
       {},
       {.indices = 50}},
      {"gather_one_index",
       Op::gather,
       {"f32[50, 8]", "constant i64[1]"},
       graph::AxisAttributes{0},
       {},
       {.indices = 50}},
      {"gather_u8", Op::gather, {"u8[6, 4]", "i64[9]"}, graph::AxisAttributes{0}, {}, {.indices = 6}},
  };
}
INSTANTIATE_TEST_SUITE_P(Movement, Operation, ::testing::ValuesIn(movement()), case_name);

std::vector<OpCase> scatters() {
  using graph::ScatterKind;
  std::vector<OpCase> cases;
  struct Shape {
    const char *name, *x, *indices, *updates;
  };
  const Shape shapes[] = {{"rows", "[10, 37]", "[5]", "[5, 37]"},
                          {"elements", "[11]", "[23]", "[23]"},
                          {"one", "[6, 8]", "[1]", "[1, 8]"},
                          {"blocks", "[6, 3, 4]", "[9]", "[9, 3, 4]"},
                          {"none", "[6, 3]", "[0]", "[0, 3]"}};
  for (const Shape& s : shapes)
    for (const char* type : {"f32", "i64", "u8", "f16"})
      for (const ScatterKind kind :
           {ScatterKind::replace, ScatterKind::sum, ScatterKind::product, ScatterKind::max, ScatterKind::min})
        cases.push_back(
            {"scatter" + std::to_string(static_cast<int>(kind)) + "_" + s.name + "_" + type,
             Op::scatter,
             {std::string(type) + s.x, std::string("i64") + s.indices, std::string(type) + s.updates},
             graph::ScatterAttributes{kind},
             {},
             {.low = -2, .high = 2, .indices = 6}});
  cases.push_back({"scatter_constant",
                   Op::scatter,
                   {"constant f32[8, 3]", "i32[5]", "f32[5, 3]"},
                   graph::ScatterAttributes{},
                   {},
                   {.indices = 8}});
  return cases;
}
INSTANTIATE_TEST_SUITE_P(Scatter, Operation, ::testing::ValuesIn(scatters()), case_name);

std::vector<OpCase> reductions() {
  std::vector<OpCase> cases;
  struct Shape {
    const char *name, *shape;
    graph::Ints axes;
  };
  const Shape shapes[] = {
      {"last", "[5, 37]", {1}},      {"first", "[37, 5]", {0}},       {"first_wide", "[3, 64]", {0}},
      {"middle", "[3, 7, 10]", {1}}, {"two", "[2, 9, 3, 5]", {1, 3}}, {"pool", "[2, 17, 6, 5]", {2, 3}},
      {"all", "[6, 7]", {0, 1}},     {"none", "[6, 7]", {}},          {"ones", "[4, 1, 3]", {1}},
  };
  for (const ReduceKind kind :
       {ReduceKind::sum, ReduceKind::mean, ReduceKind::max, ReduceKind::min, ReduceKind::product})
    for (const Shape& shape : shapes)
      cases.push_back({"kind" + std::to_string(static_cast<int>(kind)) + "_" + shape.name,
                       Op::reduce,
                       {std::string("f32") + shape.shape},
                       ReduceAttributes{kind, shape.axes},
                       kind == ReduceKind::product ? Tolerance{0, 1e-5} : kSum,
                       {.low = 0.1, .high = 2}});
  for (const char* type : {"i64", "i32", "u32", "u8", "i8", "f16", "f64"})
    for (const ReduceKind kind :
         {ReduceKind::sum, ReduceKind::mean, ReduceKind::max, ReduceKind::min, ReduceKind::product})
      cases.push_back({"kind" + std::to_string(static_cast<int>(kind)) + "_" + type,
                       Op::reduce,
                       {std::string(type) + "[4, 11]"},
                       ReduceAttributes{kind, {1}},
                       {1e-3, 1e-2}});
  for (const ReduceKind kind : {ReduceKind::max, ReduceKind::min})
    for (const char* shape : {"[4, 11]", "[2, 2]", "[3, 64]"})
      cases.push_back({"kind" + std::to_string(static_cast<int>(kind)) + "_boolean" +
                           std::to_string(std::strlen(shape)) + shape[1],
                       Op::reduce,
                       {std::string("boolean") + shape},
                       ReduceAttributes{kind, {1}}});
  for (const bool last : {false, true})
    for (const ReduceKind kind : {ReduceKind::max, ReduceKind::min})
      for (const char* type : {"f32", "i64", "u8", "f16", "boolean"}) {
        if (kind == ReduceKind::min && std::string(type) == "boolean") continue;
        const std::string suffix =
            std::to_string(static_cast<int>(kind)) + (last ? "_last_" : "_first_") + type;
        cases.push_back({"arg" + suffix,
                         Op::arg_reduce,
                         {std::string(type) + "[5, 23]"},
                         graph::ArgReduceAttributes{kind, 1, last}});
        cases.push_back({"arg_outer" + suffix,
                         Op::arg_reduce,
                         {std::string(type) + "[9, 20]"},
                         graph::ArgReduceAttributes{kind, 0, last}});
      }
  return cases;
}
INSTANTIATE_TEST_SUITE_P(Reductions, Operation, ::testing::ValuesIn(reductions()), case_name);

std::vector<OpCase> windows() {
  std::vector<OpCase> cases;
  struct Form {
    const char *name, *shape;
    graph::Ints window, strides, dilations, begin, end, counted_begin, counted_end;
  };
  const Form forms[] = {
      {"2x2", "[1, 8, 6, 6]", {2, 2}, {2, 2}, {1, 1}, {0, 0}, {0, 0}, {0, 0}, {0, 0}},
      {"3x3_padded", "[2, 17, 7, 9]", {3, 3}, {2, 2}, {1, 1}, {1, 1}, {1, 1}, {0, 0}, {0, 0}},
      {"3x3_counted", "[1, 3, 7, 9]", {3, 3}, {1, 2}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, {1, 1}},
      {"uneven", "[1, 5, 8, 7]", {3, 2}, {1, 2}, {2, 1}, {2, 0}, {1, 1}, {1, 0}, {0, 1}},
      {"ceil", "[1, 4, 6, 6]", {3, 3}, {2, 2}, {1, 1}, {0, 0}, {1, 1}, {0, 0}, {0, 0}},
      {"1d", "[2, 3, 17]", {4}, {3}, {1}, {1}, {2}, {0}, {0}},
      {"3d", "[1, 2, 4, 5, 6]", {2, 2, 2}, {1, 2, 2}, {1, 1, 1}, {0, 1, 0}, {0, 0, 1}, {0, 0, 0}, {0, 0, 0}},
      {"whole", "[1, 9, 5, 5]", {5, 5}, {1, 1}, {1, 1}, {0, 0}, {0, 0}, {0, 0}, {0, 0}},
  };
  for (const ReduceKind kind : {ReduceKind::max, ReduceKind::mean, ReduceKind::sum})
    for (const Form& f : forms)
      cases.push_back({"window" + std::to_string(static_cast<int>(kind)) + "_" + f.name,
                       Op::reduce_window,
                       {std::string("f32") + f.shape},
                       WindowAttributes{kind, f.window, f.strides, f.dilations, f.begin, f.end,
                                        f.counted_begin, f.counted_end},
                       kSum});
  const Form& f = forms[1];
  for (const char* type : {"i32", "u8", "f16", "i64", "f64"})
    for (const ReduceKind kind : {ReduceKind::max, ReduceKind::mean, ReduceKind::sum})
      cases.push_back({"window" + std::to_string(static_cast<int>(kind)) + "_" + type,
                       Op::reduce_window,
                       {std::string(type) + "[1, 5, 7, 8]"},
                       WindowAttributes{kind, f.window, f.strides, f.dilations, f.begin, f.end,
                                        f.counted_begin, f.counted_end},
                       {1e-3, 1e-2}});
  return cases;
}
INSTANTIATE_TEST_SUITE_P(Windows, Operation, ::testing::ValuesIn(windows()), case_name);

ConvAttributes conv(graph::Ints strides, graph::Ints dilations, graph::Ints begin, graph::Ints end,
                    int64_t groups = 1) {
  return {std::move(strides), std::move(dilations), std::move(begin), std::move(end), groups};
}

std::vector<OpCase> convolutions() {
  std::vector<OpCase> cases = {
      {"conv_3x3",
       Op::conv,
       {"f32[1, 16, 9, 9]", "constant f32[32, 16, 3, 3]", "constant f32[32]"},
       conv({1, 1}, {1, 1}, {1, 1}, {1, 1})},
      {"conv_no_bias",
       Op::conv,
       {"f32[1, 4, 9, 9]", "constant f32[8, 4, 3, 3]"},
       conv({1, 1}, {1, 1}, {1, 1}, {1, 1})},
      {"conv_first",
       Op::conv,
       {"f32[1, 3, 16, 16]", "constant f32[16, 3, 3, 3]", "constant f32[16]"},
       conv({2, 2}, {1, 1}, {1, 1}, {1, 1})},
      {"conv_7x7",
       Op::conv,
       {"f32[1, 3, 15, 17]", "constant f32[8, 3, 7, 7]", "constant f32[8]"},
       conv({2, 2}, {1, 1}, {3, 3}, {3, 3})},
      {"conv_1x1",
       Op::conv,
       {"f32[2, 13, 5, 7]", "constant f32[24, 13, 1, 1]", "constant f32[24]"},
       conv({1, 1}, {1, 1}, {0, 0}, {0, 0})},
      {"conv_1x1_stride",
       Op::conv,
       {"f32[1, 8, 7, 7]", "constant f32[16, 8, 1, 1]"},
       conv({2, 2}, {1, 1}, {0, 0}, {0, 0})},
      {"conv_uneven_channels",
       Op::conv,
       {"f32[1, 5, 6, 6]", "constant f32[11, 5, 3, 3]", "constant f32[11]"},
       conv({1, 1}, {1, 1}, {1, 1}, {1, 1})},
      {"conv_few_channels",
       Op::conv,
       {"f32[1, 5, 6, 6]", "constant f32[3, 5, 3, 3]", "constant f32[3]"},
       conv({1, 1}, {1, 1}, {1, 1}, {1, 1})},
      {"conv_one_channel",
       Op::conv,
       {"f32[1, 5, 6, 6]", "constant f32[1, 5, 3, 3]", "constant f32[1]"},
       conv({1, 1}, {1, 1}, {1, 1}, {1, 1})},
      {"conv_from_one",
       Op::conv,
       {"f32[1, 1, 8, 8]", "constant f32[8, 1, 5, 5]"},
       conv({1, 1}, {1, 1}, {2, 2}, {2, 2})},
      {"conv_tiny",
       Op::conv,
       {"f32[1, 8, 2, 2]", "constant f32[8, 8, 3, 3]"},
       conv({1, 1}, {1, 1}, {1, 1}, {1, 1})},
      {"conv_one_point",
       Op::conv,
       {"f32[1, 8, 3, 3]", "constant f32[8, 8, 3, 3]"},
       conv({1, 1}, {1, 1}, {0, 0}, {0, 0})},
      {"conv_dilated",
       Op::conv,
       {"f32[1, 6, 12, 11]", "constant f32[8, 6, 3, 3]"},
       conv({1, 1}, {2, 3}, {2, 3}, {2, 3})},
      {"conv_asymmetric",
       Op::conv,
       {"f32[1, 4, 8, 9]", "constant f32[8, 4, 3, 2]"},
       conv({2, 1}, {1, 1}, {0, 1}, {1, 2})},
      {"conv_wide_pads",
       Op::conv,
       {"f32[1, 4, 3, 3]", "constant f32[8, 4, 2, 2]"},
       conv({1, 1}, {1, 1}, {4, 0}, {0, 4})},
      {"conv_unread_edge",
       Op::conv,
       {"f32[1, 4, 8, 8]", "constant f32[8, 4, 3, 3]"},
       conv({2, 2}, {1, 1}, {0, 0}, {0, 0})},
      {"conv_1d",
       Op::conv,
       {"f32[2, 5, 19]", "constant f32[8, 5, 4]", "constant f32[8]"},
       conv({2}, {1}, {1}, {2})},
      {"conv_3d",
       Op::conv,
       {"f32[1, 2, 4, 5, 6]", "constant f32[4, 2, 3, 3, 3]"},
       conv({1, 1, 1}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1})},
      {"conv_batch",
       Op::conv,
       {"f32[3, 4, 5, 5]", "constant f32[8, 4, 3, 3]"},
       conv({1, 1}, {1, 1}, {1, 1}, {1, 1})},
      {"conv_groups",
       Op::conv,
       {"f32[1, 8, 6, 6]", "constant f32[16, 4, 3, 3]", "constant f32[16]"},
       conv({1, 1}, {1, 1}, {1, 1}, {1, 1}, 2)},
      {"conv_many_groups",
       Op::conv,
       {"f32[1, 12, 6, 6]", "constant f32[12, 2, 3, 3]"},
       conv({1, 1}, {1, 1}, {1, 1}, {1, 1}, 6)},
      {"depthwise",
       Op::conv,
       {"f32[1, 24, 8, 8]", "constant f32[24, 1, 3, 3]", "constant f32[24]"},
       conv({1, 1}, {1, 1}, {1, 1}, {1, 1}, 24)},
      {"depthwise_stride",
       Op::conv,
       {"f32[1, 13, 9, 9]", "constant f32[13, 1, 5, 5]"},
       conv({2, 2}, {1, 1}, {2, 2}, {2, 2}, 13)},
      {"depthwise_multiplier",
       Op::conv,
       {"f32[1, 6, 5, 5]", "constant f32[12, 1, 3, 3]"},
       conv({1, 1}, {1, 1}, {1, 1}, {1, 1}, 6)},
      {"conv_dynamic_weights",
       Op::conv,
       {"f32[1, 4, 6, 6]", "f32[8, 4, 3, 3]", "f32[8]"},
       conv({1, 1}, {1, 1}, {1, 1}, {1, 1})},
      {"conv_f16",
       Op::conv,
       {"f16[1, 4, 6, 6]", "constant f16[8, 4, 3, 3]", "constant f16[8]"},
       conv({1, 1}, {1, 1}, {1, 1}, {1, 1})},
      {"conv_i32",
       Op::conv,
       {"i32[1, 4, 6, 6]", "constant i32[8, 4, 3, 3]"},
       conv({1, 1}, {1, 1}, {1, 1}, {1, 1})},
      {"conv_u8",
       Op::conv,
       {"u8[1, 4, 6, 6]", "constant u8[8, 4, 3, 3]"},
       conv({1, 1}, {1, 1}, {1, 1}, {1, 1})},
      {"conv_i64",
       Op::conv,
       {"i64[1, 4, 6, 6]", "constant i64[8, 4, 3, 3]"},
       conv({1, 1}, {1, 1}, {1, 1}, {1, 1})},
      {"conv_f64",
       Op::conv,
       {"f64[1, 4, 6, 6]", "constant f64[8, 4, 3, 3]"},
       conv({1, 1}, {1, 1}, {1, 1}, {1, 1})},
  };
  const auto transposed = [](graph::Ints strides, graph::Ints dilations, graph::Ints begin, graph::Ints end,
                             graph::Ints extra, int64_t groups = 1) {
    return ConvTransposeAttributes{std::move(strides), std::move(dilations), std::move(begin),
                                   std::move(end),     std::move(extra),     groups};
  };
  const std::vector<OpCase> transposes = {
      {"deconv",
       Op::conv_transpose,
       {"f32[1, 4, 5, 5]", "constant f32[4, 8, 3, 3]", "constant f32[8]"},
       transposed({2, 2}, {1, 1}, {1, 1}, {1, 1}, {1, 1})},
      {"deconv_2x2",
       Op::conv_transpose,
       {"f32[1, 8, 4, 6]", "constant f32[8, 5, 2, 2]"},
       transposed({2, 2}, {1, 1}, {0, 0}, {0, 0}, {0, 0})},
      {"deconv_stride_1",
       Op::conv_transpose,
       {"f32[2, 3, 4, 4]", "constant f32[3, 4, 3, 3]"},
       transposed({1, 1}, {1, 1}, {1, 1}, {1, 1}, {0, 0})},
      {"deconv_dilated",
       Op::conv_transpose,
       {"f32[1, 3, 4, 5]", "constant f32[3, 4, 3, 2]"},
       transposed({3, 2}, {2, 1}, {0, 1}, {2, 0}, {1, 0})},
      {"deconv_groups",
       Op::conv_transpose,
       {"f32[1, 6, 4, 4]", "constant f32[6, 2, 3, 3]", "constant f32[6]"},
       transposed({2, 2}, {1, 1}, {1, 1}, {1, 1}, {0, 0}, 3)},
      {"deconv_depthwise",
       Op::conv_transpose,
       {"f32[1, 6, 4, 4]", "constant f32[6, 1, 4, 4]"},
       transposed({2, 2}, {1, 1}, {1, 1}, {1, 1}, {0, 0}, 6)},
      {"deconv_1d",
       Op::conv_transpose,
       {"f32[1, 3, 7]", "constant f32[3, 4, 4]"},
       transposed({2}, {1}, {1}, {1}, {0})},
  };
  cases.insert(cases.end(), transposes.begin(), transposes.end());
  for (OpCase& c : cases) c.tolerance = c.name == "conv_f16" ? Tolerance{2e-2, 1e-2} : Tolerance{1e-4, 1e-5};
  return cases;
}
INSTANTIATE_TEST_SUITE_P(Convolutions, Operation, ::testing::ValuesIn(convolutions()), case_name);

std::vector<OpCase> products() {
  std::vector<OpCase> cases = {
      {"matmul_constant", Op::matmul, {"f32[12, 16]", "constant f32[16, 24]"}},
      {"matmul_dynamic", Op::matmul, {"f32[12, 16]", "f32[16, 24]"}},
      {"matmul_primes", Op::matmul, {"f32[13, 7]", "constant f32[7, 11]"}},
      {"matmul_primes_dynamic", Op::matmul, {"f32[13, 7]", "f32[7, 11]"}},
      {"matmul_row", Op::matmul, {"f32[1, 33]", "constant f32[33, 50]"}},
      {"matmul_column", Op::matmul, {"f32[50, 33]", "constant f32[33, 1]"}},
      {"matmul_point", Op::matmul, {"f32[1, 9]", "f32[9, 1]"}},
      {"matmul_outer", Op::matmul, {"f32[9, 1]", "f32[1, 10]"}},
      {"matmul_small", Op::matmul, {"f32[2, 3]", "constant f32[3, 2]"}},
      {"matmul_batch", Op::matmul, {"f32[3, 5, 8]", "f32[3, 8, 9]"}},
      {"matmul_batch_constant", Op::matmul, {"f32[2, 5, 8]", "constant f32[8, 16]"}},
      {"matmul_batch_broadcast", Op::matmul, {"f32[2, 1, 5, 8]", "f32[3, 8, 9]"}},
      {"matmul_constant_batch", Op::matmul, {"f32[3, 5, 8]", "constant f32[3, 8, 17]"}},
      {"matmul_constant_left", Op::matmul, {"constant f32[7, 8]", "f32[8, 17]"}},
      {"matmul_attention", Op::matmul, {"f32[1, 2, 10, 8]", "f32[1, 2, 8, 10]"}},
      {"matmul_i64", Op::matmul, {"i64[3, 4]", "i64[4, 5]"}},
      {"matmul_u8", Op::matmul, {"u8[3, 4]", "u8[4, 5]"}},
      {"matmul_i32", Op::matmul, {"i32[7, 9]", "constant i32[9, 13]"}},
      {"matmul_f16", Op::matmul, {"f16[7, 9]", "constant f16[9, 13]"}},
      {"matmul_empty_sum", Op::matmul, {"f32[3, 0]", "f32[0, 4]"}},
  };
  for (OpCase& c : cases) c.tolerance = c.name == "matmul_f16" ? Tolerance{2e-2, 1e-2} : kSum;
  return cases;
}
INSTANTIATE_TEST_SUITE_P(Products, Operation, ::testing::ValuesIn(products()), case_name);

}  // namespace
}  // namespace weft::testing

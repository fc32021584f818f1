// Schedules as text, what each step makes of a stage, and what is refused.
//   <stage>: schedule -> the kernel, in cases/apply/*.txt; the stages are built here.
#include "schedule/schedule.hpp"

#include <gtest/gtest.h>

#include "schedule/apply.hpp"
#include "support/text_cases.hpp"

namespace weft::schedule {
namespace {

using loops::ValueOp;

struct Example {
  loops::Stage stage;
  std::vector<loops::Storage> storages;
};

loops::Storage rows(const std::vector<expr::Expr>& shape) {
  std::vector<uint32_t> order;
  for (uint32_t i = 0; i < shape.size(); ++i) order.push_back(i);
  return loops::dense_storage(DType::f32, shape, order);
}

/// out[i, j] = -x[i, j]
Example map(int64_t n, int64_t m) {
  Example e;
  e.stage.name = "map";
  e.stage.spatial = {{"i", n}, {"j", m}};
  e.stage.tensors = {{"x", DType::f32, {n, m}}, {"out", DType::f32, {n, m}}};
  const expr::Expr i = axis_variable(e.stage.spatial[0]), j = axis_variable(e.stage.spatial[1]);
  e.stage.result = loops::unary(ValueOp::neg, loops::access(DType::f32, 0, {i, j}));
  e.stage.output_indices = {i, j};
  e.storages = {rows({n, m}), rows({n, m})};
  return e;
}

/// out[m, n] = sum over k of a[m, k] * b[k, n]
Example product(int64_t m, int64_t n, int64_t k) {
  Example e;
  e.stage.name = "product";
  e.stage.spatial = {{"m", m}, {"n", n}};
  e.stage.reduction = {{"k", k}};
  e.stage.tensors = {{"a", DType::f32, {m, k}}, {"b", DType::f32, {k, n}}, {"out", DType::f32, {m, n}}};
  const expr::Expr row = axis_variable(e.stage.spatial[0]), column = axis_variable(e.stage.spatial[1]);
  const expr::Expr depth = axis_variable(e.stage.reduction[0]);
  const loops::Value sum = loops::local({DType::f32}, "sum");
  const loops::Value a = loops::access(DType::f32, 0, {row, depth}),
                     b = loops::access(DType::f32, 1, {depth, column});
  e.stage.fold = {{"sum", {DType::f32}, loops::constant({DType::f32}, 0), loops::muladd(a, b, sum)}};
  e.stage.result = sum;
  e.stage.output_indices = {row, column};
  e.storages = {rows({m, k}), rows({k, n}), rows({m, n})};
  return e;
}

/// out[i] = the index of the greatest x[i, r]: two states.
Example arg_max(int64_t n, int64_t r) {
  Example e;
  e.stage.name = "arg_max";
  e.stage.spatial = {{"i", n}};
  e.stage.reduction = {{"r", r}};
  e.stage.tensors = {{"x", DType::f32, {n, r}}, {"out", DType::i32, {n}}};
  const expr::Expr i = axis_variable(e.stage.spatial[0]), at = axis_variable(e.stage.reduction[0]);
  const loops::Value x = loops::access(DType::f32, 0, {i, at});
  const loops::Value best = loops::local({DType::f32}, "best"), where = loops::local({DType::i32}, "where");
  const loops::Value better = loops::binary(ValueOp::less, best, x);
  e.stage.fold = {
      {"best", {DType::f32}, loops::constant({DType::f32}, -1e30), loops::select(better, x, best)},
      {"where",
       {DType::i32},
       loops::constant_int({DType::i32}, 0),
       loops::select(better, loops::index_value(at), where)}};
  e.stage.result = where;
  e.stage.output_indices = {i};
  e.storages = {rows({n, r}), loops::dense_storage(DType::i32, {n}, {0})};
  return e;
}

/// With room for surplus points beside every axis.
Example roomy(Example e, int64_t room) {
  for (size_t i = 0; i < e.storages.size(); ++i) {
    const loops::TensorOperand& t = e.stage.tensors[i];
    std::vector<uint32_t> order;
    for (uint32_t axis = 0; axis < t.shape.size(); ++axis) order.push_back(axis);
    const std::vector<int64_t> none(order.size(), 0), end(order.size(), room);
    e.storages[i] = loops::dense_storage(t.dtype, t.shape, order, none, end);
  }
  return e;
}

/// out[i] = sum over k of x[(i - k) / stride] * w[k], where stride divides i - k and the index is in x.
Example transposed(int64_t n, int64_t taps, int64_t stride) {
  Example e;
  const int64_t outputs = (n - 1) * stride + taps;
  e.stage.name = "transposed";
  e.stage.spatial = {{"i", outputs}};
  e.stage.reduction = {{"k", taps}};
  e.stage.tensors = {{"x", DType::f32, {n}}, {"w", DType::f32, {taps}}, {"out", DType::f32, {outputs}}};
  const expr::Expr i = axis_variable(e.stage.spatial[0]), k = axis_variable(e.stage.reduction[0]);
  const expr::Expr at = expr::floor_div(i - k, stride);
  expr::Expr inside = expr::logical_and(expr::less_equal(0, at), expr::less(at, n));
  inside = expr::logical_and(inside, expr::equal(expr::mod(i - k, stride), 0));
  const loops::Value sum = loops::local({DType::f32}, "sum");
  const loops::Value x = loops::access_if(DType::f32, 0, {at}, inside, loops::constant({DType::f32}, 0));
  e.stage.fold = {{"sum",
                   {DType::f32},
                   loops::constant({DType::f32}, 0),
                   loops::muladd(x, loops::access(DType::f32, 1, {k}), sum)}};
  e.stage.result = sum;
  e.stage.output_indices = {i};
  e.storages = {loops::dense_storage(DType::f32, {n}, {0}, {2}, {2}), rows({taps}), rows({outputs})};
  return e;
}

std::string applied(const Example& e, const std::string& text) {
  const auto schedule = parse(text);
  if (!schedule) return "error: " + schedule.error().message;
  const auto kernel = apply(e.stage, *schedule, e.storages);
  if (!kernel) return "error: " + kernel.error().message;
  if (const auto valid = loops::verify(*kernel); !valid)
    return "INVALID: " + valid.error().message + "\n" + loops::print(*kernel);
  return loops::print(*kernel);
}

TEST(Schedule, ApplyCases) {
  weft::testing::TextFunctions functions;
  functions["map 10 13"] = [](const std::string& text) { return applied(map(10, 13), text); };
  functions["product 6 8 5"] = [](const std::string& text) { return applied(product(6, 8, 5), text); };
  functions["arg_max 7 9"] = [](const std::string& text) { return applied(arg_max(7, 9), text); };
  functions["map 10 13 with room 6"] = [](const std::string& text) {
    return applied(roomy(map(10, 13), 6), text);
  };
  functions["product 6 8 5 with room 3"] = [](const std::string& text) {
    return applied(roomy(product(6, 8, 5), 3), text);
  };
  functions["transposed 4 3 2"] = [](const std::string& text) { return applied(transposed(4, 3, 2), text); };
  functions["transposed 4 3 1"] = [](const std::string& text) { return applied(transposed(4, 3, 1), text); };
  weft::testing::run_text_cases("tests/schedule/cases/apply", functions, 30);
}

TEST(Schedule, PrintsAndParses) {
  Schedule schedule;
  for (const Tail tail : {Tail::exact, Tail::peel, Tail::guard, Tail::overlap, Tail::pad})
    schedule.steps.push_back(split("a", 8, tail));
  schedule.steps.insert(schedule.steps.end(), {fuse("a.o", "b", "m"), reorder({"m", "c", "a.i"}), unroll("c"),
                                               vectorize("a.i"), blocks("m")});
  const std::string text = print(schedule);
  EXPECT_EQ(
      text,
      "split a by 8 exact into a.o a.i\nsplit a by 8 peel into a.o a.i\nsplit a by 8 guard into a.o a.i\n"
      "split a by 8 overlap into a.o a.i\nsplit a by 8 pad into a.o a.i\n"
      "fuse a.o b into m\nreorder m c a.i\nunroll c\nvectorize a.i\nblocks m\n");
  const auto again = parse(text);
  ASSERT_TRUE(again.has_value()) << again.error().message;
  EXPECT_EQ(*again, schedule);
  EXPECT_EQ(*parse(" unroll  c ;vectorize a.i; "), *parse("unroll c\nvectorize a.i"));
  EXPECT_TRUE(parse("")->steps.empty());
}

TEST(Schedule, RefusesOtherText) {
  for (const char* text :
       {"spilt a by 8 peel into b c", "split a by 8 peel into b", "split a by 0 peel into b c",
        "split a by x peel into b c", "split a by 8x peel into b c", "split a by -1 peel into b c",
        "split a by 8 half into b c", "split a by 99999999999999999999 peel into b c", "fuse a b",
        "fuse a b onto c", "reorder", "unroll", "unroll a b", "blocks a b", "vectorize"}) {
    const auto schedule = parse(text);
    ASSERT_FALSE(schedule.has_value()) << text;
    EXPECT_EQ(schedule.error().kind, ErrorKind::invalid_argument);
    EXPECT_NE(schedule.error().message.find(text), std::string::npos) << schedule.error().message;
  }
}

}  // namespace
}  // namespace weft::schedule

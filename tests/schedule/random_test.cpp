// Whatever legal steps a schedule has, the kernel computes the same. The steps are drawn at random and kept
// when build_nest takes them. Not drawn: `pad`, whose storages hold surplus points.
#include "loops/unroll.hpp"
#include "loops/vectorize.hpp"
#include "lower/lower.hpp"
#include "lower/op_case.hpp"
#include "schedule/apply.hpp"
#include "schedule/nest.hpp"

namespace weft::schedule {
namespace {

using graph::Op;
using weft::testing::OpCase;
using weft::testing::Random;

constexpr int64_t kMostUnrolled = 8;

class RandomSchedule {
 public:
  RandomSchedule(const loops::Stage& stage, uint64_t seed) : stage_(stage), random_(seed) {}

  Schedule make() {
    const int64_t steps = random_.below(9);
    for (int64_t i = 0; i < steps; ++i) try_step(shaping());
    const int64_t marks = random_.below(4);
    for (int64_t i = 0; i < marks; ++i) try_step(marking());
    if (random_.below(2) == 0) try_step(threads(any_loop().axis));
    for (const loops::TensorOperand& tensor : stage_.tensors)
      if (random_.below(2) == 0) try_step(stage(tensor.name, any_loop().axis));
    return std::move(schedule_);
  }

 private:
  const NestLoop& any_loop() {
    return nest().loops[static_cast<size_t>(random_.below(static_cast<int64_t>(nest().loops.size())))];
  }
  const Nest& nest() {
    nest_ = *build_nest(stage_, schedule_);
    return nest_;
  }

  void try_step(Step step) {
    schedule_.steps.push_back(std::move(step));
    const auto built = build_nest(stage_, schedule_);
    if (!built || too_much(*built)) schedule_.steps.pop_back();
  }

  static bool too_much(const Nest& nest) {
    int64_t copies = 1;
    for (const NestLoop& loop : nest.loops)
      if (loop.kind == loops::ForKind::unrolled) copies *= nest.extents.at(loop.axis);
    return copies > kMostUnrolled;
  }

  Step shaping() {
    const int64_t kind = random_.below(10);
    const std::string axis = any_loop().axis;
    if (kind < 5) {
      constexpr Tail kTails[] = {Tail::exact, Tail::peel, Tail::guard, Tail::overlap};
      return split(axis, 1 + random_.below(9), kTails[random_.below(4)]);
    }
    if (kind < 7) return fuse(axis, any_loop().axis, "f" + std::to_string(names_++));
    std::vector<std::string> order;
    for (const NestLoop& loop : nest().loops) order.push_back(loop.axis);
    for (size_t i = order.size(); i > 1; --i)
      std::swap(order[i - 1], order[static_cast<size_t>(random_.below(static_cast<int64_t>(i)))]);
    return reorder(order);
  }

  Step marking() {
    const int64_t kind = random_.below(3);
    if (kind == 0) return blocks(nest().loops[0].axis);
    const std::string axis = any_loop().axis;
    return kind == 1 ? unroll(axis) : vectorize(axis);
  }

  const loops::Stage& stage_;
  Random random_;
  Schedule schedule_;
  Nest nest_;
  int names_ = 0;
};

/// Inputs, constants, the evaluator's result.
struct Problem {
  graph::Graph g;
  lower::Group group;
  std::vector<graph::Tensor> inputs;
  graph::Tensor expected;
};

Problem problem(const OpCase& c) {
  Problem p;
  p.g = passes::fuse_groups(weft::testing::one_node(c.op, c.operands, c.attributes, c.values));
  p.group = lower::collect_groups(p.g).at(0);
  for (size_t i = 0; i < p.g.inputs.size(); ++i)
    p.inputs.push_back(weft::testing::random_tensor(p.g.values[p.g.inputs[i].value].type, i + 1, c.values));
  p.expected = graph::evaluate(p.g, {}, p.inputs)->at(0);
  return p;
}

loops::Storage row_major(const loops::TensorOperand& operand) {
  std::vector<uint32_t> order;
  for (uint32_t i = 0; i < operand.shape.size(); ++i) order.push_back(i);
  return loops::dense_storage(operand.dtype, operand.shape, order);
}

std::vector<uint8_t> bytes_of(const Problem& p, graph::ValueId value) {
  for (size_t i = 0; i < p.inputs.size(); ++i)
    if (p.g.inputs[i].value == value) return p.inputs[i].bytes;
  return graph::load_constant(p.g, value, {})->bytes;
}

graph::Tensor run(const Problem& p, const loops::Stage& stage, const loops::Kernel& kernel) {
  std::vector<loops::Memory> memories(kernel.buffers.size());
  for (size_t i = 0; i + 1 < stage.tensors.size(); ++i)
    memories[i].bytes = bytes_of(p, stage.tensors[i].value);
  graph::Tensor result = p.expected;
  std::vector<uint8_t>& bytes = memories[stage.tensors.size() - 1].bytes;
  bytes.assign(result.bytes.size(), 0xcd);
  loops::evaluate(kernel, memories, {}, 0, *loops::block_count(kernel).as_constant());
  result.bytes = bytes;
  return result;
}

/// Whether verify takes the kernel. It may miss the proof that an index stays inside where a guard is about a
/// fused axis: evaluation finds out then. Anything else that it says is a failure.
bool proved(const loops::Kernel& kernel, const std::string& what) {
  const auto valid = loops::verify(kernel);
  if (valid) return true;
  EXPECT_NE(valid.error().message.find("is not proved"), std::string::npos)
      << what << valid.error().message << "\n"
      << loops::print(kernel);
  return false;
}

/// Gives whether both kernels, before and after their rewriting, were proved.
bool check(const OpCase& c, const Problem& p, uint64_t seed) {
  const std::vector<loops::Stage> stages = lower::lower_group(p.g, p.group);
  EXPECT_EQ(stages.size(), 1u);
  const loops::Stage& stage = stages[0];
  std::vector<loops::Storage> storages;
  for (const loops::TensorOperand& operand : stage.tensors) storages.push_back(row_major(operand));
  const Schedule schedule = RandomSchedule(stage, seed).make();
  const std::string what = c.name + ", seed " + std::to_string(seed) + "\n" + print(schedule);
  const auto nest = apply(stage, schedule, storages);
  EXPECT_TRUE(nest.has_value()) << what << nest.error().message;
  const loops::Kernel kernel = loops::unroll(loops::vectorize(*nest, {.bytes = 16}));
  const bool nest_proved = proved(*nest, what), kernel_proved = proved(kernel, what);
  weft::testing::expect_close(run(p, stage, *nest), p.expected, c.tolerance, what);
  weft::testing::expect_close(run(p, stage, kernel), p.expected, c.tolerance, what + "rewritten");
  return nest_proved && kernel_proved;
}

std::vector<OpCase> problems() {
  constexpr weft::testing::Tolerance kSum = {1e-4, 1e-5};
  return {
      {"add", Op::add, {"f32[7, 5, 6]", "f32[5, 1]"}},
      {"transpose", Op::transpose, {"f32[6, 7, 5]"}, graph::TransposeAttributes{{2, 0, 1}}},
      {"pad", Op::pad, {"f32[5, 7]"}, graph::PadAttributes{{1, 2}, {2, 1}, graph::PadMode::constant, 2}},
      {"gather", Op::gather, {"f32[9, 8]", "i64[5]"}, graph::AxisAttributes{0}, {}, {.indices = 9}},
      {"matmul", Op::matmul, {"f32[7, 6]", "f32[6, 10]"}, graph::NoAttributes{}, kSum},
      {"batched", Op::matmul, {"f32[3, 5, 4]", "f32[3, 4, 6]"}, graph::NoAttributes{}, kSum},
      {"conv",
       Op::conv,
       {"f32[1, 3, 6, 7]", "f32[5, 3, 3, 3]", "f32[5]"},
       graph::ConvAttributes{{1, 2}, {1, 1}, {1, 1}, {1, 1}, 1},
       kSum},
      {"depthwise",
       Op::conv,
       {"f32[1, 9, 5, 5]", "f32[9, 1, 3, 3]"},
       graph::ConvAttributes{{1, 1}, {1, 1}, {1, 1}, {1, 1}, 9},
       kSum},
      {"max_pool",
       Op::reduce_window,
       {"f32[1, 6, 7, 7]"},
       graph::WindowAttributes{
           graph::ReduceKind::max, {3, 3}, {2, 2}, {1, 1}, {1, 1}, {1, 1}, {0, 0}, {0, 0}}},
      {"mean_pool",
       Op::reduce_window,
       {"f32[1, 6, 7, 7]"},
       graph::WindowAttributes{
           graph::ReduceKind::mean, {3, 3}, {2, 2}, {1, 1}, {1, 1}, {1, 1}, {0, 0}, {0, 0}},
       kSum},
      {"sum", Op::reduce, {"f32[5, 7, 6]"}, graph::ReduceAttributes{graph::ReduceKind::sum, {0, 2}}, kSum},
  };
}

class RandomSchedules : public ::testing::TestWithParam<OpCase> {};

TEST_P(RandomSchedules, ComputeTheSame) {
  const Problem p = problem(GetParam());
  int proofs = 0;
  for (uint64_t seed = 0; seed < 150 && !HasFailure(); ++seed) proofs += check(GetParam(), p, seed);
  EXPECT_GE(proofs, 120);
}
INSTANTIATE_TEST_SUITE_P(Stages, RandomSchedules, ::testing::ValuesIn(problems()), weft::testing::case_name);

/// The order of a sum's points is free, but which of equal points wins is not: the reduction keeps its order
/// here.
TEST(RandomSchedules, ArgReduceInOrder) {
  const OpCase c{
      "arg_max", Op::arg_reduce, {"u8[6, 9]"}, graph::ArgReduceAttributes{graph::ReduceKind::max, 1, false}};
  const Problem p = problem(c);
  for (uint64_t seed = 0; seed < 100; ++seed) check(c, p, seed);
}

}  // namespace
}  // namespace weft::schedule

// Random programs: chains with skips, branches and temporaries, as networks have them.
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>

#include "plan/lifetimes.hpp"
#include "plan/tables.hpp"
#include "support/run_placed.hpp"

namespace weft::plan {
namespace {

class RandomProgram {
 public:
  explicit RandomProgram(uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15u + 77) {}

  uint64_t next(uint64_t below) {  // splitmix64
    uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (z ^ (z >> 31)) % below;
  }

  /// `unit` floats are the smallest tensor. Sizes halve now and then, as resolution does; each layer reads
  /// the last value, sometimes an older one (a skip), and sometimes has a scratch.
  Program make(uint64_t layers, uint64_t unit) {
    unit_ = unit;
    program_.entries = {{"prepare", {}}, {"run", {}}};
    size_ = 16;
    live_ = {{add(BufferKind::input, size_), size_}};
    for (uint64_t i = 0; i < layers; ++i) {
      if (next(8) == 0) region(i, 0);
      layer(i);
    }
    const BufferId output = add(BufferKind::output, live_.back().second);
    call({live_.back().first}, output, live_.back().second, {});
    return std::move(program_);
  }

 private:
  using Value = std::pair<BufferId, uint64_t>;

  BufferId add(BufferKind kind, uint64_t size) {
    const auto id = static_cast<BufferId>(program_.buffers.size());
    program_.buffers.push_back(
        {.name = "v" + std::to_string(id), .kind = kind, .bytes = size * unit_ * 4, .slack = 64});
    return id;
  }

  void layer(uint64_t index) {
    if (next(6) == 0) size_ = std::max<uint64_t>(1, size_ / 2);
    if (next(12) == 0) size_ = std::min<uint64_t>(64, size_ * 3);
    const Value from = live_.back();
    std::vector<BufferId> inputs = {from.first};
    if (next(4) == 0)
      inputs.push_back(live_[live_.size() - 1 - next(std::min<size_t>(live_.size(), 5))].first);
    std::vector<BufferId> scratch;
    if (next(5) == 0) scratch.push_back(add(BufferKind::arena, 1 + next(8)));
    inputs.push_back(weight(index));
    const BufferId output = add(BufferKind::arena, size_);
    if (next(3) == 0) program_.entries[1].statements.push_back(Fill{output, 0});
    call(inputs, output, size_, scratch);
    live_.emplace_back(output, size_);
  }

  std::vector<Statement>& run() { return program_.entries[1].statements; }

  /// A loop or an if, which hands a state on: from one iteration to the next, and to what comes behind.
  void region(uint64_t index, int depth) {
    const std::vector<Value> outside = live_;
    const uint64_t size = size_;
    const Value state = {add(BufferKind::arena, size_), size_};
    call({live_.back().first}, state.first, size_, {});
    const BufferId goes_on = add(BufferKind::arena, 1);
    run().push_back(Fill{goes_on, static_cast<uint8_t>(next(4) != 0)});
    if (next(3) == 0) {
      run().push_back(If{goes_on});
    } else {
      const std::string name = "i" + std::to_string(program_.symbols.size());
      const auto trips = static_cast<int64_t>(next(4));
      program_.symbols.emplace(name, expr::Variable{name, {0, 3}, 1});
      run().push_back(Loop{name, trips, next(2) == 0 ? std::optional(goes_on) : std::nullopt});
      if (next(2) == 0) run().push_back(Fill{add(BufferKind::arena, 4), 1, 4 * expr::variable(name, {0, 3})});
    }
    live_.push_back(state);
    for (uint64_t i = 0; i <= next(3); ++i) {
      if (depth < 2 && next(4) == 0) region(index, depth + 1);
      layer(index);
    }
    call({live_.back().first}, state.first, size_, {});
    run().push_back(End{});
    size_ = size;
    live_ = outside;
    live_.push_back(state);
  }

  BufferId weight(uint64_t index) {
    const BufferId weight = add(BufferKind::weights, 1 + next(4));
    if (index % 2 == 0) return weight;
    const BufferId packed = add(BufferKind::prepared, program_.buffers[weight].bytes / (4 * unit_));
    program_.entries[0].statements.push_back(
        Copy{packed, weight, static_cast<int64_t>(program_.buffers[weight].bytes)});
    return packed;
  }

  void call(const std::vector<BufferId>& inputs, BufferId output, uint64_t,
            const std::vector<BufferId>& scratch) {
    loops::Kernel kernel;
    kernel.name = "k" + std::to_string(program_.kernels.size());
    Call call;
    // The output is the sum of the inputs' first elements and its place, by blocks of one unit.
    const uint64_t blocks = program_.buffers[output].bytes / (4 * unit_);
    const expr::Expr extent(static_cast<int64_t>(blocks)), unit(static_cast<int64_t>(unit_));
    const expr::Expr i = loops::loop_variable("i", extent), j = loops::loop_variable("j", unit);
    loops::Value sum = loops::cast(DType::f32, loops::index_value(i + j));
    std::vector<BufferId> distinct;
    for (const BufferId id : inputs) {
      if (std::ranges::find(distinct, id) != distinct.end()) continue;
      distinct.push_back(id);
      const auto number = static_cast<uint32_t>(kernel.buffers.size());
      add_parameter(kernel, call, id, loops::BufferSpace::read);
      sum = loops::binary(loops::ValueOp::add, sum,
                          loops::load({DType::f32, 1}, number, expr::mod(i * unit + j, elements(id))));
    }
    for (const BufferId id : scratch) add_parameter(kernel, call, id, loops::BufferSpace::scratch);
    const auto target = static_cast<uint32_t>(kernel.buffers.size());
    add_parameter(kernel, call, output, loops::BufferSpace::write);
    loops::Block inner = {loops::make_store(target, i * unit + j, sum)};
    loops::Block outer = {loops::make_for("j", unit, loops::ForKind::serial, std::move(inner))};
    kernel.body = {loops::make_for("i", extent, loops::ForKind::blocks, std::move(outer))};
    call.kernel = static_cast<KernelId>(program_.kernels.size());
    call.blocks = static_cast<int64_t>(blocks);
    call.grain = 1 + next(3);
    call.source = "node \"" + std::to_string(program_.kernels.size() / 2) + "\"";
    program_.kernels.push_back(std::move(kernel));
    program_.entries[1].statements.push_back(std::move(call));
  }

  expr::Expr elements(BufferId id) const { return static_cast<int64_t>(program_.buffers[id].bytes / 4); }

  void add_parameter(loops::Kernel& kernel, Call& call, BufferId id, loops::BufferSpace space) {
    kernel.buffers.push_back(
        {.name = "p" + std::to_string(id), .dtype = DType::f32, .space = space, .elements = elements(id)});
    call.buffers.push_back(id);
  }

  uint64_t state_;
  uint64_t unit_ = 1, size_ = 1;
  Program program_;
  std::vector<Value> live_;
};

std::string error_of(const Result<void>& result) { return result ? "" : to_string(result.error()); }

/// By the definition of liveness, statement by statement, without lifetimes.cpp.
void expect_no_overlap(const Program& program) {
  struct Span {
    BufferId id;
    size_t first, last;
  };
  const std::vector<Statement>& run = program.entries[1].statements;
  std::vector<Span> spans;
  for (BufferId id = 0; id < program.buffers.size(); ++id) {
    Span span{id, SIZE_MAX, 0};
    for (size_t i = 0; i < run.size(); ++i)
      for (const Use& use : uses(program, run[i]))
        if (use.buffer == id) span = {id, std::min(span.first, i), i};
    if (span.first == SIZE_MAX) continue;
    if (program.buffers[id].kind != BufferKind::arena) span = {id, 0, run.size()};
    spans.push_back(span);
  }
  for (const Span& a : spans) {
    for (const Span& b : spans) {
      if (a.id >= b.id || a.first > b.last || b.first > a.last) continue;
      const Buffer &x = program.buffers[a.id], &y = program.buffers[b.id];
      EXPECT_TRUE(x.address + x.bytes <= y.address || y.address + y.bytes <= x.address)
          << x.name << " and " << y.name;
    }
  }
}

TEST(PlaceBuffers, KeepsLiveBuffersApartAndStaysNearThePeak) {
  double worst = 1, sum = 0;
  constexpr uint64_t kSeeds = 200;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    Program program = RandomProgram(seed).make(10 + seed % 90, 256);
    ASSERT_EQ(error_of(verify(program)), "");
    const uint64_t start = static_size(program);
    const auto plan = place_buffers(program, start);
    ASSERT_TRUE(plan.has_value());
    EXPECT_EQ(error_of(verify(program)), "");
    expect_no_overlap(program);
    EXPECT_GE(plan->static_end, start);
    EXPECT_LE(plan->peak_live_bytes, plan->arena_bytes);
    EXPECT_LE(static_cast<double>(plan->arena_bytes), 1.25 * static_cast<double>(plan->peak_live_bytes));
    const double ratio = static_cast<double>(plan->arena_bytes) / static_cast<double>(plan->peak_live_bytes);
    worst = std::max(worst, ratio);
    sum += ratio;
    for (const Buffer& buffer : program.buffers) {
      EXPECT_GE(buffer.address, plan->static_end);
      EXPECT_LE(buffer.address + buffer.bytes + buffer.slack, plan->total_bytes);
    }
  }
  std::cout << "arena / peak: mean " << sum / kSeeds << ", worst " << worst << "\n";
}

TEST(Program, PrintAndParseAreInverse) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(seed);
    Program program = RandomProgram(seed).make(1 + seed % 20, 8);
    if (seed % 2) {
      ASSERT_TRUE(place_buffers(program, 4096).has_value());
    }
    const std::string text = print(program);
    const auto parsed = parse(text);
    ASSERT_TRUE(parsed.has_value()) << to_string(parsed.error());
    EXPECT_EQ(print(*parsed), text);
  }
}

TEST(Program, OneMemoryGivesWhatSeparateBuffersGive) {
  for (uint64_t seed = 0; seed < 120; ++seed) {
    SCOPED_TRACE(seed);
    RandomProgram random(seed);
    const Program shared = share_kernels(random.make(3 + seed % 20, 4));
    Program program = shared;
    EXPECT_EQ(error_of(verify(program)), "");
    Contents contents(program.buffers.size());
    for (size_t i = 0; i < contents.size(); ++i) {
      const BufferKind kind = program.buffers[i].kind;
      if (kind != BufferKind::weights && kind != BufferKind::input) continue;
      for (uint64_t b = 0; b < program.buffers[i].bytes / 4; ++b)
        for (const uint8_t byte :
             {uint8_t{0}, uint8_t{0}, static_cast<uint8_t>(random.next(256)), uint8_t{0x41}})
          contents[i].push_back(byte);
    }
    const auto plan = place_buffers(program, 1024);
    ASSERT_TRUE(plan.has_value());
    EXPECT_EQ(error_of(verify(program)), "");
    weft::testing::PlacedMemory memory(program, plan->total_bytes, contents);
    evaluate(program, "prepare", contents);
    evaluate(program, "run", contents);
    for (size_t i = 0; i < contents.size(); ++i) {
      if (program.buffers[i].kind != BufferKind::output) continue;
      EXPECT_EQ(contents[i], memory.contents(static_cast<BufferId>(i)));
      EXPECT_NE(contents[i], std::vector<uint8_t>(contents[i].size(), 0xff));
    }
  }
}

TEST(ShareKernels, EqualShapesShareCode) {
  const Program program = RandomProgram(5).make(60, 16);
  const Program shared = share_kernels(program);
  EXPECT_LT(shared.kernels.size(), program.kernels.size());
  EXPECT_EQ(share_kernels(shared).kernels.size(), shared.kernels.size());
}

}  // namespace
}  // namespace weft::plan

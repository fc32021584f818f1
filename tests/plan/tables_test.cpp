#include "plan/tables.hpp"

#include <gtest/gtest.h>

#include "base/bytes.hpp"

namespace weft::plan {
namespace {

constexpr std::string_view kText = R"(program {
  buffer b0 input "x" 64
  buffer b1 output "y" 64
  buffer b2 arena "t" 128
  kernel "copy" {
    buffer x: f32[16] read
    buffer acc: f32[4] registers
    buffer y: f32[16] write
    for i in 0..4 blocks {
      for j in 0..4 {
        y[4*i + j] = load f32 x[4*i + j]
      }
    }
  }
  prepare {
  }
  run {
    fill b2 7
    call k0(b0, b2 + 64) blocks 4 grain 3 @ "one"
    call k0(b2 + 64, b1) blocks 4 grain 1 @ "two"
    call k0(b0, b2 + 64) blocks 4 grain 3 @ "one"
    copy b1 <- b2 48
  }
}
)";

using Words = std::vector<uint32_t>;

Words words_at(const StaticData& data, uint64_t address, uint32_t count) {
  Words out;
  for (const auto& [start, bytes] : data.segments) {
    if (address < start || address + 4 * count > start + bytes.size()) continue;
    const std::span<const uint8_t> all(bytes);
    ByteReader reader(all.subspan(address - start));
    for (uint32_t i = 0; i < count; ++i) out.push_back(*reader.u32());
  }
  return out;
}

TEST(Tables, RecordsAndParams) {
  auto program = parse(kText);
  ASSERT_TRUE(program.has_value()) << to_string(program.error());
  ASSERT_TRUE(verify(*program).has_value());
  const uint64_t size = static_size(*program);
  EXPECT_EQ(size, kLowestBuffer);
  ASSERT_TRUE(place_buffers(*program, size).has_value());
  Nodes nodes;
  nodes.add("of another variant");
  const StaticData data = make_static_data(*program, nodes);
  EXPECT_EQ(data.end, size);
  EXPECT_EQ(nodes.names(), (std::vector<std::string>{"of another variant", "one", "two"}));
  ASSERT_EQ(data.entry_records.size(), 2u);
  EXPECT_EQ(words_at(data, data.entry_records[0], 8), (Words{0, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(data.entry_records[1], data.entry_records[0] + kRecordSize);

  const auto address = [&](BufferId id) { return static_cast<uint32_t>(program->buffers[id].address); };
  const uint32_t run = data.entry_records[1];
  EXPECT_EQ(words_at(data, run, 8), (Words{2, address(2), 128, 7, 0, 0, 1, 0}));
  const Words first = words_at(data, run + 32, 8), second = words_at(data, run + 64, 8);
  ASSERT_EQ(first.size(), 8u);
  EXPECT_EQ(first, (Words{1, 0, first[2], 4, 3, 0, 1, 0}));
  EXPECT_EQ(second, (Words{1, 0, second[2], 4, 1, 0, 2, 0}));
  EXPECT_EQ(words_at(data, run + 96, 8), first) << "equal calls share their params";
  EXPECT_EQ(words_at(data, run + 128, 8), (Words{3, address(1), address(2), 48, 0, 0, 1, 0}));
  EXPECT_EQ(words_at(data, run + 160, 8), (Words{0, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(words_at(data, first[2], 2), (Words{address(0), address(2) + 64}));
  EXPECT_EQ(words_at(data, second[2], 2), (Words{address(2) + 64, address(1)}));
  EXPECT_GE(data.segments[0].first, data.context + kContextSize);
}

constexpr std::string_view kChecked = R"(program {
  symbol n in [0, 100]
  buffer b0 input "index" 8
  buffer b1 output "y" 16
  run {
    check b0 in [-n, n - 1] "ids" @ "pick"
    fill b1 0
    check b0 in [-5, 6] "others" @ "take"
  }
}
)";

TEST(Tables, AChecksRecordNamesItsTensorAndItsParamsHoldTheRange) {
  auto program = parse(kChecked);
  ASSERT_TRUE(program.has_value()) << to_string(program.error());
  ASSERT_TRUE(verify(*program).has_value());
  ASSERT_TRUE(place_buffers(*program, static_size(*program)).has_value());
  Nodes nodes;
  const StaticData data = make_static_data(*program, nodes);
  EXPECT_EQ(nodes.names(), (std::vector<std::string>{"pick", "take", "ids", "others"}));
  const uint32_t run = data.entry_records[0];
  const Words first = words_at(data, run, 8), second = words_at(data, run + 64, 8);
  const KernelId kernel = check_kernel_id(*program);
  EXPECT_EQ(kernel, resize_kernel_id(*program) + 1);
  EXPECT_EQ(first, (Words{1, kernel, first[2], 1, 1, 0, 0, 2}));
  EXPECT_EQ(second, (Words{1, kernel, second[2], 1, 1, 0, 1, 3}));
  const auto address = static_cast<uint32_t>(program->buffers[0].address);
  // The address, the context, the greatest and the least.
  EXPECT_EQ(words_at(data, first[2], 4), (Words{address, kContextAddress, 0, 0}));
  EXPECT_EQ(words_at(data, second[2], 4), (Words{address, kContextAddress, 6, static_cast<uint32_t>(-5)}));
  EXPECT_EQ(expr::print(data.words.at(first[2] + 8).value), "n - 1");
  EXPECT_EQ(expr::print(data.words.at(first[2] + 12).value), "-n");
}

TEST(Tables, TheCheckWritesTheErrorCell) {
  auto program = parse(kChecked);
  ASSERT_TRUE(program.has_value() && place_buffers(*program, static_size(*program)).has_value());
  Nodes nodes;
  const std::vector<loops::Kernel> kernels = table_kernels(*program, make_static_data(*program, nodes));
  ASSERT_EQ(kernels.size(), 2u);
  ASSERT_TRUE(loops::verify(kernels[1]).has_value());
  const auto context = [&](int64_t value) {
    std::vector<loops::Memory> memories(2);
    for (size_t i = 0; i < 8; ++i)
      memories[0].bytes.push_back(static_cast<uint8_t>(static_cast<uint64_t>(value) >> (8 * i)));
    memories[1].bytes.assign(kContextSize, 0xff);
    loops::evaluate(kernels[1], memories, {{"max", 6}, {"min", -5}}, 0, 1);
    ByteReader reader(memories[1].bytes);
    Words words;
    for (size_t i = 0; i < kContextSize / 4; ++i) words.push_back(*reader.u32());
    return words;
  };
  constexpr uint32_t kUntouched = 0xffffffff;
  for (const int64_t value : {-5, 0, 6}) EXPECT_EQ(context(value)[2], 0u) << value;
  for (const int64_t value : {int64_t{-6}, int64_t{7}, int64_t{1} << 32, INT64_MIN, INT64_MAX})
    EXPECT_EQ(context(value), (Words{kUntouched, kUntouched, 1, kUntouched, static_cast<uint32_t>(value),
                                     static_cast<uint32_t>(value >> 32), static_cast<uint32_t>(-5), 6}))
        << value;
}

constexpr std::string_view kCheckedLoop = R"(program {
  symbol i in [0, 3]
  symbol n in [0, 4]
  buffer b0 input "least" 8
  buffer b1 output "y" 16
  run {
    fill b1 0
    loop i in 0..n {
      check b0 in [i, 4] "least" @ "step"
      fill b1 1 bytes i + 1
    }
    fill b1 9 bytes 1
  }
}
)";

TEST(Tables, TheCheckOfALoopFollowsItsIndex) {
  auto program = parse(kCheckedLoop);
  ASSERT_TRUE(program.has_value()) << to_string(program.error());
  ASSERT_TRUE(verify(*program).has_value() && place_buffers(*program, static_size(*program)).has_value());
  Nodes nodes;
  const StaticData data = make_static_data(*program, nodes);
  const KernelId resize = resize_kernel_id(*program);
  EXPECT_EQ(next_kernel_id(*program, 0), resize + 1);
  EXPECT_EQ(check_kernel_id(*program), resize + 2);
  const std::vector<loops::Kernel> kernels = table_kernels(*program, data);
  ASSERT_EQ(kernels.size(), 3u);
  EXPECT_EQ(kernels[0].name, "resize");
  EXPECT_EQ(kernels[1].name, "next i");
  EXPECT_EQ(kernels[2].name, "check");
  // A fill, the three records of the loop's start, then the check.
  const Words check = words_at(data, data.entry_records[0] + 4 * kRecordSize, 8);
  EXPECT_EQ(check[1], check_kernel_id(*program));
  EXPECT_EQ(expr::print(data.words.at(check[2] + 12).value), "i");
}

constexpr std::string_view kOpen = R"(program {
  symbol i in [0, 7]
  symbol n in [1, 8]
  buffer b0 input "x" 64
  buffer b1 output "y" 64
  buffer b2 arena "more" 64
  kernel "copy" {
    symbol n in [1, 8]
    buffer x: f32[n] read
    buffer y: f32[n] write
    for i in 0..n blocks {
      y[i] = load f32 x[i]
    }
  }
  prepare {
  }
  run {
    fill b2 1 bytes n
    loop i in 0..n while b2 {
      if b2 {
        call k0(b0 + 4*n, b1 + 4*i) blocks n grain 1 @ "one"
      }
    }
    copy b1 <- b2 4*n
  }
}
)";

/// The tables as the module starts with them, `base` added to what is to be added to, and then what the
/// kernel of `resize` stores for n = 3.
std::vector<uint32_t> resized(const Program& program, const StaticData& data, uint32_t base) {
  ByteReader reader(data.segments[0].second);
  std::vector<uint32_t> words;
  while (!reader.at_end()) words.push_back(*reader.u32());
  for (const uint32_t at : data.addresses) words[(at - kRecordsAddress) / 4] += base;
  ByteWriter out;
  for (const uint32_t word : words) out.u32(word);
  std::vector<loops::Memory> memories(1);
  memories[0].bytes = out.take();
  memories[0].bytes.resize(data.end - kRecordsAddress);
  loops::evaluate(table_kernels(program, data)[0], memories, {{"i", 0}, {"n", 3}}, 0, 1);
  ByteReader stored(memories[0].bytes);
  words.clear();
  while (!stored.at_end()) words.push_back(*stored.u32());
  return words;
}

TEST(Tables, WhereTheBaseIsChosenItIsAddedToAddressesAndToNothingElse) {
  auto program = parse(kOpen);
  ASSERT_TRUE(program.has_value()) << to_string(program.error());
  ASSERT_TRUE(verify(*program).has_value());
  ASSERT_TRUE(place_buffers(*program, static_size(*program, Base::chosen)).has_value());
  Nodes nodes;
  const StaticData zero = make_static_data(*program, nodes);
  const StaticData data = make_static_data(*program, nodes, {}, Base::chosen);
  constexpr uint32_t kBase = 0x10000;
  const std::vector<uint32_t> before = resized(*program, zero, 0), after = resized(*program, data, kBase);
  const auto moved = [&](uint64_t address) {
    const uint64_t at = (address - kRecordsAddress) / 4;
    EXPECT_TRUE(after[at] == before[at] || after[at] == before[at] + kBase) << address;
    return after[at] != before[at];
  };
  // By opcode, the words of a record that are addresses (docs/bundle.md).
  const std::vector<std::vector<uint32_t>> addresses = {{}, {2}, {1}, {1, 2}, {1}, {1, 3}, {1, 3, 4}};
  std::vector<uint32_t> opcodes;
  for (uint64_t at = data.entry_records[0]; at < data.entry_records[1] + 9 * kRecordSize; at += kRecordSize) {
    const uint32_t opcode = words_at(data, at, 1)[0];
    opcodes.push_back(opcode);
    std::vector<uint32_t> found;
    for (uint32_t word = 0; word < 8; ++word)
      if (moved(at + 4 * word)) found.push_back(word);
    // A jump that is taken always has no condition.
    const bool always = opcode == 5 && words_at(data, at, 2)[1] == 0;
    EXPECT_EQ(found, always ? std::vector<uint32_t>{3} : addresses[opcode]) << "record at " << at;
  }
  EXPECT_EQ(opcodes, (std::vector<uint32_t>{0, 2, 2, 5, 1, 5, 1, 6, 3, 0}));
  const uint32_t params = words_at(data, data.entry_records[1] + 5 * kRecordSize, 3)[2];
  EXPECT_EQ((std::vector<bool>{moved(params), moved(params + 4), moved(params + 8)}),
            (std::vector<bool>{true, true, false}));
  EXPECT_EQ(after[(data.base - kRecordsAddress) / 4], kBase);
  std::vector<KernelId> called;
  for (const auto& [at, kernel] : data.calls) called.push_back(kernel);
  EXPECT_EQ(called, (std::vector<KernelId>{next_kernel_id(*program, 0), 0, resize_kernel_id(*program)}));
}

TEST(Evaluate, ACheckThatFailsEndsItsLoopAndTheEntry) {
  const auto program = parse(kCheckedLoop);
  ASSERT_TRUE(program.has_value()) << to_string(program.error());
  Contents contents(2, std::vector<uint8_t>(16, 7));
  contents[0] = {2, 0, 0, 0, 0, 0, 0, 0};
  EXPECT_FALSE(evaluate(*program, "run", contents, {{"n", 3}}).has_value());
  EXPECT_EQ(contents[1], (std::vector<uint8_t>{9, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_TRUE(evaluate(*program, "run", contents, {{"n", 4}}).has_value());
  EXPECT_EQ(contents[1], (std::vector<uint8_t>{1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
}

TEST(Evaluate, ACheckThatFailsEndsTheEntry) {
  const auto program = parse(kChecked);
  ASSERT_TRUE(program.has_value());
  Contents contents(2, std::vector<uint8_t>(16, 7));
  contents[0] = {5, 0, 0, 0, 0, 0, 0, 0};
  EXPECT_FALSE(evaluate(*program, "run", contents, {{"n", 6}}).has_value());
  EXPECT_EQ(contents[1][0], 0);
  contents[1].assign(16, 7);
  const auto failed = evaluate(*program, "run", contents, {{"n", 5}});
  ASSERT_TRUE(failed.has_value());
  EXPECT_EQ(failed->what, "ids");
  EXPECT_EQ(contents[1][0], 7) << "what stands behind the check does not run";
}

}  // namespace
}  // namespace weft::plan

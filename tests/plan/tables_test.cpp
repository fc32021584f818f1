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

}  // namespace
}  // namespace weft::plan

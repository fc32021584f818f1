// What a guest may do with pointers and lengths: each is tried just inside and just outside of its memory.
#include "nn/guest.hpp"
#include "nn/guest_memory.hpp"

namespace weft::nn {
namespace {

TEST(GuestMemory, ChecksIn64Bits) {
  std::vector<uint8_t> bytes(16);
  const GuestMemory memory(bytes);
  EXPECT_TRUE(memory.bytes(0, 16, "x"));
  EXPECT_TRUE(memory.bytes(15, 1, "x"));
  EXPECT_TRUE(memory.bytes(16, 0, "x"));
  for (const auto& [pointer, length] :
       std::vector<std::pair<uint32_t, uint64_t>>{{0, 17},
                                                  {16, 1},
                                                  {17, 0},
                                                  {1, 16},
                                                  {0xFFFFFFFF, 0},
                                                  {0xFFFFFFFF, 1},
                                                  {0xFFFFFFF0, 0x20},
                                                  {0xFFFFFFFF, 0xFFFFFFFF},
                                                  {0, uint64_t{0xFFFFFFFF} * 8},
                                                  {8, UINT64_MAX},
                                                  {1, UINT64_MAX}}) {
    const auto range = memory.bytes(pointer, length, "x");
    ASSERT_FALSE(range) << pointer << " " << length;
    EXPECT_EQ(range.error().code, Errno::invalid_argument);
  }
  bytes = {1, 2, 3, 4, 5, 0x80, 0, 0, 0};
  const GuestMemory words{std::span(bytes).first(9)};
  EXPECT_EQ(words.u32(1, "x").value(), 0x05040302u);
  EXPECT_FALSE(words.u32(6, "x"));
  const GuestMemory none{std::span<uint8_t>()};
  EXPECT_TRUE(none.bytes(0, 0, "x"));
  EXPECT_FALSE(none.u32(0, "x"));
}

/// Pointers at which `size` bytes do not lie in the memory.
std::vector<uint32_t> outside(uint32_t size) {
  return {kBeyond - size + 1, kBeyond, kBeyond + 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF - size, 0xFFFFFFFF};
}

TEST(Pointers, Load) {
  Guest guest;
  const auto model = fake_model("identity u8 1");
  const uint32_t at = guest.put(model), size = static_cast<uint32_t>(model.size());
  const uint32_t array = guest.words({at, size});
  for (const uint32_t bad : outside(4))
    EXPECT_EQ(guest.call("load", {array, 1, 1, 0, bad}), Errno::invalid_argument);
  for (const uint32_t bad : outside(8))
    EXPECT_EQ(guest.call("load", {bad, 1, 1, 0, 0}), Errno::invalid_argument);
  for (const uint32_t bad : outside(size)) {
    EXPECT_EQ(guest.call("load", {guest.words({bad, size}), 1, 1, 0, 0}), Errno::invalid_argument);
    EXPECT_EQ(guest.call("load", {guest.words({at, size, bad, size}), 2, 1, 0, 0}), Errno::invalid_argument);
  }
  for (const uint32_t count :
       {0u, 0x10000u, 0x20000000u, 0x20000001u, 0x7FFFFFFFu, 0x80000000u, 0xFFFFFFFFu}) {
    EXPECT_EQ(guest.call("load", {array, count, 1, 0, 0}), Errno::invalid_argument) << count;
  }
  EXPECT_EQ(guest.call("load", {guest.words({at, 0xFFFFFFFF}), 1, 1, 0, 0}), Errno::invalid_argument);
  EXPECT_EQ(guest.backend.counts().loads, 0);
  // Just inside: a builder, a model and a place for the graph that end with the memory.
  std::ranges::copy(model, guest.memory.end() - size);
  EXPECT_EQ(guest.call("load", {guest.words({kBeyond - size, size}), 1, 1, 0, kBeyond - 4}), Errno::success);
  EXPECT_EQ(guest.word(kBeyond - 4), 1u);
}

TEST(Pointers, LoadByName) {
  Guest guest;
  guest.registry.add("m", [&] { return guest.backend.model("identity u8 1"); });
  const uint32_t name = guest.put("m"), config = guest.put("{}");
  for (const uint32_t bad : outside(4)) {
    EXPECT_EQ(guest.call("load_by_name", {name, 1, bad}), Errno::invalid_argument);
    EXPECT_EQ(guest.call("load_by_name_with_config", {name, 1, config, 2, bad}), Errno::invalid_argument);
  }
  for (const uint32_t bad : outside(1)) {
    if (bad == kBeyond) continue;
    EXPECT_EQ(guest.call("load_by_name", {bad, 1, 0}), Errno::invalid_argument);
    EXPECT_EQ(guest.call("load_by_name_with_config", {bad, 1, config, 2, 0}), Errno::invalid_argument);
    EXPECT_EQ(guest.call("load_by_name_with_config", {name, 1, bad, 2, 0}), Errno::invalid_argument);
  }
  EXPECT_EQ(guest.call("load_by_name", {name, 0xFFFFFFFF, 0}), Errno::invalid_argument);
  EXPECT_EQ(guest.call("load_by_name_with_config", {name, 1, config, 0xFFFFFFFF, 0}),
            Errno::invalid_argument);
  EXPECT_EQ(guest.backend.counts().models, 0);
}

TEST(Pointers, InitExecutionContext) {
  Guest guest;
  const uint32_t graph = guest.graph("identity u8 1");
  for (const uint32_t bad : outside(4)) {
    EXPECT_EQ(guest.call("init_execution_context", {graph, bad}), Errno::invalid_argument);
  }
  EXPECT_EQ(guest.backend.counts().instances, 0);
}

TEST(Pointers, SetInput) {
  Guest guest;
  const uint32_t context = guest.context(guest.graph("identity u8 4"));
  const uint32_t dims = guest.words({4}), data = guest.put("data");
  const auto set = [&](std::vector<uint32_t> tensor) {
    return guest.call("set_input", {context, 0, guest.words(tensor)});
  };
  EXPECT_EQ(set({dims, 1, kU8, data, 4}), Errno::success);
  for (const uint32_t bad : outside(20))
    EXPECT_EQ(guest.call("set_input", {context, 0, bad}), Errno::invalid_argument);
  for (const uint32_t bad : outside(4)) {
    EXPECT_EQ(set({bad, 1, kU8, data, 4}), Errno::invalid_argument);
    EXPECT_EQ(set({dims, 1, kU8, bad, 4}), Errno::invalid_argument);
  }
  for (const uint32_t length : {0u, 2u, 0x4000u, 0x40000000u, 0x40000001u, 0x80000000u, 0xFFFFFFFFu}) {
    EXPECT_EQ(set({dims, length, kU8, data, 4}), Errno::invalid_argument) << length;
  }
  for (const uint32_t length : {0u, 3u, 5u, 0x10000u, 0xFFFFFFFFu}) {
    EXPECT_EQ(set({dims, 1, kU8, data, length}), Errno::invalid_argument) << length;
  }
  // At the very end, and at odd addresses.
  std::ranges::copy(guest.bytes(guest.words({dims, 1, kU8, data, 4}), 20), guest.memory.end() - 20);
  EXPECT_EQ(guest.call("set_input", {context, 0, kBeyond - 20}), Errno::success);
  std::ranges::copy(guest.bytes(kBeyond - 20, 20), guest.memory.begin() + 0x9001);
  EXPECT_EQ(guest.call("set_input", {context, 0, 0x9001}), Errno::success);
}

TEST(Pointers, GetOutput) {
  Guest guest;
  const uint32_t context = guest.context(guest.graph("identity u8 4"));
  EXPECT_EQ(guest.set_input(context, 0, {4}, kU8, {1, 2, 3, 4}), Errno::success);
  EXPECT_EQ(guest.call("compute", {context}), Errno::success);
  for (const char* function : {"get_output", "get_output_single"}) {
    for (const uint32_t bad : outside(4)) {
      EXPECT_EQ(guest.call(function, {context, 0, 0x8000, 4, bad}), Errno::invalid_argument);
      EXPECT_EQ(guest.call(function, {context, 0, bad, 4, 8}), Errno::invalid_argument);
    }
    EXPECT_EQ(guest.call(function, {context, 0, 0x8000, 0xFFFFFFFF, 8}), Errno::invalid_argument);
    EXPECT_EQ(guest.call(function, {context, 0, 0x8000, 0x8001, 8}), Errno::invalid_argument);
  }
  EXPECT_EQ(guest.call("get_output", {context, 0, kBeyond - 4, 4, 8}), Errno::success);
  EXPECT_EQ(guest.bytes(kBeyond - 4, 4), std::vector<uint8_t>({1, 2, 3, 4}));
  EXPECT_EQ(guest.call("get_output", {context, 0, kBeyond, 0, 8}), Errno::too_large);
  // The number of bytes is written last.
  EXPECT_EQ(guest.call("get_output", {context, 0, 0x8000, 4, 0x8002}), Errno::success);
  EXPECT_EQ(guest.bytes(0x8000, 6), std::vector<uint8_t>({1, 2, 4, 0, 0, 0}));
}

TEST(Pointers, ResultsMayOverlapWhatWasRead) {
  Guest guest;
  const auto model = fake_model("identity u8 1");
  const uint32_t array = guest.builders({model});
  EXPECT_EQ(guest.call("load", {array, 1, 1, 0, array + 2}), Errno::success);
  const uint32_t graph = guest.word(array + 2);
  EXPECT_EQ(guest.call("init_execution_context", {graph, array + 2}), Errno::success);
  guest.registry.add("name", [&] { return guest.backend.model("identity u8 1"); });
  const uint32_t name = guest.put("name");
  EXPECT_EQ(guest.call("load_by_name", {name, 4, name}), Errno::success);
  EXPECT_EQ(guest.word(name), 3u);
  // A tensor whose extents, data and struct are one another.
  const uint32_t context = guest.word(array + 2);
  const uint32_t at = guest.words({0, 1, kU8, 0, 1});
  for (const uint32_t field : {0u, 12u}) guest.memory[at + field] = static_cast<uint8_t>(at + 4);
  for (const uint32_t field : {1u, 13u}) guest.memory[at + field] = static_cast<uint8_t>((at + 4) >> 8);
  EXPECT_EQ(guest.call("set_input", {context, 0, at}), Errno::success);
}

TEST(Pointers, MemoryMayMoveAndGrowBetweenCalls) {
  Guest guest;
  const uint32_t context = guest.context(guest.graph("identity u8 4"));
  EXPECT_EQ(guest.set_input(context, 0, {4}, kU8, {1, 2, 3, 4}), Errno::success);
  std::vector<uint8_t> grown(2 * kBeyond, 0);
  guest.memory.swap(grown);
  grown = {};
  EXPECT_EQ(guest.call("compute", {context}), Errno::success);
  EXPECT_EQ(guest.call("get_output", {context, 0, 2 * kBeyond - 4, 4, 8}), Errno::success);
  EXPECT_EQ(guest.bytes(2 * kBeyond - 4, 4), std::vector<uint8_t>({1, 2, 3, 4}));
}

TEST(Pointers, AGuestWithoutMemory) {
  Guest guest;
  guest.memory.clear();
  EXPECT_EQ(guest.call("load", {0, 1, 1, 0, 0}), Errno::invalid_argument);
  EXPECT_EQ(guest.call("load_by_name", {0, 0, 0}), Errno::invalid_argument);
  EXPECT_EQ(guest.call("compute", {1}), Errno::invalid_argument);
}

}  // namespace
}  // namespace weft::nn

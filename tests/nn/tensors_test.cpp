// Runs, element types and shapes.
#include "nn/guest.hpp"
#include "nn/tensor_types.hpp"

namespace weft::nn {
namespace {

std::vector<uint8_t> counting(size_t count) {
  std::vector<uint8_t> bytes(count);
  for (size_t i = 0; i < count; ++i) bytes[i] = static_cast<uint8_t>(i + 1);
  return bytes;
}

TEST(Tensors, EveryTypeGoesInAndOut) {
  struct Row {
    const char* dtype;
    uint32_t code;
    size_t bytes;
  };
  const Row rows[] = {{"f16", kF16, 2}, {"f32", kF32, 4},  {"f64", kF64, 8}, {"u8", kU8, 1},
                      {"i32", kI32, 4}, {"i64", kI64, 8},  {"i8", kU8, 1},   {"u16", kF16, 2},
                      {"i16", kF16, 2}, {"bf16", kF16, 2}, {"u32", kI32, 4}, {"u64", kI64, 8}};
  for (const Row& row : rows) {
    Guest guest;
    const uint32_t context = guest.context(guest.graph(std::string("identity ") + row.dtype + " 2 3"));
    const auto data = counting(6 * row.bytes);
    EXPECT_EQ(guest.set_input(context, 0, {2, 3}, row.code, data), Errno::success) << row.dtype;
    EXPECT_EQ(guest.call("compute", {context}), Errno::success);
    EXPECT_EQ(guest.output(context), data) << row.dtype;
  }
}

TEST(Tensors, NoTypeForAnother) {
  // By type of the port, the codes that it takes when the number of bytes fits the code.
  const struct {
    DType port;
    std::vector<uint32_t> codes;
  } rows[] = {{DType::f16, {kF16}}, {DType::f32, {kF32}},  {DType::f64, {kF64}},    {DType::u8, {kU8}},
              {DType::i32, {kI32}}, {DType::i64, {kI64}},  {DType::boolean, {kU8}}, {DType::i8, {kU8}},
              {DType::u16, {kF16}}, {DType::bf16, {kF16}}, {DType::u32, {kI32}},    {DType::u64, {kI64}}};
  const size_t sizes[] = {2, 4, 8, 1, 4, 8};
  for (const auto& row : rows) {
    Guest guest;
    const uint32_t context =
        guest.context(guest.graph("identity " + std::string(to_string(row.port)) + " 1"));
    for (uint32_t code = 0; code < 6; ++code) {
      const bool takes = std::ranges::find(row.codes, code) != row.codes.end();
      EXPECT_EQ(guest.set_input(context, 0, {1}, code, std::vector<uint8_t>(sizes[code])),
                takes ? Errno::success : Errno::invalid_argument)
          << to_string(row.port) << " " << code;
    }
  }
}

TEST(Tensors, BooleansBecomeZeroAndOne) {
  Guest guest;
  const uint32_t context = guest.context(guest.graph("identity boolean 4"));
  EXPECT_EQ(guest.set_input(context, 0, {4}, kU8, {0, 1, 2, 255}), Errno::success);
  EXPECT_EQ(guest.call("compute", {context}), Errno::success);
  EXPECT_EQ(guest.output(context), std::vector<uint8_t>({0, 1, 1, 1}));
}

TEST(Tensors, LegacyCodesAreToldApartByTheirBytes) {
  for (const uint64_t count : {1u, 2u, 7u, 150528u}) {
    EXPECT_EQ(witx_dtype(2, count, count).value(), DType::u8);
    EXPECT_EQ(witx_dtype(2, count, count * 8).value(), DType::f64);
    EXPECT_EQ(witx_dtype(3, count, count).value(), DType::u8);
    EXPECT_EQ(witx_dtype(3, count, count * 4).value(), DType::i32);
    EXPECT_FALSE(witx_dtype(2, count, count * 4));
    EXPECT_FALSE(witx_dtype(3, count, count * 8));
  }
  Guest guest;
  const uint32_t pixels = guest.context(guest.graph("identity u8 1 2 2 3"));
  EXPECT_EQ(guest.set_input(pixels, 0, {1, 2, 2, 3}, 2, counting(12)), Errno::success);
  const uint32_t ids = guest.context(guest.graph("identity i32 3"));
  EXPECT_EQ(guest.set_input(ids, 0, {3}, 3, counting(12)), Errno::success);
  EXPECT_EQ(guest.set_input(ids, 0, {3}, 3, counting(3)), Errno::invalid_argument);
}

TEST(Tensors, CodesBeyondTheLastAreRefused) {
  Guest guest;
  const uint32_t context = guest.context(guest.graph("identity f32 1"));
  for (const uint32_t code : {6u, 7u, 127u, 255u}) {
    EXPECT_EQ(guest.set_input(context, 0, {1}, code, counting(4)), Errno::invalid_argument);
  }
}

TEST(Tensors, ShapesMustBeTaken) {
  Guest guest;
  const uint32_t context = guest.context(guest.graph("identity f32 2-8/2 3"));
  for (const uint32_t rows : {2u, 4u, 8u}) {
    EXPECT_EQ(guest.set_input(context, 0, {rows, 3}, kF32, counting(rows * 12)), Errno::success);
    EXPECT_EQ(guest.call("compute", {context}), Errno::success);
    EXPECT_EQ(guest.output(context), counting(rows * 12));
  }
  const std::vector<std::vector<uint32_t>> wrong = {{},      {2},    {6},    {0, 3},    {1, 3},   {3, 3},
                                                    {10, 3}, {2, 4}, {3, 2}, {2, 3, 1}, {1, 2, 3}};
  for (const auto& dims : wrong) {
    const uint64_t count = element_count(dims);
    EXPECT_EQ(guest.set_input(context, 0, dims, kF32, counting(count * 4)), Errno::invalid_argument);
  }
  EXPECT_EQ(guest.set_input(context, 0, {2, 3}, kF32, counting(20)), Errno::invalid_argument);
  EXPECT_EQ(guest.set_input(context, 0, {2, 3}, kF32, counting(28)), Errno::invalid_argument);
  // What failed has not replaced what was there.
  EXPECT_EQ(guest.call("compute", {context}), Errno::success);
  EXPECT_EQ(guest.output(context).size(), 96u);
}

TEST(Tensors, ScalarsAndEmptyTensors) {
  Guest guest;
  const uint32_t scalar = guest.context(guest.graph("identity f32"));
  EXPECT_EQ(guest.set_input(scalar, 0, {}, kF32, counting(4)), Errno::success);
  EXPECT_EQ(guest.call("compute", {scalar}), Errno::success);
  EXPECT_EQ(guest.output(scalar), counting(4));
  const uint32_t empty = guest.context(guest.graph("identity f32 0-4 2"));
  EXPECT_EQ(guest.set_input(empty, 0, {0, 2}, kF32, {}), Errno::success);
  EXPECT_EQ(guest.call("compute", {empty}), Errno::success);
  EXPECT_EQ(guest.output(empty), std::vector<uint8_t>());
}

TEST(Tensors, ElementsBeyond64BitsAreNoTensor) {
  EXPECT_EQ(element_count(std::vector<uint32_t>{0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF}), UINT64_MAX);
  EXPECT_EQ(element_count(std::vector<uint32_t>{0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0}), 0u);
  EXPECT_FALSE(witx_dtype(kF32, UINT64_MAX, 0));
  // 2^62 elements of four bytes are 0 bytes modulo 2^64.
  EXPECT_FALSE(witx_dtype(kF32, uint64_t{1} << 62, 0));
  Guest guest;
  const uint32_t context = guest.context(guest.graph("identity f32 1-4294967295 1-4294967295"));
  EXPECT_EQ(guest.set_input(context, 0, {0x80000000, 0x80000000}, kF32, {}), Errno::invalid_argument);
}

TEST(Runs, InputsAndOutputsByIndex) {
  Guest guest;
  const uint32_t context = guest.context(guest.graph("swap u8 1-8"));
  EXPECT_EQ(guest.call("compute", {context}), Errno::invalid_argument);
  EXPECT_EQ(guest.set_input(context, 1, {3}, kU8, {4, 5, 6}), Errno::success);
  EXPECT_EQ(guest.call("compute", {context}), Errno::invalid_argument);
  EXPECT_EQ(guest.set_input(context, 0, {2}, kU8, {1, 2}), Errno::success);
  EXPECT_EQ(guest.call("get_output", {context, 0, 0x8000, 64, 8}), Errno::runtime_error);
  EXPECT_EQ(guest.call("compute", {context}), Errno::success);
  EXPECT_EQ(guest.output(context, 0), std::vector<uint8_t>({4, 5, 6}));
  EXPECT_EQ(guest.output(context, 1), std::vector<uint8_t>({1, 2}));
  for (const uint32_t index : {2u, 3u, 0xFFFFFFFFu}) {
    EXPECT_EQ(guest.set_input(context, index, {1}, kU8, {1}), Errno::invalid_argument);
    EXPECT_EQ(guest.call("get_output", {context, index, 0x8000, 64, 8}), Errno::invalid_argument);
  }
  // Inputs stay, one is replaced, outputs stay until the next run.
  EXPECT_EQ(guest.set_input(context, 0, {1}, kU8, {9}), Errno::success);
  EXPECT_EQ(guest.output(context, 1), std::vector<uint8_t>({1, 2}));
  EXPECT_EQ(guest.call("compute", {context}), Errno::success);
  EXPECT_EQ(guest.output(context, 0), std::vector<uint8_t>({4, 5, 6}));
  EXPECT_EQ(guest.output(context, 1), std::vector<uint8_t>({9}));
}

TEST(Runs, ContextsAreApart) {
  Guest guest;
  const uint32_t graph = guest.graph("bytes u8 2");
  const uint32_t a = guest.context(graph), b = guest.context(graph);
  EXPECT_EQ(guest.set_input(a, 0, {2}, kU8, {250, 10}), Errno::success);
  EXPECT_EQ(guest.set_input(b, 0, {2}, kU8, {1, 1}), Errno::success);
  EXPECT_EQ(guest.call("compute", {a}), Errno::success);
  EXPECT_EQ(guest.call("get_output", {b, 0, 0x8000, 64, 8}), Errno::runtime_error);
  EXPECT_EQ(guest.call("compute", {b}), Errno::success);
  EXPECT_EQ(guest.output(a), std::vector<uint8_t>({4, 1, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(guest.output(b), std::vector<uint8_t>({2, 0, 0, 0, 0, 0, 0, 0}));
}

TEST(Runs, AFailureLeavesTheContextUsable) {
  Guest guest;
  const uint32_t context = guest.context(guest.graph("trap u8 2"));
  EXPECT_EQ(guest.set_input(context, 0, {2}, kU8, {1, 2}), Errno::success);
  EXPECT_EQ(guest.call("compute", {context}), Errno::success);
  EXPECT_EQ(guest.set_input(context, 0, {2}, kU8, {255, 2}), Errno::success);
  EXPECT_EQ(guest.call("compute", {context}), Errno::runtime_error);
  EXPECT_EQ(guest.call("get_output", {context, 0, 0x8000, 64, 8}), Errno::runtime_error);
  EXPECT_EQ(guest.set_input(context, 0, {2}, kU8, {3, 4}), Errno::success);
  EXPECT_EQ(guest.call("compute", {context}), Errno::success);
  EXPECT_EQ(guest.output(context), std::vector<uint8_t>({3, 4}));
}

TEST(Runs, WhatTheBackendAnswersIsPassedOn) {
  Guest guest;
  const uint32_t agree = guest.context(guest.graph("agree u8 1-4"));
  EXPECT_EQ(guest.set_input(agree, 0, {2}, kU8, {1, 2}), Errno::success);
  EXPECT_EQ(guest.set_input(agree, 1, {1}, kU8, {1}), Errno::success);
  EXPECT_EQ(guest.call("compute", {agree}), Errno::invalid_argument);
  // A backend that fails without a code has failed.
  const uint32_t silent = guest.context(guest.graph("silent u8 1"));
  EXPECT_EQ(guest.set_input(silent, 0, {1}, kU8, {1}), Errno::success);
  EXPECT_EQ(guest.call("compute", {silent}), Errno::runtime_error);
  EXPECT_EQ(guest.call("init_execution_context", {guest.graph("greedy u8 1"), 0}), Errno::missing_memory);
  EXPECT_EQ(guest.call("init_execution_context", {guest.graph("nothing u8 1"), 0}), Errno::runtime_error);
  EXPECT_EQ(guest.load(fake_model("nothing")), Errno::runtime_error);
}

TEST(Runs, TooSmallABufferLearnsTheSize) {
  Guest guest;
  const uint32_t context = guest.context(guest.graph("identity f32 3"));
  EXPECT_EQ(guest.set_input(context, 0, {3}, kF32, counting(12)), Errno::success);
  EXPECT_EQ(guest.call("compute", {context}), Errno::success);
  for (const uint32_t size : {0u, 1u, 11u}) {
    const auto before = guest.bytes(0x8000, 16);
    EXPECT_EQ(guest.call("get_output", {context, 0, 0x8000, size, 8}), Errno::too_large);
    EXPECT_EQ(guest.word(8), 12u);
    EXPECT_EQ(guest.bytes(0x8000, 16), before);
  }
  EXPECT_EQ(guest.call("get_output", {context, 0, 0x8000, 12, 8}), Errno::success);
  EXPECT_EQ(guest.bytes(0x8000, 12), counting(12));
  EXPECT_EQ(guest.bytes(0x800C, 2), std::vector<uint8_t>({0xAA, 0xAA}));
}

}  // namespace
}  // namespace weft::nn

// Each operation on edge cases: evaluated from memory, and folded from constants, to the same bits.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "loops/lane.hpp"
#include "loops/loops.hpp"

namespace weft::loops {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

uint64_t bits_of(DType type, double value) {
  return is_float(type) ? float_lane(type, value) : constant({type, 1}, value)->bits;
}

Memory memory_of(DType type, uint64_t bits) {
  Memory memory;
  for (uint32_t byte = 0; byte < byte_size(type); ++byte)
    memory.bytes.push_back(static_cast<uint8_t>(bits >> (8 * byte)));
  return memory;
}

// Runs make(values) over operands that are loaded from memory; gives the result's bits.
uint64_t evaluated(DType type, const std::vector<uint64_t>& operands, DType result,
                   const std::function<Value(std::vector<Value>)>& make) {
  Kernel kernel;
  std::vector<Memory> memories;
  std::vector<Value> values;
  for (const uint64_t bits : operands) {
    const uint32_t buffer = static_cast<uint32_t>(kernel.buffers.size());
    kernel.buffers.push_back({"b" + std::to_string(buffer), type, BufferSpace::read, 1, 0});
    memories.push_back(memory_of(type, bits));
    values.push_back(load({type, 1}, buffer, 0));
  }
  const uint32_t out = static_cast<uint32_t>(kernel.buffers.size());
  kernel.buffers.push_back({"out", result, BufferSpace::write, 1, 0});
  memories.push_back(memory_of(result, 0));
  kernel.body.push_back(make_store(out, 0, make(std::move(values))));
  EXPECT_TRUE(verify(kernel));
  evaluate(kernel, memories, {}, 0, 1);
  uint64_t bits = 0;
  for (uint32_t byte = 0; byte < byte_size(result); ++byte)
    bits |= uint64_t{memories[out].bytes[byte]} << (8 * byte);
  return bits;
}

void expect_op(ValueOp op, DType type, const std::vector<double>& operands, double expected) {
  std::vector<uint64_t> bits;
  std::vector<Value> constants;
  for (const double v : operands) {
    bits.push_back(bits_of(type, v));
    constants.push_back(constant({type, 1}, v));
  }
  const auto make = [&](const std::vector<Value>& v) {
    return v.size() == 1   ? unary(op, v[0])
           : v.size() == 2 ? binary(op, v[0], v[1])
                           : muladd(v[0], v[1], v[2]);
  };
  const DType result = info(op).result == ResultRule::boolean ? DType::boolean : type;
  const uint64_t wanted = bits_of(result, expected);
  EXPECT_EQ(evaluated(type, bits, result, make), wanted)
      << info(op).name << " " << to_string(type) << " " << operands[0];
  const Value folded = make(constants);
  if (op == ValueOp::muladd) {
    EXPECT_EQ(folded->op, ValueOp::muladd);
    return;
  }
  ASSERT_EQ(folded->op, ValueOp::constant) << info(op).name;
  EXPECT_EQ(folded->bits, wanted) << info(op).name << " folded";
}

TEST(Operations, Floats) {
  for (const DType type : {DType::f32, DType::f64}) {
    expect_op(ValueOp::neg, type, {0.0}, -0.0);
    expect_op(ValueOp::abs, type, {-2.5}, 2.5);
    expect_op(ValueOp::floor, type, {-1.5}, -2);
    expect_op(ValueOp::ceil, type, {-0.5}, -0.0);
    expect_op(ValueOp::trunc, type, {-1.5}, -1);
    expect_op(ValueOp::nearest, type, {2.5}, 2);
    expect_op(ValueOp::nearest, type, {3.5}, 4);
    expect_op(ValueOp::sqrt, type, {2.25}, 1.5);
    expect_op(ValueOp::sqrt, type, {-1}, kNan);
    expect_op(ValueOp::add, type, {-0.0, 0.0}, 0.0);
    expect_op(ValueOp::sub, type, {kInf, kInf}, kNan);
    expect_op(ValueOp::mul, type, {3, -0.5}, -1.5);
    expect_op(ValueOp::div, type, {1, 0.0}, kInf);
    expect_op(ValueOp::min, type, {0.0, -0.0}, -0.0);
    expect_op(ValueOp::max, type, {-0.0, 0.0}, 0.0);
    expect_op(ValueOp::min, type, {1, kNan}, kNan);
    expect_op(ValueOp::max, type, {kNan, 1}, kNan);
    expect_op(ValueOp::equal, type, {kNan, kNan}, 0);
    expect_op(ValueOp::less, type, {1, 2}, 1);
    expect_op(ValueOp::less_equal, type, {2, kNan}, 0);
    expect_op(ValueOp::muladd, type, {2, 3, 4}, 10);
  }
  expect_op(ValueOp::add, DType::f32, {16777216, 1}, 16777216);
}

TEST(Operations, Integers) {
  constexpr double kMin = -2147483648.0;
  expect_op(ValueOp::neg, DType::i32, {kMin}, kMin);
  expect_op(ValueOp::abs, DType::i32, {kMin}, kMin);
  expect_op(ValueOp::bit_not, DType::u32, {0}, 4294967295.0);
  expect_op(ValueOp::add, DType::i32, {2147483647.0, 1}, kMin);
  expect_op(ValueOp::sub, DType::u32, {0, 1}, 4294967295.0);
  expect_op(ValueOp::mul, DType::i32, {65536, 65536}, 0);
  expect_op(ValueOp::div, DType::i32, {-7, 2}, -3);
  expect_op(ValueOp::div, DType::i32, {7, 0}, 0);
  expect_op(ValueOp::div, DType::i32, {kMin, -1}, kMin);
  expect_op(ValueOp::div, DType::u32, {4294967295.0, 2}, 2147483647.0);
  expect_op(ValueOp::rem, DType::i64, {-7, 2}, -1);
  expect_op(ValueOp::rem, DType::i64, {7, 0}, 0);
  expect_op(ValueOp::rem, DType::i32, {kMin, -1}, 0);
  expect_op(ValueOp::min, DType::u32, {4294967295.0, 1}, 1);
  expect_op(ValueOp::max, DType::i32, {-1, 1}, 1);
  expect_op(ValueOp::bit_and, DType::i32, {12, 10}, 8);
  expect_op(ValueOp::bit_or, DType::i32, {12, 10}, 14);
  expect_op(ValueOp::bit_xor, DType::i64, {12, 10}, 6);
  expect_op(ValueOp::shift_left, DType::i32, {1, 33}, 2);
  expect_op(ValueOp::shift_right, DType::i32, {-8, 1}, -4);
  expect_op(ValueOp::shift_right, DType::u32, {4294967288.0, 1}, 2147483644.0);
  expect_op(ValueOp::equal, DType::i64, {5, 5}, 1);
  expect_op(ValueOp::less, DType::u32, {1, 4294967295.0}, 1);
  expect_op(ValueOp::less_equal, DType::i32, {2, 1}, 0);
  expect_op(ValueOp::muladd, DType::i32, {-2, 3, 4}, -2);
  expect_op(ValueOp::logical_not, DType::boolean, {1}, 0);
  expect_op(ValueOp::logical_and, DType::boolean, {1, 0}, 0);
  expect_op(ValueOp::logical_or, DType::boolean, {1, 0}, 1);
  expect_op(ValueOp::equal, DType::boolean, {0, 0}, 1);
}

void expect_cast(DType from, double value, DType to, uint64_t expected) {
  const auto make = [&](const std::vector<Value>& v) { return cast(to, v[0]); };
  EXPECT_EQ(evaluated(from, {bits_of(from, value)}, to, make), expected)
      << to_string(from) << " " << value << " to " << to_string(to);
  EXPECT_EQ(cast(to, constant({from, 1}, value))->bits, expected);
}

TEST(Operations, Casts) {
  expect_cast(DType::f32, -2.7, DType::i32, 0xfffffffeu);
  expect_cast(DType::f32, 3e9, DType::i32, 0x7fffffffu);
  expect_cast(DType::f32, -3e9, DType::i32, 0x80000000u);
  expect_cast(DType::f32, kNan, DType::i32, 0);
  expect_cast(DType::f32, -1, DType::u8, 0);
  expect_cast(DType::f32, 300, DType::u8, 255);
  expect_cast(DType::f64, -129, DType::i8, 0x80);
  expect_cast(DType::f64, kInf, DType::u64, ~uint64_t{0});
  expect_cast(DType::i32, 300, DType::i8, 44);
  expect_cast(DType::i8, -1, DType::i64, ~uint64_t{0});
  expect_cast(DType::f32, -0.0, DType::boolean, 0);
  expect_cast(DType::f32, kNan, DType::boolean, 1);
  expect_cast(DType::i32, 16777217, DType::f32, 0x4b800000u);
  expect_cast(DType::f64, 65519, DType::f16, 0x7bff);
  expect_cast(DType::f64, 65520, DType::f16, 0x7c00);
  expect_cast(DType::f64, 5.960464477539063e-8, DType::f16, 1);
  expect_cast(DType::f64, 2.980232238769531e-8, DType::f16, 0);
  expect_cast(DType::f64, 2048.0 + 1 + 1e-9, DType::f16, 0x6801);  // not by way of f32, which would tie
  expect_cast(DType::f32, 1.00390625, DType::bf16, 0x3f80);
  expect_cast(DType::f32, 1.01171875, DType::bf16, 0x3f82);
  expect_cast(DType::i64, 4503599627370496.0 * 1024 + 1024, DType::f32, 0x5e800000u);
}

TEST(Operations, EverySmallFloatSurvivesWidening) {
  for (const DType type : {DType::f16, DType::bf16}) {
    for (uint64_t bits = 0; bits < 65536; ++bits) {
      const double value = lane_float(type, bits);
      if (value != value) continue;
      ASSERT_EQ(float_lane(type, value), bits) << bits;
    }
  }
}

TEST(Operations, SignedZeroIsNotFoldedAway) {
  const Type f32{DType::f32, 1};
  const Value x = local(f32, "x");
  EXPECT_EQ(binary(ValueOp::add, x, constant(f32, 0.0))->op, ValueOp::add);
  EXPECT_EQ(binary(ValueOp::mul, x, constant(f32, 1.0)), x);
  const Type i32{DType::i32, 4};
  const Value n = local(i32, "n");
  EXPECT_EQ(binary(ValueOp::add, n, constant(i32, 0.0)), n);
}

TEST(EvaluateDeathTest, StopsOutsideABuffer) {
  const auto kernel =
      parse("kernel \"k\" {\n  buffer c: f32[4] write\n  for i in 0..5 { c[i] = constant f32 1 }\n}\n");
  ASSERT_TRUE(kernel);
  std::vector<Memory> memories(1);
  memories[0].bytes.resize(16);
  EXPECT_DEATH(evaluate(*kernel, memories, {}, 0, 1), "index 4 is out of the bounds of c");
}

TEST(Evaluate, PoisonsSlackAndKeepsTheSize) {
  const auto kernel = parse(
      "kernel \"k\" {\n  buffer a: i32[2] read slack 2\n  buffer c: i32[4] write\n  c[0] = load i32x4 "
      "a[0]\n}\n");
  ASSERT_TRUE(kernel && verify(*kernel));
  std::vector<Memory> memories(2);
  memories[0].bytes = {1, 0, 0, 0, 2, 0, 0, 0};
  memories[1].bytes.resize(16);
  evaluate(*kernel, memories, {}, 0, 1);
  EXPECT_EQ(memories[0].bytes.size(), 8u);
  EXPECT_EQ(memories[1].bytes,
            (std::vector<uint8_t>{1, 0, 0, 0, 2, 0, 0, 0, 0xa5, 0xa5, 0xa5, 0xa5, 0xa5, 0xa5, 0xa5, 0xa5}));
}

}  // namespace
}  // namespace weft::loops

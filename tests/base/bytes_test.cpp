#include "base/bytes.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <limits>
#include <vector>

namespace weft {
namespace {

using Bytes = std::vector<uint8_t>;

Bytes leb_u(uint64_t value) {
  ByteWriter out;
  out.leb_u(value);
  return out.take();
}

Bytes leb_s(int64_t value) {
  ByteWriter out;
  out.leb_s(value);
  return out.take();
}

TEST(Bytes, LittleEndian) {
  ByteWriter out;
  out.u8(1);
  out.u16(0x0203);
  out.u32(0x04050607);
  out.u64(0x08090A0B0C0D0E0F);
  out.f32(1.0f);
  out.text("ab");
  out.align(8);
  const Bytes expected = {1,    3,    2,    7, 6, 5,    4,    0x0F, 0x0E, 0x0D, 0x0C, 0x0B,
                          0x0A, 0x09, 0x08, 0, 0, 0x80, 0x3F, 'a',  'b',  0,    0,    0};
  EXPECT_EQ(out.data(), expected);
  ByteReader in(out.data());
  EXPECT_EQ(in.u8().value(), 1);
  EXPECT_EQ(in.u16().value(), 0x0203);
  EXPECT_EQ(in.u32().value(), 0x04050607u);
  EXPECT_EQ(in.u64().value(), 0x08090A0B0C0D0E0Fu);
  EXPECT_EQ(in.f32().value(), 1.0f);
  EXPECT_EQ(in.text(2).value(), "ab");
  EXPECT_EQ(in.remaining(), 3u);
}

TEST(Bytes, FloatsKeepTheirBits) {
  ByteWriter out;
  out.f32(std::bit_cast<float>(0x7FA00001u));
  out.f64(std::bit_cast<double>(uint64_t{0xFFF4000000000003}));
  ByteReader in(out.data());
  EXPECT_EQ(in.u32().value(), 0x7FA00001u);
  EXPECT_EQ(in.u64().value(), 0xFFF4000000000003u);
}

TEST(Bytes, LebWritesTheFewestBytes) {
  EXPECT_EQ(leb_u(0), Bytes({0}));
  EXPECT_EQ(leb_u(127), Bytes({0x7F}));
  EXPECT_EQ(leb_u(128), Bytes({0x80, 1}));
  EXPECT_EQ(leb_u(624485), Bytes({0xE5, 0x8E, 0x26}));
  EXPECT_EQ(leb_u(UINT64_MAX), Bytes({0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1}));
  EXPECT_EQ(leb_s(0), Bytes({0}));
  EXPECT_EQ(leb_s(63), Bytes({0x3F}));
  EXPECT_EQ(leb_s(64), Bytes({0xC0, 0}));
  EXPECT_EQ(leb_s(-1), Bytes({0x7F}));
  EXPECT_EQ(leb_s(-64), Bytes({0x40}));
  EXPECT_EQ(leb_s(-65), Bytes({0xBF, 0x7F}));
  EXPECT_EQ(leb_s(-123456), Bytes({0xC0, 0xBB, 0x78}));
  EXPECT_EQ(leb_s(INT64_MIN), Bytes({0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7F}));
}

TEST(Bytes, LebRoundTripAtEveryPowerOfTwo) {
  for (int shift = 0; shift < 64; shift++) {
    for (int delta = -1; delta <= 1; delta++) {
      const uint64_t value = (uint64_t{1} << shift) + static_cast<uint64_t>(static_cast<int64_t>(delta));
      const Bytes u = leb_u(value);
      EXPECT_EQ(ByteReader(u).leb_u64().value(), value);
      const Bytes s = leb_s(static_cast<int64_t>(value));
      EXPECT_EQ(ByteReader(s).leb_s64().value(), static_cast<int64_t>(value));
      const Bytes u32 = leb_u(static_cast<uint32_t>(value));
      EXPECT_EQ(ByteReader(u32).leb_u32().value(), static_cast<uint32_t>(value));
      const auto narrow = static_cast<int32_t>(static_cast<uint32_t>(value));
      const Bytes s32 = leb_s(narrow);
      EXPECT_EQ(ByteReader(s32).leb_s32().value(), narrow);
    }
  }
}

TEST(Bytes, LebRefusesWhatDoesNotFit) {
  const Bytes too_big = {0xFF, 0xFF, 0xFF, 0xFF, 0x1F};
  EXPECT_FALSE(ByteReader(too_big).leb_u32().has_value());
  EXPECT_EQ(ByteReader(too_big).leb_u64().value(), 0x1FFFFFFFFu);
  const Bytes six_bytes = {0x80, 0x80, 0x80, 0x80, 0x80, 0};
  EXPECT_FALSE(ByteReader(six_bytes).leb_u32().has_value());
  EXPECT_FALSE(ByteReader(six_bytes).leb_s32().has_value());
  const Bytes wrong_sign = {0xFF, 0xFF, 0xFF, 0xFF, 0x4F};
  EXPECT_FALSE(ByteReader(wrong_sign).leb_s32().has_value());
  const Bytes minus_one = {0xFF, 0xFF, 0xFF, 0xFF, 0x7F};
  EXPECT_EQ(ByteReader(minus_one).leb_s32().value(), -1);
  const Bytes padded_zero = {0x80, 0x80, 0x80, 0x80, 0};
  EXPECT_EQ(ByteReader(padded_zero).leb_u32().value(), 0u);
  EXPECT_EQ(ByteReader(padded_zero).leb_s32().value(), 0);
}

TEST(Bytes, AFailedReadMovesNothing) {
  const Bytes bytes = {0x80, 0x80};
  ByteReader in(bytes);
  EXPECT_FALSE(in.leb_u32().has_value());
  EXPECT_FALSE(in.u32().has_value());
  EXPECT_FALSE(in.bytes(3).has_value());
  EXPECT_FALSE(in.bytes(std::numeric_limits<uint64_t>::max()).has_value());
  EXPECT_EQ(in.position(), 0u);
  EXPECT_EQ(in.u16().value(), 0x8080);
  EXPECT_TRUE(in.at_end());
  EXPECT_EQ(in.u8().error().kind, ErrorKind::invalid_model);
}

}  // namespace
}  // namespace weft

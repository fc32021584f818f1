#include "graph/text_case.hpp"

#include "base/utf8.hpp"

namespace weft::graph {
namespace {

struct Range {
  uint32_t first, last;
};
bool within(uint32_t c, Range range) { return c >= range.first && c <= range.last; }

/// Letters whose lower case lies `distance` behind.
struct Shifted {
  Range upper;
  uint32_t distance;
};
/// Without sigma, whose lower case depends on where it stands.
constexpr Shifted kShifted[] = {
    {{'A', 'Z'}, 32},     {{0xc0, 0xd6}, 32},   {{0xd8, 0xde}, 32},   {{0x388, 0x38a}, 37},
    {{0x391, 0x3a1}, 32}, {{0x3a4, 0x3ab}, 32}, {{0x400, 0x40f}, 80}, {{0x410, 0x42f}, 32},
};
/// Neighbours: the upper case has the parity of the range's start.
constexpr Range kPairs[] = {{0x100, 0x12f}, {0x132, 0x137}, {0x139, 0x148}, {0x14a, 0x177},
                            {0x179, 0x17e}, {0x460, 0x481}, {0x48a, 0x4bf}, {0x4d0, 0x52f}};
struct Single {
  uint32_t upper, lower;
};
constexpr Single kSingles[] = {{0x178, 0xff},  {0x386, 0x3ac}, {0x38c, 0x3cc},
                               {0x38e, 0x3cd}, {0x38f, 0x3ce}, {0x4c0, 0x4cf}};
/// No cases: digits and signs, Hebrew to Hangul's neighbours of one case, ideographs, emoji.
constexpr Range kCaseless[] = {{0, 0x40},        {0x5b, 0x60},       {0x7b, 0xb4},      {0xb6, 0xbf},
                               {0xd7, 0xd7},     {0xf7, 0xf7},       {0x2b9, 0x344},    {0x482, 0x489},
                               {0x590, 0x109f},  {0x1100, 0x139f},   {0x2000, 0x2125},  {0x2190, 0x24b5},
                               {0x2500, 0x2bff}, {0x2e80, 0xa63f},   {0xac00, 0xd7ff},  {0xe000, 0xfaff},
                               {0xfe00, 0xff20}, {0x1f000, 0x1fbff}, {0x20000, 0x3ffff}};

std::optional<uint32_t> mapped(uint32_t c, bool upper) {
  for (const Shifted& shifted : kShifted) {
    if (within(c, shifted.upper)) return upper ? c : c + shifted.distance;
    if (within(c, {shifted.upper.first + shifted.distance, shifted.upper.last + shifted.distance}))
      return upper ? c - shifted.distance : c;
  }
  for (const Range& pairs : kPairs)
    if (within(c, pairs)) {
      const uint32_t is_lower = (c - pairs.first) % 2;
      return upper ? c - is_lower : c + 1 - is_lower;
    }
  for (const Single& single : kSingles)
    if (c == single.upper || c == single.lower) return upper ? single.upper : single.lower;
  for (const Range& range : kCaseless)
    if (within(c, range)) return c;
  return std::nullopt;
}

}  // namespace

std::optional<std::string> changed_case(std::string_view text, bool upper) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t bytes = utf8_sequence(text, at);
    if (bytes == 0) return std::nullopt;
    const auto code_point = mapped(utf8_code_point(text.substr(at, bytes)), upper);
    if (!code_point) return std::nullopt;
    append_utf8(out, *code_point);
    at += bytes;
  }
  return out;
}

}  // namespace weft::graph

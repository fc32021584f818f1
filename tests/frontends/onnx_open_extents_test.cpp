// The ranges of extents that nobody has given.
#include "frontends/onnx/open_extents.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

namespace weft::testing {
namespace {

using Ports = std::vector<onnx::Summary::Port>;

std::string written(const onnx::ExtentRange& range) { return fmt::format("{}..{}", range.min, range.max); }

/// "batch=1..64 past=0..1024; x=1x1..1024" for each that is tried.
std::vector<std::string> tried(const Ports& inputs, const Ports& outputs) {
  onnx::Summary summary;
  summary.inputs = inputs;
  summary.outputs = outputs;
  std::vector<std::string> all;
  for (const onnx::ReadOptions& read : onnx::open_extents(summary, {})) {
    std::vector<std::string> words;
    for (const auto& [name, range] : read.dims) words.push_back(name + "=" + written(range));
    for (const auto& [name, shape] : read.shapes) {
      std::vector<std::string> extents;
      for (const onnx::ExtentRange& range : shape) extents.push_back(written(range));
      if (!extents.empty()) words.push_back(fmt::format("{}={}", name, fmt::join(extents, "x")));
    }
    all.push_back(fmt::format("{}", fmt::join(words, " ")));
  }
  return all;
}

TEST(OpenExtents, TheWidestFirst) {
  const std::vector<std::string> all = tried({{"x", "f32[n, 3, h, w]"}}, {{"y", "f32[n, 10]"}});
  ASSERT_EQ(all.size(), 12u);
  EXPECT_EQ(all[0], "h=1..4096 n=1..4096 w=1..4096");
  EXPECT_EQ(all[1], "h=1..1024 n=1..64 w=1..1024");
  EXPECT_EQ(all.back(), "h=1..1 n=1..1 w=1..1");
  EXPECT_EQ(tried({{"x", "f32[?, 3, ?]"}}, {})[1], "x=1..64x3..3x1..1024");
}

TEST(OpenExtents, WhatGrowsMayBeEmpty) {
  const Ports inputs = {{"ids", "i64[batch, seq]"}, {"past", "f32[batch, 4, past, 32]"}};
  const std::vector<std::string> all =
      tried(inputs, {{"logits", "f32[batch, seq, 512]"}, {"present", "f32[batch, 4, total, 32]"}});
  ASSERT_EQ(all.size(), 24u);
  EXPECT_EQ(all[0], "batch=1..4096 past=0..4096 seq=1..4096");
  EXPECT_EQ(all[1], "batch=1..4096 past=1..4096 seq=1..4096");
  EXPECT_EQ(all[2], "batch=1..64 past=0..1024 seq=1..1024");
  EXPECT_EQ(tried(inputs, {{"present", "f32[batch, 4, ?, 32]"}})[0], all[0]);
}

TEST(OpenExtents, WhatDoesNotGrowMayNot) {
  const Ports inputs = {{"x", "f32[n, 4, size]"}};
  for (const char* output : {"f32[n, 4, size]", "f32[m, 4, size]", "f32[n, 8, other]", "i64[n, 4, other]",
                             "f32[n, 4, size, 1]", "f32[n, 5, size]", "f32"})
    EXPECT_EQ(tried(inputs, {{"y", output}}).size(), 12u) << output;
}

}  // namespace
}  // namespace weft::testing

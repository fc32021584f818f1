// picture_input: the pixels that the model gets, for every order of channels, layout and type; what is
// refused.
#include <fmt/format.h>

#include "passes/passes.hpp"
#include "passes/passes_support.hpp"

namespace weft::passes {
namespace {

using graph::Graph;
using graph::Tensor;

/// y = -x, of an input x.
Graph model(const std::string& type, const std::string& name = "x", const std::string& more = "") {
  const auto g = graph::parse(fmt::format(
      "graph \"t\" {{\n  %x = input \"{1}\" : {0}\n{2}  %y = neg(%x) : {0}\n  output \"y\" = %y\n}}\n", type,
      name, more));
  EXPECT_TRUE(g.has_value()) << type;
  return g ? *g : Graph();
}

/// Two rows, three columns: byte 10 * pixel + channel, and an alpha that nobody is to read.
Tensor rgba() {
  Tensor t{DType::u8, {1, 2, 3, 4}, {}};
  for (uint8_t pixel = 0; pixel < 6; ++pixel)
    for (uint8_t c = 0; c < 4; ++c) t.bytes.push_back(c == 3 ? 99 : static_cast<uint8_t>(10 * pixel + c));
  return t;
}

/// What the model sees.
std::vector<double> pixels(Graph g, const PictureInput& spec) {
  auto with = picture_input(std::move(g), spec);
  EXPECT_TRUE(with.has_value()) << to_string(with.error());
  if (!with) return {};
  EXPECT_TRUE(graph::verify(*with).has_value()) << to_string(graph::verify(*with).error());
  EXPECT_EQ(with->inputs.front().name, "image");
  EXPECT_EQ(graph::to_string(with->values[with->inputs.front().value].type), "u8[1, 2, 3, 4]");
  const auto again = graph::parse(graph::print(*with));
  EXPECT_TRUE(again.has_value());
  const std::vector<Tensor> out = evaluated(*with, {rgba()});
  std::vector<double> values = out.empty() ? std::vector<double>() : numbers(out[0]);
  for (double& value : values) value = -value;
  return values;
}

PictureInput plain(PictureChannels channels = PictureChannels::rgb) {
  const size_t count = channels == PictureChannels::grey ? 1 : 3;
  return {
      "", channels, PixelLayout::by_shape, 1, std::vector<double>(count, 0), std::vector<double>(count, 1)};
}

TEST(PictureInput, Layouts) {
  const std::vector<double> planes = {0, 10, 20, 30, 40, 50, 1, 11, 21, 31, 41, 51, 2, 12, 22, 32, 42, 52};
  const std::vector<double> rows = {0, 1, 2, 10, 11, 12, 20, 21, 22, 30, 31, 32, 40, 41, 42, 50, 51, 52};
  EXPECT_EQ(pixels(model("f32[1, 3, 2, 3]"), plain()), planes);
  EXPECT_EQ(pixels(model("f32[3, 2, 3]"), plain()), planes);
  EXPECT_EQ(pixels(model("f64[1, 3, 2, 3]"), plain()), planes);
  PictureInput last = plain();
  last.layout = PixelLayout::nhwc;
  EXPECT_EQ(pixels(model("f32[1, 2, 3, 3]"), last), rows);
  EXPECT_EQ(pixels(model("f32[2, 3, 3]"), plain()), rows);
}

TEST(PictureInput, Channels) {
  EXPECT_EQ(pixels(model("f32[1, 3, 2, 3]"), plain(PictureChannels::bgr)),
            (std::vector<double>{2, 12, 22, 32, 42, 52, 1, 11, 21, 31, 41, 51, 0, 10, 20, 30, 40, 50}));
  const std::vector<double> grey = pixels(model("f32[1, 1, 2, 3]"), plain(PictureChannels::grey));
  ASSERT_EQ(grey.size(), 6U);
  for (size_t i = 0; i < 6; ++i)
    EXPECT_NEAR(grey[i], 10.0 * static_cast<double>(i) + 0.587 + 2 * 0.114, 1e-5);
}

TEST(PictureInput, MeansAndDeviations) {
  PictureInput spec = plain();
  spec.scale = 0.5;
  spec.mean = {1, 2, 3};
  spec.std = {1, 2, 4};
  const std::vector<double> got = pixels(model("f32[1, 3, 2, 3]"), spec);
  ASSERT_EQ(got.size(), 18U);
  for (size_t c = 0; c < 3; ++c)
    for (size_t p = 0; p < 6; ++p)
      EXPECT_NEAR(got[c * 6 + p], (0.5 * static_cast<double>(10 * p + c) - spec.mean[c]) / spec.std[c], 1e-5);
}

TEST(PictureInput, NamesThatAreTaken) {
  // The model's own input may be called image, and so may a value within.
  EXPECT_EQ(pixels(model("f32[1, 3, 2, 3]", "image"), plain()).size(), 18U);
}

TEST(PictureInput, Refusals) {
  const auto refused = [](const Graph& g, const PictureInput& spec) {
    const auto result = picture_input(g, spec);
    EXPECT_FALSE(result.has_value());
    return result ? "" : to_string(result.error());
  };
  EXPECT_NE(refused(model("f32[1, 4, 2, 3]"), plain(PictureChannels::grey)).find("no picture of 1 channel"),
            std::string::npos);
  EXPECT_NE(refused(model("f32[2, 3, 2, 3]"), plain()).find("as 1x3xHxW or 1xHxWx3"), std::string::npos);
  EXPECT_NE(refused(model("f32[3]"), plain()).find("no picture"), std::string::npos);
  PictureInput other = plain();
  other.input = "z";
  EXPECT_NE(refused(model("f32[1, 3, 2, 3]"), other).find("no input is called z; there are x"),
            std::string::npos);
  const Graph two = model("f32[1, 3, 2, 3]", "x", "  %i = input \"image\" : f32[1]\n");
  EXPECT_NE(refused(two, plain()).find("say which input"), std::string::npos);
  PictureInput first = plain();
  first.input = "x";
  EXPECT_NE(refused(two, first).find("called image already"), std::string::npos);
}

}  // namespace
}  // namespace weft::passes

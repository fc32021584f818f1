// The header of an object: tests/bundle/object.h, which a C and a C++ compiler take too. WEFT_UPDATE=1
// rewrites it.
#include "bundle/c_header.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace weft::bundle {
namespace {

Manifest open_model() {
  Manifest manifest;
  manifest.generator = "weft 0";
  manifest.symbols = {{"seq len", {1, 512}, 1}, {"seq_len", {32, 64}, 32}};
  manifest.inputs = {{"x", DType::f32, {1, 512}, {"1", "seq len"}},
                     {"X", DType::i64, {64}, {"seq_len"}},
                     {kResetInput, DType::boolean, {}},
                     {"/* \\ $name", DType::boolean, {2}}};
  manifest.outputs = {{"y", DType::f16, {2, 3}}, {"größe", DType::f64, {512, 4}, {"seq len", "4"}}};
  manifest.weights_bytes = 1000;
  manifest.variants.emplace_back().memory.total_bytes = 4097;
  return manifest;
}

TEST(CHeader, DeclaresEverythingThatAnObjectHas) {
  const Manifest manifest = open_model();
  const CInterface names = c_interface(manifest, "m");
  const std::string text = c_header(manifest, names, {.external_weights = true, .checks = true});
  const std::string path = WEFT_SOURCE_DIR "/tests/bundle/object.h";
  std::stringstream expected;
  expected << std::ifstream(path).rdbuf();
  EXPECT_EQ(text, expected.str());
  if (std::getenv("WEFT_UPDATE") != nullptr) std::ofstream(path) << text;
}

TEST(CHeader, NamesDifferWithoutRegardToCase) {
  const CInterface names = c_interface(open_model(), "m");
  ASSERT_EQ(names.inputs.size(), 3u);
  EXPECT_EQ(names.inputs[0].symbol, "m_input_x");
  EXPECT_EQ(names.inputs[1].symbol, "m_input_X_2");
  EXPECT_EQ(names.inputs[2].port, 3u);
  EXPECT_EQ(names.outputs[1].shape_at, 2u);
  EXPECT_EQ(names.dimensions, (std::vector<std::string>{"n_seq_len", "n_seq_len_2"}));
  EXPECT_TRUE(names.states);
}

TEST(CHeader, IdentifiersBeginWithALetter) {
  EXPECT_EQ(c_identifier("squeezenet1.1"), "squeezenet1_1");
  EXPECT_EQ(c_identifier("3d-net"), "m_3d_net");
  EXPECT_EQ(c_identifier(""), "m_");
  EXPECT_EQ(c_identifier("né"), "n__");
}

}  // namespace
}  // namespace weft::bundle

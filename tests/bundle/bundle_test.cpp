#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/bytes.hpp"
#include "bundle/javascript.hpp"
#include "bundle/manifest.hpp"
#include "bundle/text.hpp"
#include "bundle/weights.hpp"

namespace weft::bundle {
namespace {

using graph::Graph;
using nlohmann::ordered_json;

std::string text_of(const BundleFile& file) {
  std::string out;
  for (const Piece& piece : file.pieces)
    if (const auto* bytes = std::get_if<std::vector<uint8_t>>(&piece))
      out.append(bytes->begin(), bytes->end());
  return out;
}

/// %w is a range of blob 0 behind that of %v; %b is held; two names are equal once they are UTF-8.
struct Model {
  Graph g;
  graph::ValueId x, w, v, b, odd, odd_too;

  Model() {
    g.name = "model \"\xff\"";
    x = graph::add_input(g, "in */ \"put\"\n", {DType::f32, {1, 3}});
    w = graph::add_constant(g, "w", {DType::f32, {2, 3}}, BlobRange{0, 1000, 24});
    v = graph::add_constant(g, "v", {DType::i64, {1}}, BlobRange{0, 100, 8});
    b = graph::add_constant(g, "__metadata__", {DType::boolean, {3}}, std::vector<uint8_t>{1, 0, 1});
    odd = graph::add_constant(g, "\x80", {DType::u8, {1}}, BlobRange{1, 0, 1});
    odd_too = graph::add_constant(g, "\x81", {DType::u8, {}}, BlobRange{1, 1, 1});
    g.outputs.push_back({"out", x});
  }
  std::vector<graph::ValueId> constants() const { return {v, w, odd, odd_too, b}; }
};

TEST(Weights, IsSafetensors) {
  const Model m;
  const auto weights = write_weights(m.g, m.constants());
  ASSERT_TRUE(weights.has_value()) << to_string(weights.error());
  EXPECT_EQ(weights->header_bytes % 64, 0u);
  EXPECT_EQ(weights->data_bytes, 8u + 24 + 1 + 1 + 3);
  EXPECT_EQ(size(weights->file), weights->header_bytes + weights->data_bytes);
  const auto& head = std::get<std::vector<uint8_t>>(weights->file.pieces[0]);
  ByteReader reader(head);
  EXPECT_EQ(*reader.u64(), head.size() - 8);
  const auto header = ordered_json::parse(head.begin() + 8, head.end(), nullptr, false);
  ASSERT_TRUE(header.is_object());
  EXPECT_EQ(
      header.dump(),
      R"({"v":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},"w":{"dtype":"F32","shape":[2,3],"data_offsets":[8,32]},)"
      "\"\xef\xbf\xbd\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[32,33]},"
      "\"\xef\xbf\xbd_1\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[33,34]},"
      R"("__metadata___1":{"dtype":"BOOL","shape":[3],"data_offsets":[34,37]}})");
  EXPECT_EQ(std::get<BlobRange>(weights->file.pieces[2]), (BlobRange{0, 1000, 24}));
  EXPECT_EQ(weights->tensors.at(m.w), (WeightRange{8, 24}));
}

TEST(Weights, SizesMustFitTypes) {
  Model m;
  m.g.constants[m.w] = BlobRange{0, 1000, 20};
  const auto weights = write_weights(m.g, m.constants());
  ASSERT_FALSE(weights.has_value());
  EXPECT_EQ(to_string(weights.error()),
            "node \"w\": the constant of type f32[2, 3] has 20 bytes instead of 24");
}

TEST(Weights, MayBeNone) {
  const auto weights = write_weights(Graph{}, {});
  ASSERT_TRUE(weights.has_value());
  EXPECT_EQ(size(weights->file), 64u);
  EXPECT_EQ(weights->data_bytes, 0u);
}

constexpr std::string_view kProgram = R"(program {
  buffer b0 input "x" 12
  buffer b1 output "y" 12
  buffer b2 weights "w" 24
  buffer b3 weights "v" 8
  prepare {
  }
  run {
    copy b1 <- b2 12
  }
}
)";

TEST(Manifest, DescribesPlacedProgram) {
  const Model m;
  const auto weights = write_weights(m.g, m.constants());
  ASSERT_TRUE(weights.has_value());
  auto program = plan::parse(kProgram);
  ASSERT_TRUE(program.has_value()) << to_string(program.error());
  const auto memory = plan::place_buffers(*program, plan::static_size(*program));
  ASSERT_TRUE(memory.has_value());
  plan::Nodes nodes;
  nodes.add("Conv_\xc0");
  const plan::StaticData tables = plan::make_static_data(*program, nodes);
  Manifest manifest = make_manifest(m.g, *weights, "weft test");
  manifest.nodes = nodes.names();
  manifest.variants.push_back(make_variant("simd128", "model.wasm", *program, *memory, tables, *weights,
                                           {{m.w, 2}, {m.v, 3}}, {0}, {1}));

  const auto section = ordered_json::parse(manifest_section(manifest), nullptr, false);
  ASSERT_TRUE(section.is_object());
  EXPECT_FALSE(section.contains("files"));
  EXPECT_EQ(section["abi"].dump(), R"({"major":1,"minor":1})");
  EXPECT_EQ(section["name"], "model \"\xef\xbf\xbd\"");
  EXPECT_EQ(section["inputs"][0]["name"], "in */ \"put\"\n");
  EXPECT_EQ(section["inputs"][0]["shape"].dump(), "[1,3]");
  EXPECT_EQ(section["nodes"].dump(), "[\"Conv_\xef\xbf\xbd\"]");
  EXPECT_EQ(section["weights"].dump(), R"({"bytes":37,"tensors":5})");
  const auto& variant = section["variants"][0];
  EXPECT_EQ(
      variant["memory"].dump(),
      R"({"pages":1,"static":1024,"weights":64,"resident":0,"arena":128,"run_arena":0,"peak_live":24})");
  EXPECT_EQ(variant["entries"].dump(), R"([{"name":"prepare","records":128},{"name":"run","records":160}])");
  const std::string v_address = std::to_string(program->buffers[3].address),
                    w_address = std::to_string(program->buffers[2].address);
  EXPECT_EQ(variant["weights"].dump(), "[[0," + v_address + ",8],[8," + w_address + ",24]]");
  EXPECT_EQ(variant["inputs"].dump(), "[" + std::to_string(program->buffers[0].address) + "]");

  const HashedFile file{"model.wasm", "simd128", 7, "ab"}, shared{"model.weights", "", 9, "cd"};
  const auto full =
      ordered_json::parse(manifest_with_files(manifest, std::vector{file, shared}), nullptr, false);
  EXPECT_EQ(full["files"].dump(),
            R"([{"name":"model.wasm","variant":"simd128","bytes":7,"sha256":"ab","integrity":"sha256-qw=="},)"
            R"({"name":"model.weights","bytes":9,"sha256":"cd","integrity":"sha256-zQ=="}])");
  auto without = full;
  without.erase("files");
  EXPECT_EQ(without, section);

  manifest.weights_file_bytes = 50;
  manifest.weights_chunks = {"0a", "0b"};
  const auto hashed =
      ordered_json::parse(manifest_with_files(manifest, std::vector<HashedFile>{}), nullptr, false);
  EXPECT_EQ(hashed["weights"].dump(),
            R"({"bytes":37,"tensors":5,"file_bytes":50,"chunk_bytes":4194304,"sha256":["0a","0b"]})");
}

TEST(JavaScript, TypesOfInputsAndOutputs) {
  const Model m;
  const auto weights = write_weights(m.g, {});
  Manifest manifest = make_manifest(m.g, *weights, "weft test");
  manifest.variants.emplace_back().file = "model.wasm";
  const std::string own =
      "\nexport interface Inputs {\n  /** f32 [1, 3] */\n  \"in */ \\\"put\\\"\\n\": "
      "TensorLike<Float32Array>;\n}\n"
      "\nexport interface Outputs {\n  /** f32 [1, 3] */\n  \"out\": Float32Array;\n}\n";
  const std::string types =
      text_of(write_model_dts(manifest, "export type A = 1;\n// --- load ---\nleft out"));
  EXPECT_TRUE(types.starts_with("export type A = 1;\n" + own)) << types;
  EXPECT_EQ(types.find("left out"), std::string::npos);
  EXPECT_NE(types.find("load(options?: LoadOptions): Promise<Model<Inputs, Outputs>>;"), std::string::npos);
  EXPECT_NE(text_of(write_model_dts(manifest)).find("export interface LoadOptions"), std::string::npos);
  const std::string code =
      text_of(write_model_js({"const weft = (() => {})();", "const media = (() => {})();"}, manifest));
  EXPECT_TRUE(
      code.starts_with("const weft = (() => {})();\nconst manifest = " + manifest_section(manifest) + ";\n"))
      << code;
  EXPECT_NE(code.find("  \"model.wasm\": new URL(\"./model.wasm\", import.meta.url),\n"), std::string::npos);
}

TEST(Text, ReplacesWhatIsNoUtf8) {
  const std::string bad = "\xef\xbf\xbd";
  EXPECT_EQ(valid_utf8("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"), "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
  EXPECT_EQ(valid_utf8("\xc0\x80"), bad + bad);
  EXPECT_EQ(valid_utf8("\xed\xa0\x80"), bad + bad + bad) << "a surrogate";
  EXPECT_EQ(valid_utf8("\xe2\x82"), bad + bad);
  EXPECT_EQ(valid_utf8("\xf4\x90\x80\x80"), bad + bad + bad + bad);
  EXPECT_EQ(json_string("\xe2\x80\xa8\"\\\x01"), R"("\u2028\"\\\u0001")");
  // What JSON's own decoder accepts after any two bytes beyond ASCII.
  for (int first = 0x80; first < 256; ++first) {
    for (int second = 0x80; second < 256; ++second) {
      const std::string text = {static_cast<char>(first), static_cast<char>(second), '\xbf', '\xbf'};
      const bool valid = valid_utf8(text) == text;
      EXPECT_NE(ordered_json::parse("\"" + text + "\"", nullptr, false).is_discarded(), valid)
          << first << " " << second;
      EXPECT_FALSE(ordered_json::parse("\"" + valid_utf8(text) + "\"", nullptr, false).is_discarded())
          << first << " " << second;
    }
  }
}

}  // namespace
}  // namespace weft::bundle

// The core of wasi-nn on the native backend: ONNX bytes and weft bundles from a guest, what they cost and
// share, hostile modules.
#include "native/nn/backend.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstring>
#include <thread>

#include "nn/session.hpp"
#include "support/bundle_folder.hpp"
#include "support/onnx_writer.hpp"

namespace weft::native {
namespace {

using nn::Encoding;
using nn::Errno;
using weft::testing::attr;
using weft::testing::BundleFolder;
using weft::testing::floats;
using weft::testing::kInt64;
using weft::testing::OnnxModel;

std::span<const uint8_t> bytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

constexpr uint32_t kAutodetect = static_cast<uint32_t>(Encoding::autodetect), kCpu = 0;

struct Fixture : ::testing::Test {
  std::atomic<bool> stop = false;
  Backend backend{stop};
  nn::Registry registry;
  nn::Session session;

  explicit Fixture(const nn::Limits& limits = {}) : session(backend, registry, limits) {}

  nn::Outcome<nn::Handle> load(const std::vector<std::string>& parts, uint32_t encoding = kAutodetect) {
    std::vector<std::span<const uint8_t>> spans;
    for (const std::string& part : parts) spans.push_back(bytes(part));
    return session.load(spans, encoding, kCpu);
  }
  /// Code and text of what did not load.
  std::string refused(const std::vector<std::string>& parts) {
    const auto graph = load(parts);
    return graph ? "loaded" : std::string(to_string(graph.error().code)) + ": " + graph.error().text;
  }
  nn::Handle context(const std::vector<std::string>& parts) {
    const auto graph = load(parts);
    EXPECT_TRUE(graph) << graph.error().text;
    const auto made = session.init_execution_context(graph.value_or(0));
    EXPECT_TRUE(made) << made.error().text;
    return made.value_or(0);
  }
  template <class T>
  nn::Outcome<void> set(nn::Handle context, DType dtype, const std::vector<uint32_t>& dims,
                        const std::vector<T>& values) {
    return session.set_input(
        context, 0,
        {dtype, dims, {reinterpret_cast<const uint8_t*>(values.data()), values.size() * sizeof(T)}});
  }
  std::vector<float> result(nn::Handle context) {
    const auto tensor = session.output(context, 0);
    EXPECT_TRUE(tensor) << tensor.error().text;
    std::vector<float> values(tensor ? tensor->data.size() / 4 : 0);
    if (!values.empty()) std::memcpy(values.data(), tensor->data.data(), 4 * values.size());
    return values;
  }
};

/// y = x + w
std::string adds(const std::vector<float>& w) {
  return OnnxModel(17)
      .input("x", {3})
      .initializer(floats("w", {3}, w))
      .node("Add", {"x", "w"}, {"y"})
      .output("y")
      .bytes();
}

/// y = table[index]
std::string picks() {
  return OnnxModel(17)
      .input("index", {2}, kInt64)
      .initializer(floats("table", {3}, {5, 6, 7}))
      .node("Gather", {"table", "index"}, {"y"}, {attr("axis", 0)}, "Pick")
      .output("y")
      .bytes();
}

compile::CompileOptions simd() {
  compile::CompileOptions options;
  options.variants = {"simd128"};
  return options;
}

TEST_F(Fixture, OnnxBytesAreCompiledAndRun) {
  const nn::Handle a = context({adds({1, 2, 3})}), b = context({adds({10, 20, 30})});
  const std::vector<float> x = {1, 1, 1};
  for (const nn::Handle handle : {a, b}) {
    ASSERT_TRUE(set(handle, DType::f32, {3}, x));
    ASSERT_TRUE(session.compute(handle));
  }
  EXPECT_EQ(result(a), (std::vector<float>{2, 3, 4}));
  EXPECT_EQ(result(b), (std::vector<float>{11, 21, 31}));
  // The input stays for another run; what does not fit leaves it.
  EXPECT_FALSE(set(a, DType::f32, {2}, x));
  ASSERT_TRUE(session.compute(a));
  EXPECT_EQ(result(a), (std::vector<float>{2, 3, 4}));
}

TEST_F(Fixture, TheSameBytesShareAModelWhileItIsInUse) {
  const auto model = [&](nn::Handle handle) { return session.model(handle).value_or(nullptr); };
  const nn::Handle first = context({adds({1, 2, 3})}), second = context({adds({1, 2, 3})}),
                   other = context({adds({3, 2, 1})});
  EXPECT_EQ(model(first), model(second));
  EXPECT_NE(model(first), model(other));
}

TEST_F(Fixture, ABundleIsAModuleAndItsWeights) {
  const BundleFolder bundle(adds({1, 2, 3}), simd());
  const std::string code = bundle.read("model.wasm"), weights = bundle.read("model.weights");
  const nn::Handle handle = context({code, weights});
  ASSERT_TRUE(set(handle, DType::f32, {3}, std::vector<float>{4, 4, 4}));
  ASSERT_TRUE(session.compute(handle));
  EXPECT_EQ(result(handle), (std::vector<float>{5, 6, 7}));
  EXPECT_EQ(refused({code}).substr(0, 18), "invalid_encoding: ");
  EXPECT_EQ(refused({code, weights.substr(1)}).substr(0, 18), "invalid_encoding: ");
  EXPECT_EQ(refused({code, weights, weights}),
            "invalid_encoding: a weft bundle is at most two parts: a module, and model.weights");
  EXPECT_EQ(refused({code.substr(0, 8)}),
            "invalid_encoding: the module is no module of a weft bundle: it has no section \"weft\"");
  EXPECT_EQ(refused({code.substr(0, code.size() - 9), weights}).substr(0, 18), "invalid_encoding: ");
}

TEST_F(Fixture, ValuesOutOfRangeAreErrorsOfTheRun) {
  const nn::Handle handle = context({picks()});
  ASSERT_TRUE(set(handle, DType::i64, {2}, std::vector<int64_t>{1, 3}));
  const auto ran = session.compute(handle);
  ASSERT_FALSE(ran);
  EXPECT_EQ(ran.error().code, Errno::runtime_error);
  EXPECT_EQ(ran.error().text, "node Pick: expected index = -3..2, got 3");
  ASSERT_TRUE(set(handle, DType::i64, {2}, std::vector<int64_t>{-1, 0}));
  ASSERT_TRUE(session.compute(handle));
  EXPECT_EQ(result(handle), (std::vector<float>{7, 5}));
}

TEST_F(Fixture, OpenExtentsAreWhatTheInputsSay) {
  const std::string model =
      OnnxModel(17).input("x", {"n", "", 2}).node("Neg", {"x"}, {"y"}).output("y").bytes();
  const nn::Handle handle = context({model});
  for (const uint32_t n : {1u, 4096u, 3u}) {
    ASSERT_TRUE(set(handle, DType::f32, {n, 2, 2}, std::vector<float>(4 * n, 5)));
    ASSERT_TRUE(session.compute(handle));
    EXPECT_EQ(session.output(handle, 0)->dims[0], n);
    EXPECT_EQ(result(handle), std::vector<float>(4 * n, -5));
  }
  EXPECT_EQ(set(handle, DType::f32, {4097, 2, 2}, std::vector<float>(4 * 4097 * 2)).error().code,
            Errno::invalid_argument);
  // At the greatest extents this takes gigabytes: they are smaller then, above all the leading one.
  const std::string wide = OnnxModel(17)
                               .input("x", {"h", "w", 64})
                               .node("Exp", {"x"}, {"e"})
                               .node("Softmax", {"e"}, {"y"}, {attr("axis", 0)})
                               .output("y")
                               .bytes();
  const nn::Handle roomy = context({wide});
  ASSERT_TRUE(set(roomy, DType::f32, {64, 1, 64}, std::vector<float>(64 * 64)));
  EXPECT_TRUE(session.compute(roomy));
  ASSERT_TRUE(set(roomy, DType::f32, {1, 1024, 64}, std::vector<float>(1024 * 64)));
  EXPECT_TRUE(session.compute(roomy));
  EXPECT_FALSE(set(roomy, DType::f32, {65, 1, 64}, std::vector<float>(65 * 64)));
}

struct Small : Fixture {
  Small() : Fixture({.bytes = 8 << 20}) {}
};

TEST_F(Small, AContextHasOnlyTheMemoryThatItsInputsNeed) {
  // At the greatest extents the rows alone are 256 MiB.
  const std::string model =
      OnnxModel(17).input("x", {"n", 16384}).node("Neg", {"x"}, {"y"}).output("y").bytes();
  const nn::Handle handle = context({model});
  const auto run = [&](uint32_t n) {
    EXPECT_TRUE(set(handle, DType::f32, {n, 16384}, std::vector<float>(16384 * n, 5)));
    return session.compute(handle);
  };
  EXPECT_TRUE(run(2));
  const auto beyond = run(4096);
  ASSERT_FALSE(beyond);
  EXPECT_EQ(beyond.error().code, Errno::missing_memory) << beyond.error().text;
  ASSERT_TRUE(run(1));
  EXPECT_EQ(result(handle), std::vector<float>(16384, -5));
}

TEST_F(Fixture, WhatDoesNotCompileSaysWhy) {
  const std::string unknown =
      OnnxModel(17).input("x", {3}).node("Frobnicate", {"x"}, {"y"}).output("y").bytes();
  EXPECT_NE(refused({unknown}).find("unsupported_operation: "), std::string::npos);
  EXPECT_NE(refused({unknown}).find("Frobnicate"), std::string::npos);
  const std::string model = adds({1, 2, 3});
  EXPECT_EQ(refused({model.substr(0, model.size() - 3)}).substr(0, 18), "invalid_encoding: ");
  EXPECT_EQ(refused({model, model}).substr(0, 23), "unsupported_operation: ");
}

/// A bundle's module with bytes of one of its manifest's numbers replaced.
TEST_F(Fixture, AModuleThatPointsOutsideOfItsMemoryIsAnErrorOfTheRun) {
  const BundleFolder bundle(adds({1, 2, 3}), simd());
  const std::string code = bundle.read("model.wasm"), weights = bundle.read("model.weights");
  size_t changed = 0;
  // Every number of the manifest, one after the other, becomes nines: what is accepted must not crash.
  const size_t begin = code.find("{\"abi\""), end = code.find("weft.variant");
  ASSERT_LT(begin, end);
  for (size_t at = begin; at < end; ++at) {
    const auto is_digit = [&](size_t i) { return code[i] >= '0' && code[i] <= '9'; };
    if (!is_digit(at) || is_digit(at - 1)) continue;
    std::string damaged = code;
    for (size_t i = at; is_digit(i); ++i) damaged[i] = '9';
    ++changed;
    const auto graph = load({damaged, weights});
    if (!graph) continue;
    const auto made = session.init_execution_context(*graph);
    if (made && set(*made, DType::f32, {3}, std::vector<float>{4, 4, 4}) && session.compute(*made))
      (void)session.output(*made, 0);
    EXPECT_TRUE(session.unload(*graph));
  }
  EXPECT_GT(changed, 20u);
}

/// A section of a module's binary form.
std::string section(char id, const std::string& contents) {
  std::string out(1, id);
  size_t size = contents.size();
  for (; size >= 0x80; size >>= 7) out += static_cast<char>(size | 0x80);
  return out + static_cast<char>(size) + contents;
}

TEST_F(Fixture, AModuleGetsNoMemoryOfItsOwn) {
  const BundleFolder bundle(adds({1, 2, 3}), simd());
  std::string code = bundle.read("model.wasm");
  // Behind the imports (section 2) and functions (3) and tables (4) a memory of one page would stand:
  // section 5.
  size_t at = 8;
  while (at < code.size() && (code[at] == 0 || code[at] < 5)) {
    size_t size = 0, next = at + 1;
    for (int shift = 0;; shift += 7) {
      const auto byte = static_cast<uint8_t>(code[next++]);
      size |= size_t{byte & 0x7fu} << shift;
      if ((byte & 0x80) == 0) break;
    }
    at = next + size;
  }
  ASSERT_LT(at, code.size());
  code.insert(at, section(5, std::string("\1\0\1", 3)));
  const auto graph = load({code, bundle.read("model.weights")});
  ASSERT_TRUE(graph) << graph.error().text;
  const auto made = session.init_execution_context(*graph);
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().text.find("memory count too high"), std::string::npos) << made.error().text;
}

TEST_F(Fixture, AModuleWhoseStepDoesNotReturnIsInterrupted) {
  // step is `loop br 0 end`, in a module with the manifest of a real one.
  const BundleFolder bundle(OnnxModel(17).input("x", {3}).node("Neg", {"x"}, {"y"}).output("y").bytes(),
                            simd());
  const std::string real = bundle.read("model.wasm");
  const std::span<const uint8_t> manifest = custom_section(bytes(real), "weft");
  const std::string spinning =
      std::string("\0asm\1\0\0\0", 8) + section(0, "\4weft" + std::string(manifest.begin(), manifest.end())) +
      section(1, std::string("\1\x60\2\x7f\x7f\1\x7f", 7)) +
      section(2, std::string("\1\3env\6memory\2\1\0\x80\x80\4", 18)) + section(3, std::string("\1\0", 2)) +
      section(7, std::string("\1\4step\0\0", 8)) +
      section(10, std::string("\1\x09\0\3\x40\x0c\0\x0b\x41\0\x0b", 11));
  const auto graph = load({spinning});
  ASSERT_TRUE(graph) << graph.error().text;
  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    stop = true;
    backend.interrupt();
  });
  auto made = session.init_execution_context(*graph);
  if (made && set(*made, DType::f32, {3}, std::vector<float>{4, 4, 4})) {
    const auto ran = session.compute(*made);
    ASSERT_FALSE(ran);
    EXPECT_EQ(ran.error().code, Errno::runtime_error);
    EXPECT_EQ(ran.error().text, "the run was interrupted");
  } else {
    ASSERT_FALSE(made);  // prepare spins
    EXPECT_EQ(made.error().code, Errno::runtime_error);
    EXPECT_EQ(made.error().text, "the run was interrupted");
  }
  other.join();
}

}  // namespace
}  // namespace weft::native

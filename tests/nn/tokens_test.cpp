// compute_single and its kin, and the choice of a token.
#include <cmath>
#include <limits>

#include "nn/guest.hpp"
#include "nn/sampler.hpp"
#include "nn/token_options.hpp"

namespace weft::nn {
namespace {

using Tokens = std::vector<int>;

struct Decoder : Guest {
  uint32_t handle = 0;

  explicit Decoder(std::string_view recipe, std::string_view config = {}, Limits limits = {})
      : Guest(limits) {
    registry.add("d", [this, recipe = std::string(recipe)] { return backend.model(recipe); });
    const Errno code = configure(config);
    EXPECT_EQ(code, Errno::success);
    if (code == Errno::success) handle = context(word(0));
    logged.clear();
  }
  Errno configure(std::string_view config) {
    top = 16;
    const uint32_t name = put("d"), text = put(config);
    return call("load_by_name_with_config", {name, 1, text, static_cast<uint32_t>(config.size()), 0});
  }
  Errno prompt(const Tokens& ids) {
    top = 16;
    std::vector<uint8_t> bytes;
    for (const int id : ids) {
      bytes.push_back(static_cast<uint8_t>(id));
      bytes.insert(bytes.end(), 7, 0);
    }
    return set_input(handle, 0, {1, static_cast<uint32_t>(ids.size())}, kI64, bytes);
  }
  Errno step() { return call("compute_single", {handle}); }
  Errno compute() { return call("compute", {handle}); }
  Errno fini() { return call("fini_single", {handle}); }
  /// The id of get_output_single(0): -1 where it does not answer.
  int token() {
    if (call("get_output_single", {handle, 0, 0x8000, 64, 8}) != Errno::success) return -1;
    EXPECT_EQ(word(8), 8U);
    return static_cast<int>(word(0x8000));
  }
  /// What comes until a step does not succeed.
  Tokens all(Errno end) {
    Tokens out;
    Errno code = step();
    for (; code == Errno::success && out.size() < 100; code = step()) out.push_back(token());
    EXPECT_EQ(code, end);
    return out;
  }
};

TEST(TokenLoop, AModelWithStatesIsGivenWhatItHasNotSeen) {
  Decoder guest("count i64 1 1-4", R"({"n-predict": 4})");
  EXPECT_EQ(guest.prompt({1, 2}), Errno::success);
  EXPECT_EQ(guest.all(Errno::end_of_sequence), Tokens({3, 6, 12, 8}));
  EXPECT_EQ(guest.backend.shared->runs, std::vector<uint32_t>({2, 1, 1, 1}));
  EXPECT_EQ(guest.step(), Errno::end_of_sequence);
  EXPECT_EQ(guest.token(), -1);
  // A new prompt goes on with the states: 1 + 2 + 3 + 6 + 12 + 5.
  EXPECT_EQ(guest.prompt({5}), Errno::success);
  EXPECT_EQ(guest.step(), Errno::success);
  EXPECT_EQ(guest.token(), 29 % 16);
  EXPECT_EQ(guest.fini(), Errno::success);
  EXPECT_EQ(guest.token(), -1);
  EXPECT_EQ(guest.step(), Errno::invalid_argument);
  EXPECT_EQ(guest.prompt({1, 2}), Errno::success);
  EXPECT_EQ(guest.all(Errno::end_of_sequence), Tokens({3, 6, 12, 8}));
}

TEST(TokenLoop, AModelWithoutStatesIsGivenAllAgain) {
  Decoder guest("again i64 1 1-4");
  EXPECT_EQ(guest.prompt({1, 2}), Errno::success);
  EXPECT_EQ(guest.all(Errno::context_full), Tokens({3, 6, 12}));
  EXPECT_EQ(guest.backend.shared->runs, std::vector<uint32_t>({2, 3, 4}));
  EXPECT_EQ(guest.step(), Errno::context_full);
  // No run takes it, so it is no input.
  EXPECT_EQ(guest.prompt({1, 2, 3, 4, 5}), Errno::invalid_argument);
  EXPECT_EQ(guest.step(), Errno::context_full);
  EXPECT_EQ(guest.prompt({7}), Errno::success);
  EXPECT_EQ(guest.step(), Errno::success);
  EXPECT_EQ(guest.token(), 7);
}

TEST(TokenLoop, APromptIsReadInPieces) {
  Decoder guest("count i64 1 1-4");
  EXPECT_EQ(guest.prompt({1, 1, 1, 1, 1, 1, 1}), Errno::success);
  EXPECT_EQ(guest.compute(), Errno::invalid_argument);
  EXPECT_EQ(guest.step(), Errno::success);
  EXPECT_EQ(guest.token(), 7);
  EXPECT_EQ(guest.backend.shared->runs, std::vector<uint32_t>({4, 3}));
  EXPECT_EQ(guest.all(Errno::context_full), Tokens({14, 12, 8}));
  Decoder one("count i64 1 1");
  EXPECT_EQ(one.prompt({1, 2, 3}), Errno::success);
  EXPECT_EQ(one.step(), Errno::success);
  EXPECT_EQ(one.token(), 6);
  EXPECT_EQ(one.backend.shared->runs, std::vector<uint32_t>({1, 1, 1}));
  Decoder coarse("count i64 1 1-9/4");
  EXPECT_EQ(coarse.prompt({1, 1, 1, 1, 1, 1, 1, 1, 1, 1}), Errno::success);
  EXPECT_EQ(coarse.step(), Errno::success);
  EXPECT_EQ(coarse.backend.shared->runs, std::vector<uint32_t>({9, 1}));
}

TEST(TokenLoop, WhatDoesNotFitSaysSo) {
  Decoder guest("count i64 1 1-4", {}, Limits{.prompt_tokens = 12});
  EXPECT_EQ(guest.prompt(Tokens(12, 1)), Errno::success);
  EXPECT_EQ(guest.step(), Errno::prompt_too_long);
  EXPECT_EQ(guest.step(), Errno::prompt_too_long);
  EXPECT_EQ(guest.backend.shared->runs, std::vector<uint32_t>({4, 4}));
  EXPECT_EQ(guest.prompt(Tokens(13, 1)), Errno::prompt_too_long);
  EXPECT_EQ(guest.prompt({1, 1}), Errno::success);
  EXPECT_EQ(guest.all(Errno::context_full), Tokens({10}));
  EXPECT_EQ(guest.token(), -1);
  EXPECT_EQ(guest.fini(), Errno::success);
  EXPECT_EQ(guest.prompt({3}), Errno::success);
  EXPECT_EQ(guest.step(), Errno::success);
}

TEST(TokenLoop, EndsAtTheTokensThatTheProgramNames) {
  Decoder guest("count i64 1 1-4", R"({"end": [12, 99]})");
  EXPECT_EQ(guest.prompt({1, 2}), Errno::success);
  EXPECT_EQ(guest.all(Errno::end_of_sequence), Tokens({3, 6}));
  EXPECT_EQ(guest.token(), -1);
  EXPECT_TRUE(guest.logged.size() == 1) << "of get_output_single alone";
  Decoder none("count i64 1 1-4", R"({"end": 3, "n-predict": -1})");
  EXPECT_EQ(none.prompt({1, 2}), Errno::success);
  EXPECT_EQ(none.step(), Errno::end_of_sequence);
  Decoder zero("count i64 1 1-4", R"({"n-predict": 0})");
  EXPECT_EQ(zero.prompt({1, 2}), Errno::success);
  EXPECT_EQ(zero.step(), Errno::end_of_sequence);
  EXPECT_TRUE(zero.backend.shared->runs.empty());
}

TEST(TokenLoop, GoesAlongWithCompute) {
  Decoder guest("count i64 1 1-4");
  EXPECT_EQ(guest.prompt({1, 2}), Errno::success);
  EXPECT_EQ(guest.step(), Errno::success);
  // Its scores are outputs like any other's; what it ran is no input for compute().
  EXPECT_EQ(guest.output(guest.handle).size(), 2U * 16 * 4);
  EXPECT_EQ(guest.compute(), Errno::invalid_argument);
  EXPECT_EQ(guest.prompt({4}), Errno::success);
  EXPECT_EQ(guest.compute(), Errno::success);
  EXPECT_EQ(guest.step(), Errno::invalid_argument);
  EXPECT_EQ(guest.prompt({1}), Errno::success);
  EXPECT_EQ(guest.step(), Errno::success);
  EXPECT_EQ(guest.token(), 1 + 2 + 4 + 1);
  EXPECT_EQ(guest.call("get_output_single", {guest.handle, 0, 0x8000, 4, 8}), Errno::too_large);
  EXPECT_EQ(guest.word(8), 8U);
  EXPECT_EQ(guest.call("get_output_single", {guest.handle, 1, 0x8000, 64, 8}), Errno::invalid_argument);
}

TEST(TokenLoop, OfGraphsThatAreUnloadedTokensCanBeRead) {
  Decoder guest("count i64 1 1-4");
  const uint32_t graph = guest.handle - 1;
  EXPECT_EQ(guest.prompt({1, 2}), Errno::success);
  EXPECT_EQ(guest.step(), Errno::success);
  EXPECT_EQ(guest.call("unload", {graph}), Errno::success);
  EXPECT_EQ(guest.token(), 3);
  EXPECT_EQ(guest.step(), Errno::invalid_argument);
  EXPECT_EQ(guest.fini(), Errno::success);
}

TEST(TokenLoop, ModelsThatHaveNone) {
  for (const char* recipe : {"identity u8 1", "bytes i64 4", "identity i64 1 4", "identity i64 1-4 4"}) {
    Guest guest;
    const uint32_t context = guest.context(guest.graph(recipe));
    EXPECT_EQ(guest.call("compute_single", {context}), Errno::unsupported_operation) << recipe;
    EXPECT_EQ(guest.call("get_output_single", {context, 0, 0x8000, 64, 8}), Errno::unsupported_operation);
    EXPECT_EQ(guest.call("get_output_single", {context, 1, 0x8000, 64, 8}), Errno::invalid_argument);
    EXPECT_EQ(guest.call("fini_single", {context}), Errno::unsupported_operation);
  }
}

TEST(TokenLoop, PortsByName) {
  Decoder guest("count i64 1 1-4", R"({"tokens": "in0", "logits": "out0"})");
  EXPECT_EQ(guest.prompt({1, 2}), Errno::success);
  EXPECT_EQ(guest.step(), Errno::success);
  EXPECT_EQ(guest.configure(R"({"tokens": "in1"})"), Errno::invalid_argument);
  EXPECT_EQ(guest.configure(R"({"logits": "in0"})"), Errno::invalid_argument);
  // Two that fit.
  guest.registry.add("two", [&] { return guest.backend.model("swap i64 1 1-4"); });
  const uint32_t name = guest.put("two"), config = guest.put(R"({"tokens": "in1"})");
  EXPECT_EQ(guest.call("load_by_name_with_config", {name, 3, config, 17, 0}), Errno::success);
  EXPECT_EQ(guest.call("compute_single", {guest.context(guest.word(0))}), Errno::unsupported_operation);
}

TEST(TokenOptions, AreOfTheirTypes) {
  const auto good = read_token_options(
      R"({"tokens": "a", "logits": "b", "end": [1, 2], "n-predict": 7, "temp": 0.5, "top-k": 3, "seed": -1, "x": {}})");
  ASSERT_TRUE(good.has_value());
  EXPECT_EQ(good->tokens + good->logits, "ab");
  EXPECT_EQ(good->end, std::vector<int64_t>({1, 2}));
  EXPECT_EQ(good->most, 7U);
  EXPECT_EQ(good->temperature, 0.5);
  EXPECT_EQ(good->top_k, 3U);
  EXPECT_EQ(good->seed, 0xffffffffU);
  EXPECT_EQ(good->ignored, std::vector<std::string>({"x"}));
  EXPECT_FALSE(read_token_options(R"({"n-predict": -1})")->most.has_value());
  for (const char* bad :
       {R"({"tokens": 1})", R"({"logits": ""})", R"({"end": "a"})", R"({"end": [1.5]})",
        R"({"n-predict": "7"})", R"({"temp": -1})", R"({"temp": "hot"})", R"({"temp": 1e9})",
        R"({"top-k": -1})", R"({"seed": 1.5})", R"({"end": 1e20})", R"({"end": 9223372036854775808})", "[]"})
    EXPECT_EQ(read_token_options(bad).error().code, Errno::invalid_argument) << bad;
}

TEST(Sampler, TheBestIsTheFirstOfTheGreatest) {
  const float nan = std::numeric_limits<float>::quiet_NaN(),
              infinity = std::numeric_limits<float>::infinity();
  Sampler best(0, 0, 0);
  const auto of = [&](std::vector<float> scores) { return best.choose(scores).value_or(99); };
  EXPECT_EQ(of({1, 3, 3, 2}), 1U);
  EXPECT_EQ(of({nan, -2, nan, -1, nan}), 3U);
  EXPECT_EQ(of({-infinity, -infinity}), 0U);
  EXPECT_EQ(of({nan, nan}), 99U);
  EXPECT_EQ(of({}), 99U);
  Sampler hot(2, 0, 1);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(*hot.choose(std::vector<float>({1, infinity, 1, infinity})), 1U);
}

TEST(Sampler, ExpIsExp) {
  for (double x = -40; x <= 0; x += 0.37) EXPECT_NEAR(exp_of(x) / std::exp(x), 1, 1e-12) << x;
  EXPECT_EQ(exp_of(0), 1);
}

TEST(Sampler, ChoosesByLikelihood) {
  const std::vector<float> scores = {0, std::log(2.0F), std::log(5.0F), -100,
                                     std::numeric_limits<float>::quiet_NaN()};
  Sampler sampler(1, 0, 42);
  std::vector<int> counts(5);
  for (int i = 0; i < 8000; ++i) ++counts[*sampler.choose(scores)];
  EXPECT_NEAR(counts[0], 1000, 120);
  EXPECT_NEAR(counts[1], 2000, 160);
  EXPECT_NEAR(counts[2], 5000, 200);
  EXPECT_EQ(counts[3] + counts[4], 0);
  Sampler two(1, 2, 42);
  std::vector<int> few(5);
  for (int i = 0; i < 700; ++i) ++few[*two.choose(scores)];
  EXPECT_EQ(few[0], 0);
  EXPECT_NEAR(few[1], 200, 60);
}

/// Whoever changes what comes changes the host in JavaScript and the suite too (tests/wasi-nn/models.py).
TEST(Sampler, TheSameEveryTime) {
  std::vector<float> scores;
  for (int i = 0; i < 64; ++i) scores.push_back(static_cast<float>((i * 37) % 64) / 8);
  Sampler sampler(0.75, 20, 7);
  std::string chosen;
  for (int i = 0; i < 12; ++i) chosen += std::to_string(*sampler.choose(scores)) + " ";
  Sampler again(0.75, 20, 7);
  std::string repeated;
  for (int i = 0; i < 12; ++i) repeated += std::to_string(*again.choose(scores)) + " ";
  EXPECT_EQ(chosen, repeated);
  EXPECT_EQ(chosen, "36 22 38 57 57 17 38 12 3 19 5 24 ");
}

}  // namespace
}  // namespace weft::nn

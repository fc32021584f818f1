// Custom operations on strings against hand results; the runtime's are tested beside them
// (tests/node/strings.test.mjs).
#include <gtest/gtest.h>

#include <cmath>

#include "graph/custom.hpp"
#include "graph/eval_support.hpp"
#include "graph/evaluators.hpp"
#include "graph/text_case.hpp"

namespace weft::graph {
namespace {

using Texts = std::vector<std::string>;

struct Outcome {
  Texts texts;  ///< of an i32 result
  std::vector<uint8_t> bytes;
  std::string problem;
};

/// The operation on one list of strings, with a result of `to` and `count` elements.
Outcome on_strings(const std::string& name, Texts arguments, const std::vector<Texts>& operands, Ints shape,
                   DType to = DType::i32) {
  Strings strings({""});
  std::vector<Tensor> x;
  for (const Texts& texts : operands) {
    Tensor& ids = x.emplace_back(Tensor{DType::i32, {static_cast<int64_t>(texts.size())}, {}});
    ids.bytes.resize(4 * texts.size());
    for (size_t i = 0; i < texts.size(); ++i) evaluators::data<int32_t>(ids)[i] = strings.id(texts[i]);
  }
  std::vector<const Tensor*> pointers;
  for (const Tensor& tensor : x) pointers.push_back(&tensor);
  auto y = evaluators::make_tensor(to, std::move(shape));
  EXPECT_TRUE(y.has_value());
  const auto done = evaluate_custom({name, std::move(arguments), to, {}}, pointers, *y, strings);
  Outcome out;
  if (!done) out.problem = to_string(done.error());
  if (done && to == DType::i32)
    for (size_t i = 0; i < y->bytes.size() / 4; ++i) {
      const std::string* text = strings.find(evaluators::data<int32_t>(*y)[i]);
      out.texts.push_back(text != nullptr ? *text : "?");
    }
  out.bytes = y->bytes;
  return out;
}

template <class T>
std::vector<T> numbers(const Outcome& result) {
  std::vector<T> out(result.bytes.size() / sizeof(T));
  if (!out.empty()) std::memcpy(out.data(), result.bytes.data(), result.bytes.size());
  return out;
}

TEST(EvalCustom, Case) {
  EXPECT_EQ(changed_case("Straße", false), std::nullopt);  // the upper case of a sharp s are two letters
  EXPECT_EQ(changed_case("ÀÉÑ Ωω ЖЁ 12 日本", false).value_or("?"), "àéñ ωω жё 12 日本");
  EXPECT_EQ(changed_case("àéñÿ ő ж ё", true).value_or("?"), "ÀÉÑŸ Ő Ж Ё");
  EXPECT_EQ(changed_case("Σ", false), std::nullopt);
  EXPECT_EQ(changed_case("\xff", false), std::nullopt);
  EXPECT_EQ(on_strings("string.case", {"upper", "en-US"}, {{"Monday", "été", ""}}, {3}).texts,
            (Texts{"MONDAY", "ÉTÉ", ""}));
  EXPECT_NE(on_strings("string.case", {"lower"}, {{"ǅ"}}, {1}).problem, "");
}

TEST(EvalCustom, Concat) {
  EXPECT_EQ(on_strings("string.concat", {}, {{"a", ""}, {"b", "é"}}, {2}).texts, (Texts{"ab", "é"}));
}

TEST(EvalCustom, Parts) {
  const Texts x = {"a,,b,", "", " a  b ", "a,b,c"};
  EXPECT_EQ(numbers<int32_t>(on_strings("string.parts", {",", "-1", "9"}, {x}, {4})),
            (std::vector<int32_t>{4, 1, 1, 3}));
  EXPECT_EQ(numbers<int32_t>(on_strings("string.parts", {"", "-1", "9"}, {x}, {4})),
            (std::vector<int32_t>{1, 0, 2, 1}));
  EXPECT_EQ(on_strings("string.parts", {",", "-1", "3"}, {x}, {4}).problem,
            "string.parts: 4 parts, where there is room for 3");
  EXPECT_EQ(on_strings("string.part", {",", "1"}, {x}, {4, 2}).texts,
            (Texts{"a", ",b,", "", "", " a  b ", "", "a", "b,c"}));
  EXPECT_EQ(on_strings("string.part", {"", "1"}, {{" a  b c ", "\tx"}}, {2, 2}).texts,
            (Texts{"a", "b c", "x", ""}));
}

TEST(EvalCustom, Numbers) {
  EXPECT_EQ(numbers<double>(
                on_strings("string.number", {}, {{" 1.5 ", "-.5e3", "INF", "-inf", "+7."}}, {5}, DType::f64)),
            (std::vector<double>{1.5, -500, HUGE_VAL, -HUGE_VAL, 7}));
  for (const char* bad : {"", "0x10", "1e", "e5", "1 2", "--1", "+-1", "nano"})
    EXPECT_NE(on_strings("string.number", {}, {{bad}}, {1}, DType::f64).problem, "") << bad;
  EXPECT_EQ(
      numbers<int64_t>(on_strings("string.integer", {}, {{"+12", " -9223372036854775808"}}, {2}, DType::i64)),
      (std::vector<int64_t>{12, INT64_MIN}));
  for (const char* bad : {"", "1.0", "9223372036854775808", "+-1"})
    EXPECT_NE(on_strings("string.integer", {}, {{bad}}, {1}, DType::i64).problem, "") << bad;
}

Texts written(const Tensor& x, const std::string& type) {
  Strings strings({""});
  Tensor y{DType::i32, x.shape, std::vector<uint8_t>(4 * static_cast<size_t>(x.shape[0]))};
  const Tensor* const operands[] = {&x};
  EXPECT_TRUE(evaluate_custom({"string.format", {type}, DType::i32, {}}, operands, y, strings).has_value());
  Texts out;
  for (int64_t i = 0; i < x.shape[0]; ++i) out.push_back(*strings.find(evaluators::data<int32_t>(y)[i]));
  return out;
}

TEST(EvalCustom, Format) {
  EXPECT_EQ(written(f32({8}, {0.1f, 1, -0.0f, 1e16f, 1.5e-5f, 123456.79f, INFINITY, NAN}), "f32"),
            (Texts{"0.1", "1.0", "-0.0", "1e+16", "1.5e-05", "123456.79", "INF", "NaN"}));
  EXPECT_EQ(written(f64({3}, {0.1, 1e15, 2.0 / 3}), "f64"),
            (Texts{"0.1", "1000000000000000.0", "0.6666666666666666"}));
  EXPECT_EQ(written(f64({1}, {static_cast<double>(0.1f)}), "f32"),
            (Texts{"0.1"}));  // held in double precision
}

TEST(EvalCustom, Rank) {
  EXPECT_EQ(numbers<int32_t>(on_strings("string.rank", {}, {{"b", "a", "é", "b", "Z"}}, {5})),
            (std::vector<int32_t>{2, 1, 3, 2, 0}));
}

TEST(EvalCustom, WhatItCannotDoIsRefused) {
  EXPECT_NE(on_strings("string.match", {"a+"}, {{"aa"}}, {1}, DType::boolean).problem.find("no regular"),
            std::string::npos);
  EXPECT_NE(on_strings("string.none", {}, {{"aa"}}, {1}).problem, "");
  EXPECT_FALSE(is_custom("string.none"));
}

}  // namespace
}  // namespace weft::graph

// What a model determines of dimensions: the solver by itself, and whole imports.
#include "frontends/onnx/constraints.hpp"
#include "frontends/onnx_support.hpp"

namespace weft::testing {
namespace {

using onnx::ExtentRange;

const std::vector<std::string> kOrder = {"x", "y", "z", "long"};
const onnx::Symbols kSymbols = {{"x", {"x", {2, 12}, 1}},
                                {"y", {"y", {1, 8}, 1}},
                                {"z", {"z", {0, 100}, 1}},
                                {"long", {"long", {1, 1 << 20}, 1}},
                                {"size", {"size", {0, 9}, 1}}};

/// "x = 3*x; x in [1, 4]", "excluded", or "none".
std::string narrowed(std::string_view condition) {
  const auto parsed = expr::parse(condition, kSymbols);
  if (!parsed) return parsed.error().message;
  const auto narrowing = onnx::narrow(*parsed, kSymbols, kOrder);
  if (!narrowing) return "none";
  if (narrowing->excluded) return "excluded";
  std::string text;
  for (const auto& [name, value] : narrowing->values)
    text += (text.empty() ? "" : ", ") + name + " = " + expr::print(value);
  for (const expr::Variable& symbol : narrowing->declared)
    text += "; " + symbol.name + " in [" + std::to_string(*symbol.range.min) + ", " +
            std::to_string(*symbol.range.max) + "]";
  return text;
}

TEST(Constraints, OfOneSymbol) {
  EXPECT_EQ(narrowed("x == 4"), "x = 4");
  EXPECT_EQ(narrowed("2*x + 3 == 9"), "x = 3");
  EXPECT_EQ(narrowed("5 <= x"), "x = x; x in [5, 12]");
  EXPECT_EQ(narrowed("x < 5"), "x = x; x in [2, 4]");
  EXPECT_EQ(narrowed("5 <= x && x < 7"), "x = x; x in [5, 6]");
  EXPECT_EQ(narrowed("x % 3 == 0"), "x = 3*x; x in [1, 4]");
  EXPECT_EQ(narrowed("4*x % 6 == 0"), "x = 3*x; x in [1, 4]");
  EXPECT_EQ(narrowed("24 % x == 0"), "x = 2*x; x in [1, 4]");  // of 2, 3, 4, 6, 8, 12
  EXPECT_EQ(narrowed("x/2*2 == x"), "x = 2*x; x in [1, 6]");
  EXPECT_EQ(narrowed("x*x == 50"), "excluded");
  EXPECT_EQ(narrowed("x*x == x*4"), "x = 4");
}

TEST(Constraints, OfManyValues) {
  EXPECT_EQ(narrowed("long == 70000"), "long = 70000");
  EXPECT_EQ(narrowed("long <= 70"), "long = long; long in [1, 70]");
  EXPECT_EQ(narrowed("1001 <= 3*long"), "long = long; long in [334, 1048576]");
  EXPECT_EQ(narrowed("6*long % 16 == 0"), "long = 8*long; long in [1, 131072]");
  EXPECT_EQ(narrowed("long*long == 49"), "none");
}

TEST(Constraints, OfSeveralSymbols) {
  EXPECT_EQ(narrowed("x == y"), "x = x, y = x; x in [2, 8]");  // the first stays
  EXPECT_EQ(narrowed("3*y == z"), "y = y, z = 3*y; y in [1, 8]");
  EXPECT_EQ(narrowed("x == y + 20"), "none");  // y = x - 20 leaves nothing: it is disproved
  EXPECT_EQ(narrowed("x + y == z"), "z = x + y");
  EXPECT_EQ(narrowed("2*x == 3*y"), "x = 3*x; x in [1, 4]");    // and then y is twice that
  EXPECT_EQ(narrowed("x*y % 4 == 0"), "x = 4*x; x in [1, 3]");  // x keeps 3 values, y would keep 2
  EXPECT_EQ(narrowed("x*y == 24"), "none");                     // more than one way
  EXPECT_EQ(narrowed("x <= y"), "none");
  EXPECT_EQ(narrowed("size == 4"), "none");  // data decides it
}

TEST(Constraints, EveryAnswerMeetsItsCondition) {
  for (const std::string condition : {"5 <= x", "x % 3 == 0", "24 % x == 0", "x == y", "3*y == z",
                                      "x + y == z", "x*y % 4 == 0", "x/2*2 == x", "min(x, 7) == x"}) {
    const expr::Expr parsed = *expr::parse(condition, kSymbols);
    auto narrowing = onnx::narrow(parsed, kSymbols, kOrder);
    ASSERT_TRUE(narrowing && !narrowing->excluded) << condition;
    const expr::Expr left = expr::substitute(parsed, narrowing->values);
    for (int64_t x = 1; x <= 12; ++x)
      for (int64_t y = 1; y <= 8; ++y) {
        bool is_inside = true;
        for (const expr::Variable& symbol : narrowing->declared) {
          const int64_t value = symbol.name == "x" ? x : y;
          is_inside &= value >= *symbol.range.min && value <= *symbol.range.max;
        }
        if (!is_inside) continue;
        EXPECT_EQ(expr::evaluate(left, {{"x", x}, {"y", y}, {"z", 0}}), 1)
            << condition << " " << x << " " << y;
      }
  }
}

/// The notes of an import, one a line, without what comes after "(else".
std::string notes_of(const OnnxModel& model, const onnx::ReadOptions& options) {
  const auto imported = import(model, options);
  if (!imported) return "error: " + imported.error().message + " @ " + imported.error().node;
  std::string text;
  for (const std::string& note : imported->notes) text += note.substr(0, note.find(" (else")) + "\n";
  return text;
}

OnnxModel convolution() {
  OnnxModel m(13);
  m.input("x", {"n", "c", "h", "w"}).initializer(floats("k", {2, 4, 3, 3}, std::vector<float>(72, 1)));
  m.node("Conv", {"x", "k"}, {"y"}, {}, "conv1").output("y");
  return m;
}

TEST(Dimensions, AWeightDeterminesChannels) {
  onnx::ReadOptions options;
  options.dims = {{"n", 1}, {"c", {2, 6, 1}}, {"h", {1, 20, 1}}, {"w", {2, 64, 2}}};
  EXPECT_EQ(
      notes_of(convolution(), options),
      "dim \"c\": 2..6 becomes 4\ndim \"h\": 1..20 becomes 3..20\ndim \"w\": 2..64:2 becomes 4..64:2\n");
  const auto imported = import(convolution(), options);
  ASSERT_TRUE(imported);
  EXPECT_EQ(graph::to_string(imported->graph.values[imported->graph.inputs[0].value].type),
            "f32[1, 4, dim.h, 2*dim.w]");
  EXPECT_TRUE(contains(imported->notes[0], "(else, node \"conv1\": Conv: "));
}

TEST(Dimensions, NothingIsSaidWhereNothingChanges) {
  onnx::ReadOptions options;
  options.dims = {{"n", {1, 9, 1}}, {"c", 4}, {"h", {3, 20, 1}}, {"w", {3, 64, 1}}};
  EXPECT_EQ(notes_of(convolution(), options), "");
}

TEST(Dimensions, NoExtentFits) {
  onnx::ReadOptions options;
  options.dims = {{"n", 1}, {"c", {5, 8, 1}}, {"h", {3, 20, 1}}, {"w", {3, 64, 1}}};
  const std::string error = error_of(convolution(), options);
  EXPECT_TRUE(contains(error, "the input has dim.c channels, the weight 4")) << error;
  EXPECT_TRUE(contains(error, "dim \"c\" is in 5..8")) << error;
  EXPECT_TRUE(contains(error, " @ conv1")) << error;
}

TEST(Dimensions, NodesThatContradictEachOther) {
  OnnxModel m(13);
  m.input("x", {"a", "b"});
  m.initializer(floats("three", {3}, {1, 2, 3})).initializer(floats("five", {5}, {1, 2, 3, 4, 5}));
  m.node("Add", {"x", "three"}, {"y"}, {}, "first").node("Add", {"x", "five"}, {"z"}, {}, "second");
  m.output("y").output("z");
  onnx::ReadOptions options;
  options.dims = {{"a", {1, 4, 1}}, {"b", {2, 9, 1}}};
  const std::string error = error_of(m, options);
  EXPECT_TRUE(contains(error, "@ second")) << error;
  EXPECT_TRUE(contains(error, "dim \"b\" is in 2..9, of which 3 is left (else, node \"first\": Add: "))
      << error;
}

TEST(Dimensions, TwoThatAreEqualAreOne) {
  OnnxModel m(13);
  m.input("a", {"n", 3}).input("b", {"m", 3}).node("Add", {"a", "b"}, {"y"}, {}, "sum").output("y");
  onnx::ReadOptions options;
  options.dims = {{"n", {2, 6, 1}}, {"m", {4, 9, 1}}};
  EXPECT_EQ(notes_of(m, options), "dim \"n\": 2..6 becomes 4..6\ndim \"m\": 4..9 becomes dim \"n\"\n");
}

TEST(Dimensions, AxesOfInputsGivenByShape) {
  OnnxModel m(13);
  m.input("x", {"n", "h"}).initializer(int64s("shape", {3}, {0, 3, -1}));
  m.node("Reshape", {"x", "shape"}, {"y"}, {}, "heads").output("y");
  onnx::ReadOptions options;
  options.shapes = {{"x", {ExtentRange(2), ExtentRange(2, 64, 2)}}};
  EXPECT_EQ(notes_of(m, options), "axis 1 of input \"x\": 2..64:2 becomes 6..60:6\n");
}

TEST(Dimensions, PartsOfASplit) {
  OnnxModel m(13);
  m.input("x", {"n"}).initializer(int64s("parts", {2}, {2, 5}));
  m.node("Split", {"x", "parts"}, {"a", "b"}, {}, "split").output("a").output("b");
  onnx::ReadOptions options;
  options.dims = {{"n", {1, 9, 1}}};
  EXPECT_EQ(notes_of(m, options), "dim \"n\": 1..9 becomes 7\n");
  OnnxModel even(13);
  even.input("x", {"n"}).node("Split", {"x"}, {"a", "b", "c"}, {}, "split").output("a").output("c");
  EXPECT_EQ(notes_of(even, options), "dim \"n\": 1..9 becomes 3..9:3\n");
  OnnxModel uneven(18);
  uneven.input("x", {"n"}).node("Split", {"x"}, {"a", "b", "c"}, {attr("num_outputs", 3)}, "split");
  uneven.output("a").output("c");
  EXPECT_EQ(notes_of(uneven, options), "");
}

}  // namespace
}  // namespace weft::testing

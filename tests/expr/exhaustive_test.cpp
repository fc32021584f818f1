#include "expr/exhaustive.hpp"

#include <gtest/gtest.h>

namespace weft::expr {
namespace {

const std::map<std::string, Variable, std::less<>> kScope = {{"a", {"a", {0, 2}, 1}},
                                                             {"b", {"b", {3, 9}, 1}},
                                                             {"m", {"m", {0, 40}, 8}},
                                                             {"open", {"open", {0, {}}, 1}}};

std::optional<Interval> found(std::string_view text, int64_t most = 1000) {
  return exhaustive_bounds(*parse(text, kScope), most);
}

TEST(Exhaustive, IsExactWhereBoundsAreLoose) {
  EXPECT_EQ(found("a*b - b"), (Interval{-9, 9}));
  EXPECT_EQ(found("b - b % 4"), (Interval{0, 8}));
  EXPECT_EQ(found("7"), (Interval{7, 7}));
  EXPECT_EQ(found("m % 3"), (Interval{0, 2}));  // of 0, 8, 16, 24, 32, 40
  EXPECT_EQ(found("select(4 <= b, b, 3) == b"), (Interval{1, 1}));
}

TEST(Exhaustive, SaysNothing) {
  EXPECT_EQ(found("open"), std::nullopt);
  EXPECT_EQ(found("a*b", 20), std::nullopt);  // 21 combinations
  EXPECT_EQ(found("a*b", 21), (Interval{0, 18}));
  const Expr quotient = floor_div(variable("b", {3, 9}), variable("a", {0, 2}));
  EXPECT_FALSE(is_total(quotient));
  EXPECT_EQ(exhaustive_bounds(quotient, 1000), std::nullopt);
  EXPECT_TRUE(is_total(*parse("a/b", kScope)));
}

}  // namespace
}  // namespace weft::expr

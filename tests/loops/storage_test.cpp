// Storages: element indices against the definition, for every index.
#include <gtest/gtest.h>

#include <set>

#include "loops/stage.hpp"
#include "loops/storage.hpp"

namespace weft::loops {
namespace {

TEST(Storage, DenseIsRowMajorInItsOrder) {
  const Storage nhwc = dense_storage(DType::f32, {1, 3, 4, 5}, {0, 2, 3, 1});
  EXPECT_EQ(element_index(nhwc, {0, 2, 3, 4}), Expr(3 * 15 + 4 * 3 + 2));
  EXPECT_EQ(nhwc.elements, Expr(60));
  EXPECT_FALSE(has_halo(nhwc));
}

TEST(Storage, HaloShiftsAndPads) {
  const Storage s = dense_storage(DType::f32, {4, 5}, {0, 1}, {1, 2}, {1, 0});
  EXPECT_EQ(s.elements, Expr(6 * 7));
  EXPECT_EQ(element_index(s, {0, 0}), Expr(7 + 2));
  EXPECT_EQ(element_index(s, {-1, -2}), Expr(0));
  EXPECT_TRUE(has_halo(s));
  EXPECT_EQ(print(s), "f32[42] at 0, axis 0: 6 by 7, axis 1: 7 by 1, halo 0: 1 + 1, halo 1: 2 + 0");
}

TEST(Storage, BlockedPadsToWholeBlocks) {
  const Storage s = blocked_storage(DType::f32, {3, 13}, {0, 1}, 1, 8);
  EXPECT_EQ(s.elements, Expr(3 * 2 * 8));
  std::set<int64_t> seen;
  for (int64_t i = 0; i < 3; ++i) {
    for (int64_t j = 0; j < 13; ++j) {
      const auto index = element_index(s, {i, j}).as_constant();
      ASSERT_TRUE(index);
      EXPECT_EQ(*index, i * 16 + j / 8 * 8 + j % 8);
      EXPECT_TRUE(seen.insert(*index).second);
    }
  }
  const Expr j = expr::variable("j", {0, 1}), k = expr::variable("k", {0, 7});
  EXPECT_EQ(element_index(s, {0, Expr(8) * j + k}), Expr(8) * j + k);  // linear where the axis is split alike
}

TEST(Stage, Prints) {
  Stage stage;
  stage.name = "sum";
  stage.spatial = {{"i", 4}};
  stage.reduction = {{"k", 8}};
  stage.tensors = {{"x", DType::f32, {4, 8}}, {"y", DType::f32, {4}}};
  const Type f32{DType::f32, 1};
  const Value x = access(DType::f32, 0, {axis_variable(stage.spatial[0]), axis_variable(stage.reduction[0])});
  stage.fold = {{"s", f32, constant(f32, 0.0), binary(ValueOp::add, local(f32, "s"), x)}};
  stage.result = local(f32, "s");
  stage.output_indices = {axis_variable(stage.spatial[0])};
  EXPECT_EQ(print(stage),
            "stage \"sum\" {\n  tensor x: f32[4, 8]\n  tensor y: f32[4]\n  spatial i in 0..4\n  reduction k "
            "in 0..8\n"
            "  fold f32 s = constant f32 0\n    update add(local f32 s, access f32 x[i, k])\n  y[i] = local "
            "f32 s\n}\n");
}

}  // namespace
}  // namespace weft::loops

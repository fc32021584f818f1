// Whatever legal steps a schedule has, and whatever storages its tensors, the kernel computes the same; and
// so do the default rules of every machine. The cases come from seeds (tests/support/stage_case.hpp,
// program_case.hpp); tests/node/schedules.test.mjs runs more of them in the engine.
#include <gtest/gtest.h>

#include "support/program_case.hpp"
#include "support/stage_case.hpp"

namespace weft::schedule {
namespace {

using weft::testing::ProgramCase;
using weft::testing::StageCase;

TEST(RandomSchedules, ComputeTheSame) {
  constexpr uint64_t kSeeds = 600;
  uint64_t proved = 0;
  for (uint64_t seed = 0; seed < kSeeds && !HasFailure(); ++seed) {
    StageCase c(seed);
    const std::string wrong = c.check();
    EXPECT_EQ(wrong, "") << "seed " << seed << ": " << c.describe();
    proved += c.proved() ? 1 : 0;
  }
  EXPECT_GE(proved, kSeeds * 99 / 100);
}

TEST(DefaultRules, ComputeTheSame) {
  for (uint64_t seed = 0; seed < 5 * weft::testing::SmallGraphs::kKinds && !HasFailure(); ++seed)
    for (const wasm::WasmVariant& variant : wasm::kVariants) {
      ProgramCase c(seed, variant.features);
      EXPECT_EQ(c.check(), "") << "seed " << seed << ", " << variant.name << ", " << c.kind();
      EXPECT_TRUE(c.proved()) << "seed " << seed;
    }
}

}  // namespace
}  // namespace weft::schedule

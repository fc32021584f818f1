// Random legal schedules: steps are drawn and kept when apply() would take them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "schedule/nest.hpp"
#include "schedule/padding.hpp"
#include "support/random_tensor.hpp"

namespace weft::schedule {

class RandomSchedule {
 public:
  RandomSchedule(const loops::Stage& stage, const std::vector<loops::Storage>& storages, uint64_t seed)
      : stage_(stage), storages_(storages), random_(seed ^ 0x5c4ed) {}

  Schedule make() {
    if (nest().loops.empty()) return {};  // one element
    const int64_t steps = random_.below(9);
    for (int64_t i = 0; i < steps; ++i) try_step(shaping());
    if (random_.chance(60)) write_out_tile();
    const int64_t marks = random_.below(4);
    for (int64_t i = 0; i < marks; ++i) try_step(marking());
    return std::move(schedule_);
  }

 private:
  /// Copies of the body that unrolling and vectorizing may write.
  static constexpr int64_t kMostCopies = 32;

  Nest nest() const { return *build_nest(stage_, schedule_); }
  std::string any_axis() {
    const Nest built = nest();
    return built.loops[static_cast<size_t>(random_.below(static_cast<int64_t>(built.loops.size())))].axis;
  }

  void try_step(Step step) {
    schedule_.steps.push_back(std::move(step));
    const auto built = build_nest(stage_, schedule_);
    if (!built || too_much(*built) || !check_padding(stage_, *built, storages_)) schedule_.steps.pop_back();
  }

  static bool too_much(const Nest& nest) {
    int64_t copies = 1;
    for (const NestLoop& loop : nest.loops)
      if (loop.kind == loops::ForKind::unrolled || loop.kind == loops::ForKind::vectorized)
        copies *= *constant_extent(nest, loop.axis);
    return copies > kMostCopies;
  }

  /// As the default rules do: accumulators stay in registers when the loops over them are written out.
  void write_out_tile() {
    const Nest built = nest();
    bool inside = false;
    std::vector<std::string> tile;
    for (const NestLoop& loop : built.loops) {
      const bool reduction = built.is_reduction.at(loop.axis);
      if (inside && !reduction) tile.push_back(loop.axis);
      inside = inside || reduction;
    }
    for (size_t i = 0; i < tile.size(); ++i)
      try_step(i + 1 == tile.size() && random_.chance(80) ? vectorize(tile[i]) : unroll(tile[i]));
  }

  Step shaping() {
    const int64_t kind = random_.below(10);
    const std::string axis = any_axis();
    if (kind < 6) {
      constexpr Tail kTails[] = {Tail::exact, Tail::peel, Tail::guard, Tail::overlap, Tail::pad};
      constexpr int64_t kFactors[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 16};
      const int64_t factor = kFactors[random_.below(std::size(kFactors))];
      return split(axis, factor, kTails[random_.below(5)]);
    }
    if (kind < 8) return fuse(axis, any_axis(), "f" + std::to_string(names_++));
    std::vector<std::string> order;
    for (const NestLoop& loop : nest().loops) order.push_back(loop.axis);
    for (size_t i = order.size(); i > 1; --i)
      std::swap(order[i - 1], order[static_cast<size_t>(random_.below(static_cast<int64_t>(i)))]);
    return reorder(order);
  }

  Step marking() {
    const int64_t kind = random_.below(3);
    if (kind == 0) return blocks(nest().loops[0].axis);
    const std::string axis = any_axis();
    return kind == 1 ? unroll(axis) : vectorize(axis);
  }

  const loops::Stage& stage_;
  const std::vector<loops::Storage>& storages_;
  weft::testing::Random random_;
  Schedule schedule_;
  int names_ = 0;
};

}  // namespace weft::schedule

// Schedule: every performance decision about one stage, as data. Applying it (schedule/apply.hpp) makes the
// kernel.
//
// Text form, one step a line or separated by ';' (print and parse are inverse):
//   split oc by 8 peel into oc.o oc.i
//   fuse oh ow into m
//   reorder oc.o m.o ky kx ic m.i oc.i
//   unroll m.i
//   vectorize oc.i
//   blocks oc.o
//   threads m.i
//   stage x at k.o
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace weft::schedule {

/// What happens where a split's factor does not divide the extent.
enum class Tail : uint8_t {
  exact,    ///< it divides: a compiler bug otherwise
  peel,     ///< the last, smaller tile is code of its own
  guard,    ///< full tiles; every point tests whether it exists
  overlap,  ///< the last tile is moved back and does some points twice (extent >= factor, stores are
            ///< idempotent)
  pad,      ///< full tiles; the tensors' storages hold the surplus points
};

enum class StepKind : uint8_t {
  split,      ///< axes[0] -> results {outer, inner}: axis = outer * factor + inner
  fuse,       ///< axes {a, b} -> results {m}: a = m / extent(b), b = m % extent(b)
  reorder,    ///< the nest, outermost first; names every axis
  unroll,     ///< axes[0] is written out
  vectorize,  ///< axes[0] runs across lanes
  blocks,     ///< axes[0], the outermost, is handed out block by block
  threads,    ///< axes[0] runs on the invocations of a workgroup (threads.cpp)
  stage,      ///< at the top of axes[0], what the loops inside read of `tensor` is copied into workgroup
              ///< memory (stage_tile.cpp)
};

struct Step {
  StepKind kind = StepKind::split;
  std::vector<std::string> axes{};
  std::vector<std::string> results{};
  int64_t factor = 1;
  Tail tail = Tail::peel;
  std::string tensor{};
  friend bool operator==(const Step&, const Step&) = default;
};

struct Schedule {
  std::vector<Step> steps;
  friend bool operator==(const Schedule&, const Schedule&) = default;
};

// Build
Step split(std::string axis, int64_t factor, Tail tail);  ///< results are axis.o and axis.i
Step fuse(std::string a, std::string b, std::string result);
Step reorder(std::vector<std::string> axes);
Step unroll(std::string axis);
Step vectorize(std::string axis);
Step blocks(std::string axis);
Step threads(std::string axis);
Step stage(std::string tensor, std::string axis);

std::string print(const Schedule& schedule);
Result<Schedule> parse(std::string_view text);

}  // namespace weft::schedule

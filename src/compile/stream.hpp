// How the weights of a program come to memory.
#pragma once

#include <vector>

#include "compile/build_program.hpp"
#include "graph/graph.hpp"

namespace weft::compile {

/// Parts of weights are at most this large: packing then finds them in the cache.
inline constexpr uint64_t kLargestWindow = 2 << 20;
/// Parts are not cut smaller than this for a small arena.
inline constexpr uint64_t kSmallestWindow = 256 << 10;

/// The graph's constants in the order in which the groups of a fused graph use them, through what `prepare`
/// computes of them; what one group uses, from the smallest to the largest. It does not depend on the
/// variant.
std::vector<graph::ValueId> constant_order(const graph::Graph& g);

/// Lets the weights come in that order while `prepare` runs, in parts that fit the arena of `run`.
void stream(BuiltProgram& built, const graph::Graph& g, Optimize optimize);

/// Of all weights, the bytes that `run` reads as they are.
uint64_t resident_bytes(const plan::Program& program);

}  // namespace weft::compile

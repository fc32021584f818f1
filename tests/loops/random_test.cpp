// Properties of random kernels: they verify, print and parse are inverse, rewriting does not change a bit of
// the results.
#include <gtest/gtest.h>

#include "loops/loops.hpp"
#include "loops/unroll.hpp"
#include "loops/vectorize.hpp"
#include "support/random_kernel.hpp"

namespace weft::loops {
namespace {

constexpr uint64_t kSeeds = 400;

Kernel kernel_of(uint64_t seed) { return RandomKernel(seed).make(); }

std::vector<Memory> run(const Kernel& kernel, uint64_t seed) {
  std::vector<Memory> memories = random_memories(kernel, seed);
  const std::map<std::string, int64_t, std::less<>> symbols{{"n", static_cast<int64_t>(1 + seed % 7)}};
  const int64_t count = expr::evaluate(block_count(kernel), symbols);
  evaluate(kernel, memories, symbols, 0, count);
  return memories;
}

void expect_same(const Kernel& original, const Kernel& rewritten, uint64_t seed) {
  const auto verified = verify(rewritten);
  ASSERT_TRUE(verified) << verified.error().message << "\n" << print(original) << print(rewritten);
  const std::vector<Memory> a = run(original, seed), b = run(rewritten, seed);
  for (size_t i = 0; i < a.size(); ++i) {
    const BufferSpace space = original.buffers[i].space;
    if (space == BufferSpace::scratch || space == BufferSpace::registers) continue;
    ASSERT_EQ(a[i].bytes, b[i].bytes) << "buffer " << original.buffers[i].name << ", seed " << seed << "\n"
                                      << print(original) << print(rewritten);
  }
}

using Mutation = std::function<Statement(const Kernel&, const Store&)>;

// The block with its first store replaced, wherever it is nested.
bool mutate(Block& block, const Kernel& kernel, const Mutation& mutation) {
  for (Statement& s : block) {
    if (const Store* store = std::get_if<Store>(&s.node)) {
      s = mutation(kernel, *store);
      return true;
    }
    const For* loop = std::get_if<For>(&s.node);
    if (!loop || loop->extent.as_constant() == 0) continue;
    Block body = *loop->body;
    if (!mutate(body, kernel, mutation)) continue;
    s = make_for(loop->variable, loop->extent, loop->kind, std::move(body));
    return true;
  }
  return false;
}

size_t count_of(const std::string& text, const std::string& what) {
  size_t count = 0;
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

TEST(RandomKernels, Verify) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    const Kernel kernel = kernel_of(seed);
    const auto verified = verify(kernel);
    ASSERT_TRUE(verified) << verified.error().message << "\n" << print(kernel);
  }
}

TEST(RandomKernels, MutationsAreRejected) {
  const std::vector<std::pair<std::string, Mutation>> mutations{
      {"is not proved to lie before the end",
       [](const Kernel& k, const Store& s) {
         return make_store(s.buffer, s.index + k.buffers[s.buffer].elements, s.value);
       }},
      {"is not proved to lie after the start",
       [](const Kernel& k, const Store& s) {
         return make_store(s.buffer, s.index - k.buffers[s.buffer].elements, s.value);
       }},
      {"a store of u8",
       [](const Kernel&, const Store& s) { return make_store(s.buffer, s.index, cast(DType::u8, s.value)); }},
      {"the local nowhere is not bound",
       [](const Kernel&, const Store& s) {
         return make_store(s.buffer, s.index, local(s.value->type, "nowhere"));
       }},
      {"the index variable nowhere is not bound",
       [](const Kernel&, const Store& s) {
         return make_store(s.buffer, expr::variable("nowhere", {0, 1}), s.value);
       }},
      {"a store to no buffer",
       [](const Kernel&, const Store& s) { return make_store(99, s.index, s.value); }},
      {"a store to the read-only buffer f",
       [](const Kernel&, const Store& s) { return make_store(0, s.index, s.value); }},
      {"a loop over blocks is not the outermost",
       [](const Kernel&, const Store& s) {
         return make_if(expr::less(expr::variable("n", {1, 7}), 3),
                        {make_for("q", 2, ForKind::blocks, {{s}})});
       }},
  };
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    for (const auto& [message, mutation] : mutations) {
      Kernel kernel = kernel_of(seed);
      if (!mutate(kernel.body, kernel, mutation)) continue;
      const auto verified = verify(kernel);
      ASSERT_FALSE(verified) << message << "\n" << print(kernel);
      EXPECT_NE(verified.error().message.find(message), std::string::npos) << verified.error().message << "\n"
                                                                           << message;
    }
  }
}

TEST(RandomKernels, PrintAndParseAreInverse) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    const Kernel kernel = kernel_of(seed);
    const std::string text = print(kernel);
    const auto parsed = parse(text);
    ASSERT_TRUE(parsed) << parsed.error().message << "\n" << text;
    ASSERT_EQ(print(*parsed), text);
    ASSERT_TRUE(verify(*parsed));
    expect_same(kernel, *parsed, seed);
    if (HasFatalFailure()) return;
  }
}

TEST(RandomKernels, UnrollKeepsTheMeaning) {
  size_t before = 0, after = 0;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    const Kernel kernel = kernel_of(seed), unrolled = unroll(kernel);
    expect_same(kernel, unrolled, seed);
    if (HasFatalFailure()) return;
    before += count_of(print(kernel), " unrolled {");
    after += count_of(print(unrolled), " unrolled {");
  }
  EXPECT_GT(before, 2 * after);  // those of extent n stay
}

TEST(RandomKernels, VectorizeKeepsTheMeaning) {
  size_t vectors = 0;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    const Kernel kernel = kernel_of(seed), unrolled = unroll(kernel);
    for (const uint32_t bytes : {0u, 16u, 32u}) {
      const Kernel vectorized = vectorize(unrolled, {bytes});
      expect_same(kernel, vectorized, seed);
      if (HasFatalFailure()) return;
      ASSERT_EQ(count_of(print(vectorized), " vectorized {"), 0u);
      if (bytes == 32) vectors += count_of(print(vectorized), "32x8 ");
    }
    expect_same(kernel, vectorize(kernel, {}), seed);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(vectors, 200u);
}

TEST(RandomKernels, ParserSurvivesMutations) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    std::string text = print(kernel_of(seed));
    RandomKernel random(seed + 1000);
    for (int64_t i = 0, n = 1 + random.below(4); i < n; ++i) {
      const size_t at = static_cast<size_t>(random.below(static_cast<int64_t>(text.size())));
      if (random.chance(40)) text[at] = static_cast<char>(random.below(128));
      else if (random.chance(50)) text.erase(at, static_cast<size_t>(random.below(12)));
      else
        text.insert(at, text.substr(static_cast<size_t>(random.below(static_cast<int64_t>(text.size()))), 9));
    }
    const auto parsed = parse(text);
    if (!parsed) {
      EXPECT_TRUE(parsed.error().message.starts_with("line ")) << parsed.error().message;
      continue;
    }
    const std::string again = print(*parsed);
    const auto twice = parse(again);
    ASSERT_TRUE(twice) << twice.error().message << "\n" << again;
    EXPECT_EQ(print(*twice), again);
    (void)verify(*parsed);
  }
}

}  // namespace
}  // namespace weft::loops

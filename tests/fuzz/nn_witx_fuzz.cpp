// Any sequence of calls to wasi_ephemeral_nn, with any arguments, over any memory: no access outside of it
// (AddressSanitizer looks), no code but those of the table, one line in the log for each failure, nothing
// kept beyond the limits or after the host.

// seeds by: tests/fuzz/nn_witx_seeds.py

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <vector>

#include "nn/witx.hpp"
#include "support/nn_backend.hpp"

namespace {

using namespace weft::nn;

void require(bool holds) {
  if (!holds) std::abort();
}

/// The input: sizes and integers from its front, zeros when it has ended.
class Input {
 public:
  Input(const uint8_t* data, size_t size) : rest_(data, size) {}
  bool ended() const { return rest_.empty(); }
  uint32_t integer(uint32_t bytes) {
    uint32_t value = 0;
    for (uint32_t i = 0; i < bytes && !rest_.empty(); ++i, rest_ = rest_.subspan(1))
      value |= uint32_t{rest_[0]} << (8 * i);
    return value;
  }
  std::span<const uint8_t> bytes(size_t count) {
    const auto taken = rest_.first(std::min(count, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }

 private:
  std::span<const uint8_t> rest_;
};

/// A guest's memory of exactly its size, so that AddressSanitizer sees the end. What is kept of it is found
/// when it moves.
class Memory {
 public:
  void resize(size_t size) {
    auto moved = std::make_unique<uint8_t[]>(size);
    std::copy_n(bytes_.get(), std::min(size, size_), moved.get());
    bytes_ = std::move(moved);
    size_ = size;
  }
  std::span<uint8_t> bytes() const { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<uint8_t[]> bytes_;
  size_t size_ = 0;
};

constexpr Limits kLimits{.graphs = 4,
                         .contexts = 6,
                         .bytes = 5000,
                         .parts = 8,
                         .name_bytes = 16,
                         .config_bytes = 256,
                         .prompt_tokens = 12};

/// An argument: any word, a small one, an address near the memory's end, or a word of the memory (a handle
/// that was written there).
uint32_t argument(Input& input, std::span<const uint8_t> memory) {
  switch (input.integer(1) % 4) {
    case 0: return input.integer(1);
    case 1: return input.integer(2);
    case 2: {
      const uint32_t at = input.integer(2);
      return at + 4 <= memory.size() ? memory[at] | uint32_t{memory[at + 1]} << 8 : 0;
    }
    default: return input.integer(4);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  FakeBackend backend;
  {
    Registry registry;
    registry.add("m", [&] { return backend.model("bytes u8 1-8"); });
    registry.add("t", [&] { return backend.model("count i32 1 1-4"); });
    registry.add("bad", [&] { return backend.model("refused"); });
    size_t lines = 0;
    Host host(backend, registry, kLimits, [&](std::string_view line) {
      require(!line.empty() && line.find('\n') == std::string_view::npos);
      ++lines;
    });
    Memory memory;
    memory.resize(input.integer(2) % 4097);
    std::ranges::copy(input.bytes(memory.bytes().size()), memory.bytes().begin());
    while (!input.ended()) {
      const uint32_t operation = input.integer(1);
      const auto rows = functions();
      if (operation % 16 < rows.size()) {
        const Function& row = rows[operation % 16];
        std::vector<uint32_t> arguments;
        for (uint32_t i = 0; i < row.parameters; ++i) arguments.push_back(argument(input, memory.bytes()));
        const size_t before = lines;
        const Errno code = host.call(operation % 16, arguments, memory.bytes());
        require(code <= Errno::prompt_too_long && code != Errno::busy);
        const bool fails = code != Errno::success && code != Errno::end_of_sequence;
        require(lines <= before + 2 && (!fails || lines > before));
      } else if (operation % 16 == 12) {
        memory.resize(input.integer(2) % 4097);
      } else {
        const uint32_t at = input.integer(2);
        const auto text = input.bytes(input.integer(1) % 64);
        const auto bytes = memory.bytes();
        if (at <= bytes.size())
          std::ranges::copy(text.first(std::min(text.size(), bytes.size() - at)), bytes.begin() + at);
      }
      require(backend.counts().instances <= 6);
      require(backend.counts().models <= 7);  // four graphs, and the registry's three
    }
  }
  require(backend.counts().instances == 0);
  require(backend.counts().models == 0);
  return 0;
}
